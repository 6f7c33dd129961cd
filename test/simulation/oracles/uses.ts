/**
 * Invariant 2: a use is taken at most once, under any race, retry or crash; an expired, denied, revoked or exhausted request never vends;
 * after a withdrawal is answered, nothing newer vends.
 */
import { sessionTransitions } from '@stint/core/request/session'
import {
  credentialsIn,
  eventsIn,
  freshEvents,
  isRequest,
  numberOf,
  type Oracle,
  type OracleContext,
  sessionsIn,
  storedSession,
  stringOf,
  type Write,
} from './oracle.ts'

const EVENT_OF: Readonly<Record<string, string>> = {
  issued: 'session.issued',
  failed: 'session.failed',
  abandoned: 'session.abandoned',
  reserved: 'session.reserved',
  ended: 'session.ended',
}
const WITHDRAWN = ['denied', 'cancelled', 'revoked']
/** A caller's deadline and the grace of a send, in milliseconds. */
const GRACE_MS = 12_000
/** How long after its expiration a token is accepted, and when a use returns. Not Stint's own constants: they are what this oracle judges. */
const [TOKEN_GRACE_MS, ABANDONED_AFTER_MS] = [10_000, 90_000]
/** Sessions of one request of the container protocol (vend/slot.ts). */
const CONTAINER_USES = 8

