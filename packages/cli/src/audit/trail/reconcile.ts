/**
 * Reconciles CloudTrail with the audit log: finds sessions in Stint's roles that did not come from Stint, sessions that AWS never saw and
 * changes to the roles, and sums up what each session did. The ARN of a session (role and session name) and the source identity connect
 * the two. The access key does not: in the console, each service uses keys of its own (AWS CloudTrail User Guide, "CloudTrail
 * userIdentity element").
 */
import { parseIso } from '@stint/core/instant'
import { isObject } from '@stint/core/json'
import { periodOf, type Span, widen } from './periods.ts'
import type { TrailRecord } from './records.ts'
import { type RoleChanges, roleChanges } from './role-changes.ts'
import { type KnownSession, type KnownSet, type Sessions, sessionIn, setsOf, shortRole } from './sessions.ts'
import { type Activity, Uses } from './uses.ts'

type TrailFinding = {
  readonly kind: 'around' | 'mismatch' | 'unexplained' | 'unseen' | 'changed'
  readonly at: string
  readonly what: string
}
export type Reconciled = {
  readonly records: number
  readonly span?: Span
  readonly matched: number
  /** Sessions that AWS created and Stint never issued, according to the audit log. */
  readonly dropped: number
  /** Sessions of requests that were erased. */
  readonly erased: number
  /** Accounts with a role of Stint, for which there are no records. */
  readonly silent: readonly string[]
  /** Attempts to assume Stint's roles or to change them that AWS denied. */
  readonly deniedAttempts: number
  readonly activity: readonly Activity[]
  readonly findings: readonly TrailFinding[]
}

/** CloudTrail delivers within 15 minutes, so a younger session does not count as missing. */
const DELIVERY_MS = 15 * 60_000
/** An intent is valid for one attempt: Stint calls AWS at once or never. The clocks differ slightly. */
const ATTEMPT_MS = { before: 60_000, after: 120_000 } as const

type Options = {
  /** ARNs of Stint's roles in addition to those in intents. */
  readonly roles?: readonly string[]
  /** ARNs of roles and users that may change Stint's roles, such as the role of a pipeline. */
  readonly admins?: readonly string[]
}

export async function reconcile(sessions: Sessions, records: AsyncIterable<TrailRecord>, options: Options = {}): Promise<Reconciled> {
  const own = new Set([...sessions.roles, ...(options.roles ?? []).map(shortRole)])
  const judge = new Judge(sessions, own, roleChanges(own, options.admins ?? []))
  let count = 0
  for await (const record of records) {
    count++
    judge.take(record)
  }
  return { records: count, ...judge.result() }
}

class Judge {
  readonly #uses = new Uses()
  readonly #findings: TrailFinding[] = []
  /** Calls that were checked. A cross-account call is in the records of both accounts. */
  readonly #entries = new Set<string>()
  /** Issued credentials that CloudTrail has. */
  readonly #found = new Set<KnownSet>()
  /** The period of each account's records. */
  readonly #spans = new Map<string, Span>()
  /** Sessions in Stint's roles that the log does not know, and those that say something else than their intent, by ARN. */
  readonly #strangers = new Map<string, Stranger>()
  readonly #sessions: Sessions
  readonly #own: ReadonlySet<string>
  readonly #changes: RoleChanges
  #matched = 0
  #dropped = 0
  #erased = 0
  #denied = 0

  constructor(sessions: Sessions, own: ReadonlySet<string>, changes: RoleChanges) {
    this.#sessions = sessions
    this.#own = own
    this.#changes = changes
  }

