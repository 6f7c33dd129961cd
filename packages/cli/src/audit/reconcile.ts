/**
 * Holds CloudTrail against the trail: AssumeRole calls that Stint knows nothing of, sessions that AWS never saw, and what
 * was done with each. What ties the two is the role session name, the source identity and the access key ID (AWS
 * CloudTrail User Guide, "CloudTrail userIdentity element").
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { ReadEvent } from '@stint/core/audit/schema'
import { type Instant, parseIso } from '@stint/core/instant'
import { Unreachable } from './sources.ts'

/** As much of a CloudTrail record as is looked at. */
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

/** Every record of the files below these folders, file by file. */
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
        records = (JSON.parse((file.endsWith('.gz') ? await unzip(bytes) : bytes).toString('utf8')) as { Records?: unknown }).Records
      } catch (error) {
        throw new Unreachable(`${file} is no CloudTrail file: ${(error as Error).message}`)
      }
      if (!Array.isArray(records)) throw new Unreachable(`${file} is no CloudTrail file: it has no Records`)
      yield* records as TrailRecord[]
    }
  }
}

/** A session as the trail of Stint tells it. */
type Known = {
  readonly session: string
  readonly sessionName: string
  readonly sourceIdentity?: string
  readonly reservedAt: Instant
  issued?: { readonly at: Instant; readonly accessKeyId: string; readonly role: string; readonly account: string; readonly sends: number }
  /** How often AssumeRole was sent at most, where no key left. */
  sends: number
  /** Calls of CloudTrail that are this session's. */
  calls: number
}

export type Activity = {
  readonly session: string
  readonly sessionName: string
  readonly accessKeyId: string
  readonly first?: string
  readonly last?: string
  readonly services: Readonly<Record<string, number>>
  readonly writes: number
  readonly denied: number
  /** Roles that were entered from it. */
  readonly chained: readonly string[]
}
export type Finding = { readonly kind: 'around' | 'mismatch' | 'unexplained' | 'unseen'; readonly at: string; readonly what: string }
export type Reconciled = {
  readonly records: number
  readonly span?: { readonly first: string; readonly last: string }
  readonly matched: number
  /** Sessions that AWS made and that never left Stint: the trail says so. */
  readonly dropped: number
  /** Sessions of requests that were erased. */
  readonly erased: number
  /** Attempts to enter Stint's roles that AWS denied. */
  readonly deniedAttempts: number
  readonly activity: readonly Activity[]
  readonly findings: readonly Finding[]
}

/** CloudTrail delivers within 15 minutes: a younger session is not missed yet. */
const DELIVERY_MS = 15 * 60_000

/** Collects sessions from events, in the order of the log. */
export class Sessions {
  readonly byName = new Map<string, Known>()
  readonly #bySession = new Map<string, Known>()
  /** Requests whose events were erased: what AWS has of them is theirs, and no more is known. */
  readonly erased = new Set<string>()
  /** `account/RoleName` of every role that sessions were made in. */
  readonly roles = new Set<string>()

  take(event: ReadEvent): void {
    if (event.type === 'request.erased') this.erased.add(event.request)
    if (event.type === 'session.reserved') {
      const known: Known = {
        session: event.session as string,
        sessionName: event.sessionName as string,
        ...(event.sourceIdentity === undefined ? {} : { sourceIdentity: event.sourceIdentity as string }),
        reservedAt: parseIso(event.at) ?? 0,
        // Until its end is told: as often as one attempt may send.
        sends: MAX_SENDS,
        calls: 0,
      }
      this.byName.set(known.sessionName, known)
      this.#bySession.set(known.session, known)
    }
    const known = this.#bySession.get(event.session as string)
    if (!known) return
    if (event.type === 'session.failed') known.sends = event.sends as number
    if (event.type === 'session.issued') {
      const [, account = '', role = ''] = /^arn:[^:]+:sts::(\d{12}):assumed-role\/([^/]+)\//.exec(event.assumedRoleArn as string) ?? []
      known.sends = event.sends as number
      known.issued = { at: parseIso(event.at) ?? 0, accessKeyId: event.accessKeyId as string, role, account, sends: event.sends as number }
      this.roles.add(`${account}/${role}`)
    }
  }

