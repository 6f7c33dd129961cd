/**
 * Renewals: no AssumeRole without an open intent; credentials of a renewal leave only once they are on record; none outlasts its session or
 * follows its end; no more sets than the limits allow.
 */
import {
  credentialsIn,
  firstMade,
  freshEvents,
  type Item,
  isRequest,
  type Json,
  numberOf,
  type Oracle,
  type OracleContext,
  sessionsIn,
  stringOf,
} from './oracle.ts'

const CLOSING = ['session.renewed', 'session.renewal-failed', 'session.renewal-abandoned']

const isIntentOf =
  (session: string) =>
  ({ type, session: of }: Json): boolean =>
    type === 'session.renewal-reserved' && of === session

/** What docs/guides/sessions.md promises: renewals of one session at once, and sets of credentials of one request. Not Stint's own constants. */
const [OPEN_RENEWALS, SETS] = [4, 150]
/** How long a renewal can stay open. */
const ABANDONED_AFTER_MS = 90_000
/** For sessions that fail. */
const SPARE_SETS = 20

export function renewalsOracle(context: OracleContext): Oracle {
  const { fault, reach, now, isRestoring } = context
  /** By the name of a session: its intents so far, and the ends for which AWS was asked. A call can arrive twice, and late. */
  const intents = new Map<string, number>()
  const ends = new Map<string, Set<string>>()
  const recorded = new Map<string, string>()
  /** When each open renewal was written, by its attempt. */
  const openedAt = new Map<string, number>()
  const ended = new Map<string, number>()
  const endAnswered = new Map<string, number>()
  const setsOf = (fields: Item | undefined): Item => fields?.open?.M ?? {}

  function judge(session: string, before: Item | undefined, after: Item, request: Item | undefined, events: readonly Json[]): void {
    const [had, has] = [setsOf(before), setsOf(after)]
    for (const [attempt, set] of Object.entries(has)) {
      if (attempt in had) continue
      openedAt.set(attempt, now())
      if (stringOf(request?.state) !== 'approved')
        fault('renewals', `${session} is renewed while its request is ${stringOf(request?.state)}`)
      const [reservedAt, end] = [numberOf(set.M?.at) ?? 0, numberOf(before?.expiresAt) ?? 0]
      if (reservedAt >= end) fault('renewals', `${session} is renewed at ${reservedAt}, and it ended at ${end}`)
      if (stringOf(before?.state) !== 'issued') fault('renewals', `${session} is renewed while it is ${stringOf(before?.state)}`)
      if ((numberOf(set.M?.expiresAt) ?? 0) > (numberOf(after.expiresAt) ?? 0)) fault('renewals', `${session}: a set outlasts it`)
      if (!events.some(({ type, set: name }) => type === 'session.renewal-reserved' && name === stringOf(set.M?.set)))
        fault('renewals', `${session} is renewed without its event`)
    }
    if (Object.keys(has).length > OPEN_RENEWALS) fault('renewals', `${session} has ${Object.keys(has).length} renewals at once`)
    for (const [attempt, set] of Object.entries(had)) {
      if (attempt in has) continue
      const event = events.find(({ type, set: name }) => CLOSING.includes(type) && name === stringOf(set.M?.set))
      if (!event) fault('renewals', `${session}: a renewal is closed without its event`)
      if (event?.type === 'session.renewed') {
        if (stringOf(request?.state) !== 'approved' || stringOf(before?.state) !== 'issued')
          fault('renewals', `${session} is renewed after its end`)
        if (recorded.has(event.accessKeyId)) fault('renewals', `${event.accessKeyId} is on record twice`)
        recorded.set(event.accessKeyId, session)
      }
      if (event?.code === 'revoked-in-flight') reach('a renewal failed because of an end in flight')
      if (event?.code === 'frozen') reach('a renewal failed because of a freeze set meanwhile')
    }
    const count = (fields: Item | undefined) => numberOf(fields?.renewed?.M?.count) ?? 0
    const renewals = events.filter((event) => event.type === 'session.renewed' && event.session === session).length
    if (count(after) - count(before) !== renewals)
      fault('renewals', `${session}: ${renewals} renewals are counted as ${count(after) - count(before)}`)
    const newest = (fields: Item | undefined) => numberOf(fields?.renewed?.M?.expiration) ?? 0
    if (newest(after) < newest(before)) fault('renewals', `${session}: its newest credentials expire earlier than before`)
    if (stringOf(after.state) === 'ended' && stringOf(before?.state) !== 'ended') ended.set(session, now())
  }

  return {
    onWrite(write) {
      if (!isRequest(write) || isRestoring(write) || write.after?.erased?.BOOL) return
      const before = new Map(sessionsIn(write.before).map(({ suffix, fields }) => [suffix, fields]))
      const events = freshEvents(write)
      for (const { suffix, fields } of sessionsIn(write.after)) {
        judge(`${write.id.slice(4)}.${suffix}`, before.get(suffix), fields, write.before, events)
        const name = stringOf(fields.sessionName) ?? ''
        intents.set(name, 1 + events.filter(isIntentOf(`${write.id.slice(4)}.${suffix}`)).length + ((intents.get(name) ?? 1) - 1))
      }
      const uses =
        stringOf(write.after?.terms) === undefined ? 1 : (JSON.parse(stringOf(write.after?.terms) as string) as { uses: number }).uses
      const renewals = numberOf(write.after?.renewals) ?? 0
      if (renewals > SETS - SPARE_SETS - uses) fault('renewals', `${write.id} has ${renewals} renewals`)
    },
    onAssume({ form }) {
      const name = form.RoleSessionName ?? ''
      const end = /"aws:CurrentTime":"([^"]+)"/.exec(form.Policy ?? '')?.[1] ?? ''
      const all = (ends.get(name) ?? new Set()).add(end)
      ends.set(name, all)
      if (all.size > (intents.get(name) ?? 0))
        fault('renewals', `AWS is asked for ${name} ${all.size} times, with ${intents.get(name) ?? 0} intents`)
    },
    onVended(call, answer) {
      if (call.renews === undefined) return
      const found = credentialsIn(answer)
      if (!found) return
      reach('credentials are renewed')
      const session = recorded.get(found.accessKeyId)
      if (session === undefined) fault('renewals', `${found.accessKeyId} left, and is not on record as renewed`)
      const made = context.sts.made.find(({ accessKeyId }) => accessKeyId === found.accessKeyId)
      if (made?.roleId !== firstMade(context, call.renews)?.roleId)
        fault('renewals', `${call.renews} is renewed, though its role was created again`)
      if (session !== undefined && session !== call.renews) fault('renewals', `${found.accessKeyId} of ${session} left for ${call.renews}`)
      const answered = endAnswered.get(call.renews)
      if (answered !== undefined && call.started > answered) fault('renewals', `${call.renews} was ended, and a later call renewed it`)
    },
    onAnswered({ method, path }, { status, json }) {
      const [, session] = /^\/sessions\/(req_\w+\.\w+)$/.exec(path) ?? []
      if (method !== 'DELETE' || status !== 200 || session === undefined || json.state !== 'ended') return
      reach('a session is ended')
      if (!endAnswered.has(session)) endAnswered.set(session, now())
    },
    /** The sweeper closes an interrupted renewal after 90 seconds, whatever other renewals begin. */
    onSwept(started) {
      for (const item of context.dynamo.items('stint'))
        for (const { suffix, fields } of sessionsIn(item))
          for (const [attempt, set] of Object.entries(setsOf(fields))) {
            const age = started - (numberOf(set.M?.at) ?? 0)
            const isKnown = (openedAt.get(attempt) ?? started) < started - context.indexLagMs
            if (isKnown && age > ABANDONED_AFTER_MS + 2 * context.skewMs + 1000)
              fault('liveness', `${stringOf(item.id)}.${suffix} still has a renewal after a sweep that began ${age / 1000} s after it`)
          }
    },
    whenHealed() {
      for (const item of context.dynamo.items('stint'))
        for (const { suffix, fields } of sessionsIn(item))
          if (Object.keys(setsOf(fields)).length > 0)
            fault('liveness', `${stringOf(item.id)}.${suffix} still has an open renewal after two sweeps`)
    },
  }
}
