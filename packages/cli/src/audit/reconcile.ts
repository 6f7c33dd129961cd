/**
 * Reconciles CloudTrail with the audit log: finds AssumeRole calls that bypassed Stint and sessions that AWS never saw, and sums up
 * what each session did. The role session name, the source identity and the access key ID connect the two (AWS CloudTrail User
 * Guide, "CloudTrail userIdentity element").
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { ReadEvent } from '@stint/core/audit/schema'
import { type Instant, parseIso } from '@stint/core/instant'
import { isObject, parseKeepingDigits } from '@stint/core/json'
import { shownLine } from '../output.ts'
import { Unreachable } from './sources.ts'

/** The parts of a CloudTrail record that are used. */
export type TrailRecord = {
  readonly eventID?: string
  readonly sharedEventID?: string
  readonly eventTime: string
  readonly eventSource: string
  readonly eventName: string
  readonly errorCode?: string
  readonly readOnly?: boolean
  readonly recipientAccountId?: string
  readonly userIdentity?: {
    readonly type?: string
    readonly arn?: string
    readonly principalId?: string
    readonly accountId?: string
    readonly accessKeyId?: string
  }
  readonly requestParameters?: { readonly roleArn?: string; readonly roleSessionName?: string; readonly sourceIdentity?: string } | null
  readonly responseElements?: { readonly credentials?: { readonly accessKeyId?: string }; readonly sourceIdentity?: string } | null
}

const unzip = promisify(gunzip)
/** The limit when unpacked. CloudTrail's files have a few MB, so a larger one is not from CloudTrail. */
const MAX_FILE_BYTES = 256 * 1024 * 1024

/** Every record has these (AWS CloudTrail User Guide, "CloudTrail record contents"). Without them nothing can be said about it. */
const isRecord = (record: unknown): boolean =>
  isObject(record) &&
  ['eventTime', 'eventSource', 'eventName'].every((name) => typeof record[name] === 'string' && record[name] !== '') &&
  parseIso(String(record.eventTime)) !== undefined

/** Yields the records of all files below these folders, file by file. */
export async function* readTrail(folders: readonly string[]): AsyncGenerator<TrailRecord> {
  for (const folder of folders) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    for (const entry of entries.filter(
      (one) => one.isFile() && /\.json(\.gz)?$/.test(one.name) && !/CloudTrail-Digest/.test(one.parentPath),
    )) {
      const file = join(entry.parentPath, entry.name)
      const bytes = await readFile(file)
      let records: unknown
      try {
        const text = (file.endsWith('.gz') ? await unzip(bytes, { maxOutputLength: MAX_FILE_BYTES }) : bytes).toString('utf8')
        // Records repeat what callers sent to AWS, so they can contain integers that do not fit a double.
        records = (parseKeepingDigits(text) as { Records?: unknown } | null)?.Records
      } catch (error) {
        throw new Unreachable(`${file} is not a CloudTrail file: ${(error as Error).message}`)
      }
      if (!Array.isArray(records)) throw new Unreachable(`${file} is not a CloudTrail file: it has no Records.`)
      const odd = records.findIndex((record) => !isRecord(record))
      if (odd >= 0)
        throw new Unreachable(`${file} is not a CloudTrail file: record ${odd + 1} has no eventTime, eventSource and eventName.`)
      yield* records as TrailRecord[]
    }
  }
}

/** A session according to the audit log. */
type KnownSession = {
  readonly session: string
  readonly sessionName: string
  readonly sourceIdentity?: string
  readonly reservedAt: Instant
  /** `account/RoleName` of the intent. */
  readonly role: string
  issued?: { readonly at: Instant; readonly accessKeyId: string }
  /** How often AssumeRole was sent. The maximum, until the log has the outcome. */
  sends: number
  /** Calls in CloudTrail that belong to this session, except for the one whose credentials were issued. */
  others: number
}