  take(record: TrailRecord): void {
    widen(this.#spans, record)
    this.#attribute(record)
    if (this.#changes.concerns(record) && this.#isNew(record.eventID)) {
      if (record.errorCode !== undefined) this.#denied++
      else this.#changes.take(record)
    }
    const roleArn = enteredRole(record)
    if (roleArn === undefined || !this.#own.has(shortRole(roleArn)) || !this.#isNew(record.sharedEventID ?? record.eventID)) return
    if (record.errorCode !== undefined) this.#denied++
    else {
      const odd = this.#oddIn(record, roleArn)
      if (odd) this.#findings.push({ ...odd, at: record.eventTime })
    }
  }

  /** The first record with this ID. A call can be in the records of two accounts, and in two copies of one file. */
  #isNew(id: string | undefined): boolean {
    if (id === undefined) return true
    if (this.#entries.has(id)) return false
    this.#entries.add(id)
    return true
  }

  result(): Omit<Reconciled, 'records'> {
    for (const { kind, first, what, calls } of this.#strangers.values())
      this.#findings.push({ kind, at: first, what: `${what} (${calls.toLocaleString('en-US')} ${calls === 1 ? 'call' : 'calls'})` })
    const span = periodOf(this.#spans)
    const missing = [...this.#sessions.byName.values()].flatMap((known) =>
      setsOf(known).flatMap((set) => (this.#found.has(set) ? [] : [{ known, set }])),
    )
    const silent = [...new Set([...this.#own].map(accountOf))].filter((account) => !this.#spans.has(account)).sort()
    const unseen = missingFrom(this.#spans, span?.first ?? '', missing)
    return {
      ...(span ? { span } : {}),
      matched: this.#matched,
      dropped: this.#dropped,
      erased: this.#erased,
      deniedAttempts: this.#denied,
      silent,
      activity: this.#uses.activity(),
      findings: [...this.#findings, ...this.#changes.findings().map(({ at, what }) => ({ kind: 'changed' as const, at, what })), ...unseen],
    }
  }

  /** Who made a call: a session of the log, or a stranger in one of Stint's roles. */
  #attribute(record: TrailRecord): void {
    const { arn = '', sessionContext } = record.userIdentity ?? {}
    const session = sessionIn(arn)
    if (!session || !this.#own.has(session.role) || this.#sessions.isErased(session.name)) return
    const known = this.#sessions.byName.get(session.name)
    if (!known || known.role !== session.role) {
      // Its AssumeRole, if the records have it, is a finding of its own.
      this.#stranger('around', arn, record, `${arn} was used, but the audit log has no such session`)
      return
    }
    const said = sessionContext?.sourceIdentity
    if (said !== undefined && said !== known.sourceIdentity) {
      const wanted = known.sourceIdentity ?? 'none'
      this.#stranger('mismatch', `${arn} ${said}`, record, `${arn} has source identity ${said}, but the intent has ${wanted}`)
      return
    }
    if ((parseIso(record.eventTime) ?? 0) > known.expiresAt + ATTEMPT_MS.after && record.errorCode === undefined) {
      this.#stranger('mismatch', `${arn} late`, record, `${arn} was used after the end of its session`)
      return
    }
    this.#uses.add(known, record)
  }

  #stranger(kind: Stranger['kind'], key: string, { eventTime }: TrailRecord, what: string): void {
    const before = this.#strangers.get(key)
    if (before) {
      before.calls++
      if (eventTime < before.first) before.first = eventTime
    } else if (this.#strangers.size < MAX_STRANGERS) this.#strangers.set(key, { kind, what, first: eventTime, calls: 1 })
  }

  /** Returns the finding about a call that entered one of Stint's roles. Counts a call without a finding. */
  #oddIn(record: TrailRecord, roleArn: string): Pick<TrailFinding, 'kind' | 'what'> | undefined {
    const who = record.userIdentity?.arn ?? record.userIdentity?.principalId ?? record.userIdentity?.accountId ?? 'an unknown principal'
    const name = stringProperty(record.requestParameters, 'roleSessionName') ?? ''
    const sourceIdentity = stringProperty(record.requestParameters, 'sourceIdentity')
    const key = stringProperty(objectProperty(record.responseElements, 'credentials'), 'accessKeyId')
    const known = record.eventName === 'AssumeRole' ? this.#sessions.byName.get(name) : undefined
    if (!known && this.#sessions.isErased(name)) {
      this.#erased++
      return undefined
    }
    const entry = `${who} assumed ${roleArn}${name === '' ? '' : ` as ${name}`}`
    if (!known) return { kind: 'around', what: `${entry} by ${record.eventName}, but the audit log has no such session` }
    const mismatch = (says: string) => ({ kind: 'mismatch', what: `${entry}, but the intent has ${says}` }) as const
    if (sourceIdentity !== known.sourceIdentity)
      return mismatch(`source identity ${known.sourceIdentity ?? 'none'}, not ${sourceIdentity ?? 'none'}`)
    if (shortRole(roleArn) !== known.role) return mismatch(`role ${known.role}`)
    const sets = setsOf(known)
    const set = key === undefined ? undefined : sets.find(({ issued }) => issued?.accessKeyId === key)
    const isDuring = ({ reservedAt }: KnownSet) => {
      const after = (parseIso(record.eventTime) ?? 0) - reservedAt
      return after >= -ATTEMPT_MS.before && after <= ATTEMPT_MS.after
    }
    if (!(set ? [set] : sets).some(isDuring))
      return mismatch(`${new Date((set ?? known.first).reservedAt).toISOString()}, long before or after`)
    if (set) {
      this.#matched++
      this.#found.add(set)
      return undefined
    }
    // Each send can have created credentials. Of each set, only those of one send were issued.
    known.others++
    const sends = sets.reduce((sum, one) => sum + one.sends, 0)
    if (known.others <= sends - sets.filter(({ issued }) => issued).length) {
      this.#dropped++
      return undefined
    }
    return { kind: 'unexplained', what: `${entry} and got ${key ?? 'a key'}: more sessions than Stint requested (${sends})` }
  }
}

type Stranger = { readonly kind: 'around' | 'mismatch'; readonly what: string; first: string; calls: number }
/** Beyond this number the report says enough. */
const MAX_STRANGERS = 10_000

/**
 * The role that a call entered: by STS (SAML and web identity included, which Stint never uses), IAM Roles Anywhere, EKS Pod Identity or
 * *Switch role* in the console, which has the new session as its caller. Sources: the services' pages on CloudTrail, and AWS Sign-In
 * User Guide, "Logging AWS sign-in events".
 */
function enteredRole({ eventSource, eventName, requestParameters, responseElements, userIdentity }: TrailRecord): string | undefined {
  if (eventSource === 'sts.amazonaws.com' && eventName.startsWith('AssumeRole')) return stringProperty(requestParameters, 'roleArn')
  if (eventSource === 'rolesanywhere.amazonaws.com' && eventName === 'CreateSession') return stringProperty(requestParameters, 'roleArn')
  const [assumed] =
    eventSource === 'eks-auth.amazonaws.com' && eventName === 'AssumeRoleForPodIdentity'
      ? [stringProperty(objectProperty(responseElements, 'assumedRoleUser'), 'arn')]
      : eventSource === 'signin.amazonaws.com' && eventName === 'SwitchRole'
        ? [userIdentity?.arn]
        : []
  const session = sessionIn(assumed)
  return session && `arn:${session.partition}:iam::${session.role.replace('/', ':role/')}`
}

type Properties = Readonly<Record<string, unknown>> | null | undefined
const stringProperty = (of: Properties, name: string): string | undefined => {
  const value = of?.[name]
  return typeof value === 'string' ? value : undefined
}
const objectProperty = (of: Properties, name: string): Properties => {
  const value = of?.[name]
  return isObject(value) ? value : undefined
}
const accountOf = (role: string): string => role.slice(0, role.indexOf('/'))

/** Issued sessions that CloudTrail of their account does not have, within the period that the records cover. */
function missingFrom(
  spans: ReadonlyMap<string, Span>,
  from: string,
  missing: readonly { readonly known: KnownSession; readonly set: KnownSet }[],
): readonly TrailFinding[] {
  const unseen: TrailFinding[] = []
  for (const {
    known: { role, session },
    set: { issued },
  } of missing) {
    if (!issued) continue
    const account = accountOf(role)
    const last = spans.get(account)?.last
    // An account without records is not judged at all.
    if (last === undefined) continue
    if (issued.at >= (parseIso(from) ?? 0) && issued.at <= (parseIso(last) ?? 0) - DELIVERY_MS)
      unseen.push({
        kind: 'unseen',
        at: new Date(issued.at).toISOString(),
        what: `session ${session} (${issued.accessKeyId}) was issued, but CloudTrail of ${account} does not have it`,
      })
  }
  return unseen
}
