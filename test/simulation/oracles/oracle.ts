/** What every oracle gets to see. An oracle knows items, calls of AWS, and answers, and nothing of who did what in the schedule. */
import type { Rules } from '@stint/core/config/shape'
import type { Dynamo, Item, Write } from '../dynamo.ts'
import type { PolicyPut } from '../iam.ts'
import type { Answer, Json, VendCall } from '../schedule.ts'
import type { MadeSession, Sts } from '../sts.ts'

export type { Answer, Item, Json, MadeSession, PolicyPut, VendCall, Write }

export type ApiCall = {
  readonly id: string
  readonly started: number
  readonly subject: string
  readonly method: string
  readonly path: string
  readonly key: string | undefined
  /** The SHA-256 of its body. */
  readonly fingerprint: string
  /** Its header If-Match: the version that its caller has read. */
  readonly ifMatch: string | undefined
}

export type OracleContext = {
  readonly now: () => number
  /** How far two machines' clocks can be apart. */
  readonly skewMs: number
  /** How long an index can take to learn of a write. */
  readonly indexLagMs: number
  readonly releases: readonly Rules[]
  readonly dynamo: Dynamo
  readonly sts: Sts
  readonly fault: (oracle: string, what: string) => void
  readonly reach: (what: string) => void
  /** DynamoDB may delete items by their TTL, and a restore may bring older ones. */
  readonly isLeaving: () => boolean
  /** Whether `stint audit restore` wrote this: only then is an item replaced as a whole. What it may hold is judged in ./restore.ts. */
  readonly isRestoring: (write: Write) => boolean
}

export type Oracle = {
  readonly onWrite?: (write: Write) => void
  readonly onAssume?: (session: MadeSession) => void
  /** A session of a role that writes the policy of another role. */
  readonly onRevoker?: (session: MadeSession) => void
  readonly onPolicyPut?: (put: PolicyPut) => void
  readonly onPolicyRead?: (roleArn: string, document: string) => void
  /** A caller is about to say that the credentials of a session that ends may work until they expire. */
  readonly onKept?: (session: string) => void
  /** A call of this person is about to demand that every earlier session of a role is denied. */
  readonly onEarlierWanted?: (call: string, subject: string) => void
  readonly onVended?: (call: VendCall, answer: Answer) => void
  readonly onAnswered?: (call: ApiCall, answer: Answer) => void
  readonly onObject?: (bucket: string, path: string, before: Uint8Array | undefined, after: Uint8Array | undefined) => void
  readonly onLine?: (text: string) => void
  readonly onFrozen?: (scope: string, until: number) => void
  readonly onReleaseBegun?: (scope: string, by: string) => void
  /** A call sent a message to the queue of ends. */
  readonly onMessage?: (call: string) => void
  /** A sweep that began at this time has succeeded. */
  readonly onSwept?: (started: number) => void
  readonly onRestored?: (at: number) => void
  /** `stint audit restore` found nothing more to restore. */
  readonly onAuditRestored?: () => void
  readonly onErased?: (request: string) => void
  /** Nothing fails any more, the sweeper has run, and the queue of ends is empty. Credentials still work. */
  readonly whenEndsAreCarriedOut?: () => void
  /** Nothing fails any more, and the background jobs have run. */
  readonly whenHealed?: () => void
  readonly whenErased?: () => void
  readonly atTheEnd?: () => Promise<void> | void
}

// ── Reading items ────────────────────────────────────────────────────────────────────────────────────────────────────

export type StoredSession = { readonly suffix: string; readonly state: string; readonly fields: Item }

export const stringOf = (value: Item[string] | undefined): string | undefined => value?.S
export const numberOf = (value: Item[string] | undefined): number | undefined => (value?.N === undefined ? undefined : Number(value.N))

export const sessionsIn = (item: Item | undefined): readonly StoredSession[] =>
  Object.entries(item ?? {}).flatMap(([name, value]) =>
    name.startsWith('ses.') && value.M ? [{ suffix: name.slice(4), state: value.M.state?.S ?? '', fields: value.M }] : [],
  )

/** The session of an ID `REQUEST.SUFFIX`. */
export function storedSession(dynamo: Dynamo, id: string): StoredSession | undefined {
  const [request, suffix] = id.split('.')
  return sessionsIn(dynamo.item('stint', `REQ#${request}`)).find((one) => one.suffix === suffix)
}

/** What AWS made first for a session: the credentials that it was issued with. */
export function firstMade({ dynamo, sts }: Pick<OracleContext, 'dynamo' | 'sts'>, session: string): MadeSession | undefined {
  const first = stringOf(storedSession(dynamo, session)?.fields.issued?.M?.accessKeyId)
  return sts.made.find(({ accessKeyId }) => accessKeyId === first)
}

/** The events of a journal; undefined where only the commitment is left. */
export const eventsIn = (item: Item | undefined): readonly (Json | undefined)[] =>
  (item?.events?.L ?? []).map((entry) => (entry.M?.event?.S === undefined ? undefined : JSON.parse(entry.M.event.S)))

/** The entries that this write added. */
export const freshEvents = ({ before, after }: Write): readonly Json[] =>
  (after?.events?.L ?? [])
    .slice(before?.events?.L?.length ?? 0)
    .flatMap((entry) => (entry.M?.event?.S === undefined ? [] : [JSON.parse(entry.M.event.S)]))

export const isRequest = ({ table, id }: Write): boolean => table === 'stint' && id.startsWith('REQ#')

/** The credentials in an answer of the vend path, in any of its formats. */
export function credentialsIn({
  status,
  json,
}: Answer): { readonly accessKeyId: string; readonly session: string | undefined } | undefined {
  if (status >= 300) return undefined
  const accessKeyId = json.credentials?.accessKeyId ?? json.AccessKeyId
  return accessKeyId === undefined ? undefined : { accessKeyId, session: json.id }
}
