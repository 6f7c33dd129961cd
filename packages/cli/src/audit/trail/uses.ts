/** What each session did, summed up for the after-action report. */
import type { TrailRecord } from './records.ts'
import type { KnownSession } from './sessions.ts'

export type Activity = {
  readonly session: string
  readonly request: string
  readonly sessionName: string
  /** The key that Stint issued. In the console, each service uses keys of its own. */
  readonly accessKeyId?: string
  readonly first: string
  readonly last: string
  /** The number of calls, by service. */
  readonly services: Readonly<Record<string, number>>
  readonly regions: readonly string[]
  readonly reads: number
  readonly writes: number
  readonly denied: number
  /** The session was used to sign in to the console. */
  readonly console: boolean
  /** Roles that were assumed from this session. */
  readonly chained: readonly string[]
}

type Use = {
  readonly known: KnownSession
  readonly services: Record<string, number>
  readonly regions: Set<string>
  readonly chained: string[]
  reads: number
  writes: number
  denied: number
  console: boolean
  first: string
  last: string
}

/** The error codes with which services deny a call (each service has its own). */
const DENIED = /AccessDenied|Unauthorized|Forbidden|NotAuthorized/i
/** A session can chain to many roles; the report needs no more than these. */
const MAX_CHAINED = 100

export class Uses {
  readonly #uses = new Map<KnownSession, Use>()

  add(known: KnownSession, record: TrailRecord): void {
    const { eventTime, eventSource, eventName, errorCode, readOnly, awsRegion, requestParameters } = record
    const use = this.#uses.get(known) ?? newUse(known, eventTime)
    this.#uses.set(known, use)
    const service = eventSource.replace(/\.amazonaws\.com$/, '')
    use.services[service] = (use.services[service] ?? 0) + 1
    if (awsRegion !== undefined) use.regions.add(awsRegion)
    if (readOnly === true) use.reads++
    // Data events of some services have no `readOnly`.
    else if (readOnly === false && service !== 'signin') use.writes++
    if (errorCode !== undefined && DENIED.test(errorCode)) use.denied++
    if (service === 'signin' && (eventName === 'GetSigninToken' || eventName === 'ConsoleLogin')) use.console = true
    if (eventName === 'AssumeRole' && errorCode === undefined && use.chained.length < MAX_CHAINED)
      use.chained.push(typeof requestParameters?.roleArn === 'string' ? requestParameters.roleArn : '?')
    if (eventTime < use.first) use.first = eventTime
    if (eventTime > use.last) use.last = eventTime
  }

  activity(): readonly Activity[] {
    return [...this.#uses.values()].map(({ known, regions, ...use }) => ({
      session: known.session,
      request: known.request,
      sessionName: known.sessionName,
      ...(known.first.issued ? { accessKeyId: known.first.issued.accessKeyId } : {}),
      ...use,
      regions: [...regions].sort(),
    }))
  }
}

const newUse = (known: KnownSession, at: string): Use => ({
  known,
  // Without a prototype: the names of services come from the records.
  services: Object.create(null) as Record<string, number>,
  regions: new Set(),
  chained: [],
  reads: 0,
  writes: 0,
  denied: 0,
  console: false,
  first: at,
  last: at,
})