export function usesOracle(context: OracleContext): Oracle {
  const { fault, reach, now, skewMs, indexLagMs, releases, sts, isLeaving } = context
  const issuedAt = new Map<string, number>()
  const withdrawnAt = new Map<string, number>()
  const withdrawalAnswered = new Map<string, number>()
  const left = new Map<string, number>()
  const byKey = new Map<string, Set<string>>()
  const byToken = new Map<string, number>()
  const closed = new Set<string>()
  /** When each reservation was written: a late send can take effect long after its call. */
  const writtenAt = new Map<string, number>()

  function judgeSessions(write: Write): void {
    const { before, after } = write
    const was = stringOf(before?.state)
    const request = write.id.slice(4)
    const earlier = new Map(sessionsIn(before).map(({ suffix, state }) => [suffix, state]))
    const fresh = freshEvents(write)
    const changed = sessionsIn(after).filter(({ suffix, state }) => earlier.get(suffix) !== state)
    if (changed.length > 1) fault('uses', `${request}: ${changed.length} sessions change in one write`)
    for (const suffix of earlier.keys())
      if (!sessionsIn(after).some((one) => one.suffix === suffix)) fault('uses', `${request}.${suffix} is gone`)
    for (const { suffix, state, fields } of changed) {
      const session = `${request}.${suffix}`
      const from = earlier.get(suffix)
      reach(`session ${from ?? 'new'} → ${state}`)
      if (!fresh.some((event) => event.type === EVENT_OF[state] && event.session === session))
        fault('uses', `${session} is ${state} without its event`)
      const next = Object.values(sessionTransitions[(from ?? 'failed') as 'reserved'] as object)
      if (from === undefined ? state !== 'reserved' : !next.includes(state)) fault('uses', `${session}: ${from} → ${state}`)
      if (state === 'reserved') {
        writtenAt.set(session, now())
        if (was !== undefined && was !== 'approved') fault('uses', `${session} is reserved while the request is ${was}`)
        if (before && (numberOf(before.usesLeft) ?? 0) < 1) fault('uses', `${session} is reserved without a use left`)
        const window = numberOf(before?.windowExpiresAt)
        if (window !== undefined && window <= now() - 2 * skewMs - GRACE_MS - 100_000)
          fault('uses', `${session} is reserved ${now() - window} ms after its window`)
        const reservedAt = numberOf(fields.reservedAt) as number
        const [startsAt, windowStartsAt] = [numberOf(before?.startsAt), numberOf(before?.windowStartsAt)]
        if (startsAt !== undefined && (windowStartsAt ?? 0) < startsAt)
          fault('uses', `${request} begins before the start that was asked for`)
        // The window may begin during the call.
        if (windowStartsAt !== undefined && reservedAt < windowStartsAt - GRACE_MS)
          fault('uses', `${session} is reserved at ${reservedAt}, and its window begins at ${windowStartsAt}`)
        if (window !== undefined && reservedAt >= window)
          fault('uses', `${session} is reserved at ${reservedAt}, and its window ended at ${window}`)
      }
      if (state === 'issued') {
        issuedAt.set(session, now())
        if (was !== 'approved') fault('uses', `${session} is issued while the request is ${was}`)
        const [recordedAt, window] = [numberOf(fields.issued?.M?.at) ?? 0, numberOf(before?.windowExpiresAt)]
        if (window !== undefined && recordedAt >= window)
          fault('uses', `${session} is issued at ${recordedAt}, and its window ended at ${window}`)
        const expiresAt = numberOf(fields.expiresAt) ?? 0
        if (expiresAt <= now() - 2 * skewMs - GRACE_MS - 100_000) fault('uses', `${session} is issued after its end`)
      }
      if (state === 'abandoned') {
        const age = now() - (numberOf(fields.reservedAt) ?? 0)
        if (age < ABANDONED_AFTER_MS - 2 * skewMs - GRACE_MS) fault('uses', `${session} is abandoned after ${age} ms`)
      }
      if (state === 'failed' && stringOf(fields.failure) === 'revoked-in-flight') reach('a session failed because of a revoke in flight')
      if (state === 'failed' && stringOf(fields.failure) !== 'revoked-in-flight') {
        const name = stringOf(fields.sessionName)
        if (!closed.has(session) && sts.made.some(({ form }) => form.RoleSessionName === name))
          fault('uses', `${session} failed (${stringOf(fields.failure)}) and its use is returned, though AWS made a session of it`)
      }
      if (state !== 'reserved' && state !== 'issued') closed.add(session)
    }
  }

  return {
    onWrite(write) {
      if (!isRequest(write) || context.isRestoring(write)) return
      const { after } = write
      if (!after) {
        if (!isLeaving()) fault('uses', `${write.id} left the table`)
        return
      }
      const state = stringOf(after.state)
      if (state === 'refused' || after.erased?.BOOL || stringOf(after.terms) === undefined) return
      judgeSessions(write)
      const terms = JSON.parse(stringOf(after.terms) as string) as { uses: number }
      const granted = numberOf(after.limits?.M?.uses) ?? terms.uses
      // A session that was ended before it was issued returned its use.
      const taken = sessionsIn(after).filter(
        ({ state, fields }) => state === 'reserved' || state === 'issued' || (state === 'ended' && fields.issued !== undefined),
      ).length
      const usesLeft = numberOf(after.usesLeft)
      if (usesLeft !== undefined && (usesLeft + taken !== granted || usesLeft < 0))
        fault('uses', `${write.id}: ${granted} uses, ${taken} taken, ${usesLeft} left`)
      if (usesLeft === 0) reach('every use is taken')
      if (granted > terms.uses) fault('uses', `${write.id}: ${granted} uses of ${terms.uses}`)
      if (state !== undefined && WITHDRAWN.includes(state) && !withdrawnAt.has(write.id)) withdrawnAt.set(write.id, now())
    },
    onAnswered({ method, path, key, fingerprint }, { status, json }) {
      if (key !== undefined && status < 300 && fingerprintOf(context, json.id) !== fingerprint)
        fault('uses', `the Idempotency-Key ${key} made a request, and was used with other content`)
      const [, request] = /^\/requests\/(req_\w+)\/(?:revoke|deny|cancel)$/.exec(path) ?? []
      if (
        method === 'POST' &&
        status === 200 &&
        request !== undefined &&
        WITHDRAWN.includes(json.state) &&
        !withdrawalAnswered.has(request)
      )
        withdrawalAnswered.set(request, now())
    },
    onVended(call, answer) {
      const found = credentialsIn(answer)
      if (!found) return
      if (call.attack !== undefined) fault('uses', `${call.id} got credentials with ${call.attack}`)
      const session = call.renews ?? sessionOf(context, found.accessKeyId)
      const request = session?.split('.')[0] ?? ''
      const answered = withdrawalAnswered.get(request)
      if (answered !== undefined && call.started > answered) fault('uses', `${request} was withdrawn, and a later call got credentials`)
      if (call.once !== undefined) {
        byToken.set(call.once, (byToken.get(call.once) ?? 0) + 1)
        if ((byToken.get(call.once) ?? 0) > 1) fault('uses', `the single-use token ${call.once} gave two credentials`)
        if (call.renews !== undefined) reach('a job renews with a single-use token')
      }
      // A renewal takes no use.
      if (call.renews !== undefined) return
      if (call.tokenExpires !== undefined) {
        const reservedAt = reservedAtOf(context, session) ?? 0
        if (reservedAt >= call.tokenExpires + TOKEN_GRACE_MS)
          fault('uses', `${session} is reserved at ${reservedAt}, and its token expired at ${call.tokenExpires}`)
      }
      const withdrawn = withdrawnAt.get(`REQ#${request}`)
      if (withdrawn !== undefined && (issuedAt.get(session as string) ?? 0) > withdrawn)
        fault('uses', `${request}: issued after it was withdrawn`)
      if (call.key !== undefined) {
        const keys = (byKey.get(call.key) ?? new Set()).add(found.accessKeyId)
        byKey.set(call.key, keys)
        if (keys.size > 1) fault('uses', `the Idempotency-Key ${call.key} gave ${keys.size} credentials`)
        if (fingerprintOf(context, session) !== call.fingerprint)
          fault('uses', `the Idempotency-Key ${call.key} was used with other content`)
      }
      const count = (left.get(request) ?? 0) + 1
      left.set(request, count)
      const approval = releases[0]?.profiles.find(call.profile)?.approval
      const most = call.by === 'credentials' ? CONTAINER_USES : (approval?.maxUses ?? 1)
      if (count > most) fault('uses', `${request}: ${count} credentials of ${most} uses`)
    },
    /** The sweeper returns the use of an interrupted call after 90 seconds, whatever else its request does. */
    onSwept(started) {
      for (const item of context.dynamo.items('stint'))
        for (const { suffix, state, fields } of sessionsIn(item)) {
          const session = `${stringOf(item.id)}.${suffix}`
          const age = started - (numberOf(fields.reservedAt) ?? 0)
          const isKnown = (writtenAt.get(session) ?? started) < started - indexLagMs
          if (state === 'reserved' && isKnown && age > ABANDONED_AFTER_MS + 2 * skewMs + 1000)
            fault('liveness', `${session} is still reserved after a sweep that began ${age / 1000} s after its reservation`)
        }
    },
    whenHealed() {
      for (const item of context.dynamo.items('stint')) {
        const stuck = sessionsIn(item).find(({ state }) => state === 'reserved')
        if (stuck) fault('liveness', `${stringOf(item.id)}.${stuck.suffix} is still reserved after two sweeps`)
        if (item.openKey) fault('liveness', `${stringOf(item.id)} is still in the index of open reservations`)
        if (eventsIn(item).some((event) => event?.type === 'session.abandoned')) reach('a reservation was abandoned')
      }
    },
  }
}

const reservedAtOf = ({ dynamo }: OracleContext, session = ''): number | undefined =>
  numberOf(storedSession(dynamo, session)?.fields.reservedAt)

/** The content that the Idempotency-Key of a request or a session belongs to. */
const fingerprintOf = ({ dynamo }: OracleContext, id = ''): string | undefined =>
  stringOf(storedSession(dynamo, id)?.fields.fingerprint) ?? stringOf(dynamo.item('stint', `REQ#${id.split('.')[0]}`)?.fingerprint)

function sessionOf({ dynamo }: OracleContext, accessKeyId: string): string | undefined {
  for (const item of dynamo.items('stint'))
    for (const { suffix, fields } of sessionsIn(item))
      if (stringOf(fields.issued?.M?.accessKeyId) === accessKeyId) return `${stringOf(item.id)}.${suffix}`
  return undefined
}