type Activity = {
  readonly session: string
  readonly sessionName: string
  readonly accessKeyId: string
  readonly first?: string
  readonly last?: string
  readonly services: Readonly<Record<string, number>>
  readonly writes: number
  readonly denied: number
  /** Roles that were assumed from this session. */
  readonly chained: readonly string[]
}
type TrailFinding = { readonly kind: 'around' | 'mismatch' | 'unexplained' | 'unseen'; readonly at: string; readonly what: string }
type Reconciled = {
  readonly records: number
  readonly span?: { readonly first: string; readonly last: string }
  readonly matched: number
  /** Sessions that AWS created and Stint never issued, according to the audit log. */
  readonly dropped: number
  /** Sessions of requests that were erased. */
  readonly erased: number
  /** Accounts with issued sessions, for which there are no records. */
  readonly silent: readonly string[]
  /** Attempts to assume Stint's roles that AWS denied. */
  readonly deniedAttempts: number
  readonly activity: readonly Activity[]
  readonly findings: readonly TrailFinding[]
}

/** CloudTrail delivers within 15 minutes, so a younger session does not count as missing. */
const DELIVERY_MS = 15 * 60_000
/** An intent is valid for one attempt: Stint calls AWS at once or never. The clocks differ slightly. */
const ATTEMPT_MS = { before: 60_000, after: 120_000 } as const
/** AssumeRole is sent at most twice per attempt. */
const MAX_SENDS = 2

/** Collects sessions from events, in the order of the log. */
export class Sessions {
  readonly byName = new Map<string, KnownSession>()
  readonly #bySession = new Map<string, KnownSession>()
  /** Requests whose events were erased. Their AWS calls belong to them, and nothing more is known. */
  readonly erased = new Set<string>()
  /** `account/RoleName` of every role in an intent. */
  readonly roles = new Set<string>()

  take(event: ReadEvent): void {
    if (event.type === 'request.erased') this.erased.add(event.request)
    if (event.type === 'session.reserved') {
      const role = shortRole(event.role as string)
      const known: KnownSession = {
        session: event.session as string,
        sessionName: event.sessionName as string,
        ...(event.sourceIdentity === undefined ? {} : { sourceIdentity: event.sourceIdentity as string }),
        reservedAt: parseIso(event.at) ?? 0,
        role,
        sends: MAX_SENDS,
        others: 0,
      }
      this.byName.set(known.sessionName, known)
      this.#bySession.set(known.session, known)
      this.roles.add(role)
    }
    const known = this.#bySession.get(event.session as string)
    if (!known) return
    if (event.type === 'session.failed' || event.type === 'session.issued') known.sends = event.sends as number
    if (event.type === 'session.issued') known.issued = { at: parseIso(event.at) ?? 0, accessKeyId: event.accessKeyId as string }
  }