  byKey(): Map<string, Known> {
    return new Map([...this.#bySession.values()].flatMap((known) => (known.issued ? [[known.issued.accessKeyId, known] as const] : [])))
  }
}
/** At most 2 sends of AssumeRole per attempt. */
const MAX_SENDS = 2

/** `roles`: ARNs of roles that are Stint's beside those that it has been seen to enter. */
export async function reconcile(sessions: Sessions, records: AsyncIterable<TrailRecord>, roles: readonly string[]): Promise<Reconciled> {
  const own = new Set([...sessions.roles, ...roles.map(shortRole)])
  const byKey = sessions.byKey()
  const done = new Map<
    string,
    { services: Record<string, number>; writes: number; denied: number; chained: string[]; first: string; last: string }
  >()
  const findings: Finding[] = []
  const seen = new Set<string>()
  /** Issued sessions that CloudTrail has. */
  const found = new Set<Known>()
  const accounts = new Set<string>()
  let [count, matched, dropped, erased, deniedAttempts] = [0, 0, 0, 0, 0]
  let [first, last] = ['', '']

  for await (const record of records) {
    count++
    if (record.recipientAccountId) accounts.add(record.recipientAccountId)
    if (first === '' || record.eventTime < first) first = record.eventTime
    if (record.eventTime > last) last = record.eventTime

    // A cross-account call stands in both accounts; it is looked at once.
    const id = record.sharedEventID ?? record.eventID
    if (id !== undefined && seen.has(id)) continue
    if (id !== undefined) seen.add(id)

    const user = record.userIdentity?.accessKeyId === undefined ? undefined : byKey.get(record.userIdentity.accessKeyId)
    if (user?.issued) use(user.issued.accessKeyId, record)
    if (record.eventSource !== 'sts.amazonaws.com' || record.eventName !== 'AssumeRole') continue
    const { roleArn = '', roleSessionName = '' } = record.requestParameters ?? {}
    if (!own.has(shortRole(roleArn))) continue
    if (record.errorCode !== undefined) {
      deniedAttempts++
      continue
    }
    assumed(record, roleArn, roleSessionName)
  }

  for (const known of sessions.byName.values()) {
    const { issued } = known
    if (!issued || found.has(known) || !accounts.has(issued.account)) continue
    const from = parseIso(first) ?? 0
    const to = (parseIso(last) ?? 0) - DELIVERY_MS
    if (issued.at >= from && issued.at <= to)
      findings.push({
        kind: 'unseen',
        at: new Date(issued.at).toISOString(),
        what: `session ${known.session} (${issued.accessKeyId}) was issued, and CloudTrail of ${issued.account} does not have it`,
      })
  }

  return {
    records: count,
    ...(count > 0 ? { span: { first, last } } : {}),
    matched,
    dropped,
    erased,
    deniedAttempts,
    activity: [...done].map(([accessKeyId, { services, writes, denied, chained, first: from, last: to }]) => {
      const known = byKey.get(accessKeyId) as Known
      return {
        session: known.session,
        sessionName: known.sessionName,
        accessKeyId,
        first: from,
        last: to,
        services,
        writes,
        denied,
        chained,
      }
    }),
    findings,
  }

  function assumed(record: TrailRecord, roleArn: string, roleSessionName: string): void {
    const { eventTime: at } = record
    const who = record.userIdentity?.arn ?? record.userIdentity?.principalId ?? record.userIdentity?.accountId ?? 'somebody'
    const known = sessions.byName.get(roleSessionName)
    const key = record.responseElements?.credentials?.accessKeyId
    const request = /(req_\w{26})\.\w{8}$/.exec(roleSessionName)?.[1]
    if (!known && request !== undefined && sessions.erased.has(request)) {
      erased++
      return
    }
    if (!known)
      return void findings.push({
        kind: 'around',
        at,
        what: `${who} assumed ${roleArn} as ${roleSessionName}, and the trail knows nothing of it`,
      })
    const identity = record.requestParameters?.sourceIdentity
    if (identity !== known.sourceIdentity)
      return void findings.push({
        kind: 'mismatch',
        at,
        what: `${roleSessionName} in ${roleArn} has source identity ${identity ?? 'none'}, and the intent says ${known.sourceIdentity ?? 'none'}`,
      })
    known.calls++
    if (known.issued && key === known.issued.accessKeyId) {
      matched++
      found.add(known)
      return
    }
    // Each send may have left a session; only one of them was handed out.
    const spare = known.issued ? known.sends - 1 : known.sends
    const others = known.calls - (found.has(known) ? 1 : 0)
    if (others <= spare) dropped++
    else
      findings.push({
        kind: 'unexplained',
        at,
        what: `${roleSessionName} in ${roleArn} got ${key ?? 'a key'}: more sessions than Stint has sent for (${known.sends})`,
      })
  }

  function use(accessKeyId: string, record: TrailRecord): void {
    const all = done.get(accessKeyId) ?? {
      services: {},
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
    done.set(accessKeyId, all)
  }
}

/** `account/RoleName`: an assumed-role ARN has no path, so the role's own is compared without it. */
function shortRole(arn: string): string {
  const [, account = '', path = ''] = /^arn:[^:]+:iam::(\d{12}):role\/(.+)$/.exec(arn) ?? []
  return `${account}/${path.slice(path.lastIndexOf('/') + 1)}`
}

export function reconciledText({ records, span, matched, dropped, erased, deniedAttempts, activity, findings }: Reconciled): string {
  const list = (services: Readonly<Record<string, number>>) =>
    Object.entries(services)
      .map(([name, times]) => `${name} ${times}`)
      .join(', ')
  return [
    `  records    ${records.toLocaleString('en-US')}${span ? `, ${span.first} to ${span.last}` : ''}`,
    `  matched    ${matched} sessions; ${dropped} more were made by AWS and never left Stint, as the trail says`,
    ...(erased > 0 ? [`  erased     ${erased} sessions of requests whose events are gone`] : []),
    `  denied     ${deniedAttempts} attempts on Stint's roles`,
    '',
    ...(activity.length > 0 ? ['What was done:'] : []),
    ...activity.flatMap((one) => [
      `  ${one.sessionName} (${one.accessKeyId})`,
      `    ${list(one.services)}; ${one.writes} writes, ${one.denied} denied; ${one.first} to ${one.last}`,
      ...one.chained.map((role) => `    went on into ${role}`),
    ]),
    ...(activity.length > 0 ? [''] : []),
    ...(findings.length > 0
      ? [`${findings.length} findings:`, ...findings.map(({ kind, at, what }) => `  ${at} ${kind}: ${what}`), '']
      : ["CloudTrail has no entry into Stint's roles that the trail does not know, and every session that it should.\n"]),
  ].join('\n')
}