  byKey(): Map<string, KnownSession> {
    return new Map([...this.#bySession.values()].flatMap((known) => (known.issued ? [[known.issued.accessKeyId, known] as const] : [])))
  }
}

type SessionUse = { services: Record<string, number>; writes: number; denied: number; chained: string[]; first: string; last: string }

/** `roles`: ARNs of Stint's roles in addition to those in intents. */
export async function reconcile(sessions: Sessions, records: AsyncIterable<TrailRecord>, roles: readonly string[]): Promise<Reconciled> {
  const own = new Set([...sessions.roles, ...roles.map(shortRole)])
  const byKey = sessions.byKey()
  const used = new Map<string, SessionUse>()
  const findings: TrailFinding[] = []
  /** Calls that were checked. A cross-account call is in the records of both accounts. */
  const entries = new Set<string>()
  /** Issued sessions that CloudTrail has. */
  const found = new Set<KnownSession>()
  /** The period of each account's records. */
  const spans = new Map<string, Span>()
  let [count, matched, dropped, erased, deniedAttempts] = [0, 0, 0, 0, 0]

  for await (const record of records) {
    count++
    widen(spans, record)
    const user = record.userIdentity?.accessKeyId === undefined ? undefined : byKey.get(record.userIdentity.accessKeyId)
    if (user?.issued) used.set(user.issued.accessKeyId, withUse(used.get(user.issued.accessKeyId), record))
    const roleArn = record.requestParameters?.roleArn ?? ''
    // Includes SAML and web identity, which Stint never uses.
    if (record.eventSource !== 'sts.amazonaws.com' || !record.eventName.startsWith('AssumeRole') || !own.has(shortRole(roleArn))) continue
    const id = record.sharedEventID ?? record.eventID
    if (id !== undefined && entries.has(id)) continue
    if (id !== undefined) entries.add(id)
    if (record.errorCode !== undefined) deniedAttempts++
    else {
      const odd = oddIn(record, roleArn)
      if (odd) findings.push({ ...odd, at: record.eventTime })
    }
  }

  const span = periodOf(spans)
  const { silent, unseen } = missingFrom(
    spans,
    span.first,
    [...sessions.byName.values()].filter((known) => !found.has(known)),
  )
  findings.push(...unseen)

  return {
    records: count,
    ...(count > 0 ? { span } : {}),
    matched,
    dropped,
    erased,
    deniedAttempts,
    silent,
    activity: [...used].map(([accessKeyId, { services, writes, denied, chained, first, last }]) => {
      const known = byKey.get(accessKeyId) as KnownSession
      return { session: known.session, sessionName: known.sessionName, accessKeyId, first, last, services, writes, denied, chained }
    }),
    findings,
  }

  /** Returns the finding about a call that assumed one of Stint's roles. Counts a call without a finding. */
  function oddIn(record: TrailRecord, roleArn: string): Pick<TrailFinding, 'kind' | 'what'> | undefined {
    const who = record.userIdentity?.arn ?? record.userIdentity?.principalId ?? record.userIdentity?.accountId ?? 'somebody'
    const { roleSessionName = '', sourceIdentity } = record.requestParameters ?? {}
    const key = record.responseElements?.credentials?.accessKeyId
    const known = record.eventName === 'AssumeRole' ? sessions.byName.get(roleSessionName) : undefined
    const request = /(req_\w{26})\.\w{8}$/.exec(roleSessionName)?.[1]
    if (!known && request !== undefined && sessions.erased.has(request)) {
      erased++
      return undefined
    }
    const entry = `${who} assumed ${roleArn} as ${roleSessionName}`
    if (!known) return { kind: 'around', what: `${entry} by ${record.eventName}, but the audit log has no such session` }
    const mismatch = (says: string) => ({ kind: 'mismatch', what: `${entry}, but the intent has ${says}` }) as const
    if (sourceIdentity !== known.sourceIdentity)
      return mismatch(`source identity ${known.sourceIdentity ?? 'none'}, not ${sourceIdentity ?? 'none'}`)
    if (shortRole(roleArn) !== known.role) return mismatch(`role ${known.role}`)
    const after = (parseIso(record.eventTime) ?? 0) - known.reservedAt
    if (after < -ATTEMPT_MS.before || after > ATTEMPT_MS.after)
      return mismatch(`${new Date(known.reservedAt).toISOString()}, long before or after`)
    if (known.issued && key === known.issued.accessKeyId) {
      matched++
      found.add(known)
      return undefined
    }
    // Each send can have created a session. Only one of them was issued.
    known.others++
    if (known.others <= (known.issued ? known.sends - 1 : known.sends)) {
      dropped++
      return undefined
    }
    return { kind: 'unexplained', what: `${entry} and got ${key ?? 'a key'}: more sessions than Stint requested (${known.sends})` }
  }
}

/** What a session did, with one more of its calls. */
function withUse(before: SessionUse | undefined, record: TrailRecord): SessionUse {
  const all = before ?? {
    // Without a prototype: the names of services come from the records.
    services: Object.create(null) as Record<string, number>,
    writes: 0,
    denied: 0,
    chained: [],
    first: record.eventTime,
    last: record.eventTime,
  }
  const service = record.eventSource.replace(/\.amazonaws\.com$/, '')
  all.services[service] = (all.services[service] ?? 0) + 1
  if (record.readOnly === false) all.writes++
  if (record.errorCode !== undefined && /AccessDenied|Unauthorized|Forbidden/i.test(record.errorCode)) all.denied++
  if (record.eventName === 'AssumeRole' && record.errorCode === undefined) all.chained.push(record.requestParameters?.roleArn ?? '?')
  if (record.eventTime < all.first) all.first = record.eventTime
  if (record.eventTime > all.last) all.last = record.eventTime
  return all
}

type Span = { first: string; last: string }

function widen(spans: Map<string, Span>, { recipientAccountId, eventTime }: TrailRecord): void {
  if (recipientAccountId === undefined) return
  const span = spans.get(recipientAccountId) ?? { first: eventTime, last: eventTime }
  if (eventTime < span.first) span.first = eventTime
  if (eventTime > span.last) span.last = eventTime
  spans.set(recipientAccountId, span)
}

/** The period of all accounts' records together. */
function periodOf(spans: ReadonlyMap<string, Span>): Span {
  const all = [...spans.values()]
  const firsts = all.map(({ first }) => first).sort()
  const lasts = all.map(({ last }) => last).sort()
  return { first: firsts[0] ?? '', last: lasts.at(-1) ?? '' }
}

/** Issued sessions that CloudTrail does not have: in accounts without records, or within the period that the records cover. */
function missingFrom(
  spans: ReadonlyMap<string, Span>,
  from: string,
  sessions: readonly KnownSession[],
): { readonly silent: readonly string[]; readonly unseen: readonly TrailFinding[] } {
  const silent = new Set<string>()
  const unseen: TrailFinding[] = []
  for (const { issued, role, session } of sessions) {
    if (!issued) continue
    const account = role.slice(0, role.indexOf('/'))
    const last = spans.get(account)?.last
    if (last === undefined) silent.add(account)
    else if (issued.at >= (parseIso(from) ?? 0) && issued.at <= (parseIso(last) ?? 0) - DELIVERY_MS)
      unseen.push({
        kind: 'unseen',
        at: new Date(issued.at).toISOString(),
        what: `session ${session} (${issued.accessKeyId}) was issued, but CloudTrail of ${account} does not have it`,
      })
  }
  return { silent: [...silent].sort(), unseen }
}

/** `account/RoleName`: an assumed-role ARN has no path, so the role's ARN is compared without its path. */
function shortRole(arn: string): string {
  const [, account = '', path = ''] = /^arn:[^:]+:iam::(\d{12}):role\/(.+)$/.exec(arn) ?? []
  return `${account}/${path.slice(path.lastIndexOf('/') + 1)}`
}

export function reconciledText({
  records,
  span,
  matched,
  dropped,
  erased,
  silent,
  deniedAttempts,
  activity,
  findings,
}: Reconciled): string {
  const list = (services: Readonly<Record<string, number>>) =>
    Object.entries(services)
      .map(([name, times]) => `${shownLine(name, 80)} ${times}`)
      .join(', ')
  return [
    `  records    ${records.toLocaleString('en-US')}${span ? shownLine(`, ${span.first} to ${span.last}`) : ''}`,
    `  matched    ${matched} sessions; AWS created ${dropped} more that Stint never issued, according to the audit log`,
    ...(erased > 0 ? [`  erased     ${erased} sessions of requests whose events are erased`] : []),
    ...(silent.length > 0 ? [`  silent     no records of ${shownLine(silent.join(', '), 2000)}: the sessions there were not checked`] : []),
    `  denied     ${deniedAttempts} attempts to assume Stint's roles`,
    '',
    ...(activity.length > 0 ? ['Activity:'] : []),
    ...activity.flatMap((one) => [
      `  ${shownLine(`${one.sessionName} (${one.accessKeyId})`)}`,
      `    ${list(one.services)}; ${one.writes} writes, ${one.denied} denied; ${shownLine(`${one.first} to ${one.last}`)}`,
      ...one.chained.map((role) => `    then assumed ${shownLine(role)}`),
    ]),
    ...(activity.length > 0 ? [''] : []),
    ...(findings.length > 0
      ? [`${findings.length} findings:`, ...findings.map(({ kind, at, what }) => `  ${shownLine(`${at} ${kind}: ${what}`, 1000)}`), '']
      : ['CloudTrail and the audit log agree: no call bypassed Stint, and no session is missing.\n']),
  ].join('\n')
}
