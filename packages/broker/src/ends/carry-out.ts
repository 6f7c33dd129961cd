/**
 * Carries out the ends of one role's sessions: makes the policy of the role from what is stored, writes it, and reads it back. Runs for one
 * role never overlap, because their messages are in one group of a FIFO queue. A run can stop anywhere and be repeated: what is to be done
 * stays written down until AWS has returned the policy.
 */
import type { SessionId } from '@stint/core/ids'
import { type Instant, seconds } from '@stint/core/instant'
import { canonicalJson } from '@stint/core/json'
import type { Done, Unknown } from '@stint/core/outcome'
import {
  type EarlierSessions,
  type EndedSession,
  type EndPolicy,
  earlierSessions,
  endedSession,
  endPolicy,
  rowBeside,
  sessionOf,
} from '@stint/core/request/immediate-end'
import { canHaveMoreSessions } from '@stint/core/request/request'
import { canEnd } from '@stint/core/request/session'
import { inParallel } from '../log/parallel.ts'
import type { EndWork, OpenRolePolicy, PendingEnd, RolePlace, RolePolicyRefused } from '../ports/immediate-ends.ts'
import type { Ledger } from '../ports/ledger.ts'
import { Trouble } from '../ports/log.ts'
import type { Clock, Log } from '../ports/runtime.ts'

export type Ender = {
  readonly ledger: Pick<Ledger, 'request'>
  readonly work: EndWork
  readonly open: OpenRolePolicy
  readonly clock: Clock
  readonly sleep: (milliseconds: number) => Promise<void>
  readonly log: Log
}
/** `denied`: sessions in the policy. `left`: those for which it has no room. `waiting`: ends that are not done. */
type CarriedOut = { readonly denied: number; readonly left: number; readonly waiting: number }

/** Requests of one run. What is left is for the next one. */
const MOST_PENDING = 1000
const READ_AT_ONCE = 16
/** An end that the ledger does not have by now was never written: no function takes as long, and no write arrives as late. */
const NEVER_ENDED_SECONDS = 300
/** Tries of one call to IAM, and the first wait between two of them. */
const TRIES = 5
const FIRST_WAIT_MS = 200

/** Throws `Trouble` if anything did not answer, or AWS refused: then the run is to be repeated. */
export async function carryOut(ender: Ender, place: RolePlace): Promise<CarriedOut> {
  const { work, clock } = ender
  const { roleArn } = place
  const now = clock()
  const pending = (await work.pending(roleArn)).slice(0, MOST_PENDING)
  if (pending.length === 0) return { denied: 0, left: 0, waiting: 0 }
  const found = await inParallel(pending, READ_AT_ONCE, async (note) => ({ note, ...(await sessionsOf(ender, note, roleArn, now)) }))
  const stored = await work.ended(roleArn)
  const known = new Set(stored.sessions.map(sessionOf))
  const unknown = withRows(
    found.flatMap(({ working }) => working).filter((one) => !known.has(sessionOf(one))),
    stored.sessions,
  )
  const all = [...unknown, ...stored.sessions]
  // A note of an earlier version of Stint does not name the session.
  const wishes = found
    .filter(({ note: { last }, ended }) => (last === undefined ? ended.size > 0 : ended.has(last)))
    .map(({ note }) => note)
  const earlier = latest(stored.earlier, wishes)

  // Stored before any policy has them: whatever is lost after this, no later policy leaves them out while their credentials work.
  await work.store(roleArn, unknown)
  const isWritten = ({ denied }: EndPolicy): boolean =>
    denied.every(({ state }) => state === 'read-back') && earlier?.before === stored.earlier?.before
  const reach = async (policy: EndPolicy): Promise<Written> =>
    policy.document === undefined || isWritten(policy) ? ALREADY : write(ender, place, policy.document)
  let policy = endPolicy(all, earlier, now)
  let reached = await reach(policy)
  if (reached.state === 'full') {
    ender.log({ level: 'error', event: 'end-policy-full', role: roleArn, cause: reached.cause })
    policy = endPolicy(all, earlier, now, true)
    reached = await reach(policy)
    if (reached.state === 'full') throw new Trouble(reached.cause)
  }
  const { state, cause } = reached
  const { denied, left } = policy
  const changed = [
    ...denied.filter((one) => one.state !== state && one.state !== 'read-back').map((one) => ({ ...one, state })),
    ...left.filter((one) => one.state !== 'full').map((one) => ({ ...one, state: 'full' as const })),
  ]
  const count = denied.length + left.length
  await work.write(roleArn, changed, count, isWritten(policy) ? undefined : earlier)
  if (cause !== undefined) throw new Trouble(`the policy of ${roleArn} was written, and not read back: ${cause}`)
  await work.prune(
    roleArn,
    stored.sessions.filter(({ until }) => until <= now),
  )

  const hasNoRoom = new Set(left.map(sessionOf))
  // The note of an end that is under way can be there already, so it stays as long as a session of its request could still end, even one
  // that is yet to be issued.
  const over = found.filter(
    ({ note, working, areAllOver }) =>
      working.every((one) => !hasNoRoom.has(sessionOf(one))) && (areAllOver || now - note.at > seconds(NEVER_ENDED_SECONDS)),
  )
  await inParallel(over, READ_AT_ONCE, ({ note }) => work.settle(note))
  const carried = { denied: denied.length, left: left.length, waiting: pending.length - over.length }
  ender.log({ event: 'sessions-denied', role: roleArn, ...carried })
  return carried
}

/** A session whose suffix another one has gets a row beside it. */
function withRows(sessions: readonly EndedSession[], stored: readonly EndedSession[]): readonly EndedSession[] {
  const taken = new Set(stored.map(({ suffix }) => suffix))
  return sessions.map((one) => {
    if (taken.has(one.suffix)) return { ...one, row: rowBeside(one) }
    taken.add(one.suffix)
    return one
  })
}

/**
 * Sessions of a request. `ended`: those that the ledger has ended. `working`: of these, those whose credentials still work. `areAllOver`: no
 * other session of the request can be ended, now or later.
 */
type OfRequest = { readonly ended: ReadonlySet<SessionId>; readonly working: readonly EndedSession[]; readonly areAllOver: boolean }

async function sessionsOf({ ledger }: Ender, { request }: PendingEnd, roleArn: string, now: Instant): Promise<OfRequest> {
  const found = await ledger.request(request)
  if (found.outcome === 'unknown') throw new Trouble(found.cause)
  const sessions = (found.value?.sessions ?? []).filter((session) => session.roleArn === roleArn)
  const canHaveMore = found.value !== undefined && canHaveMoreSessions(found.value)
  return {
    ended: new Set(sessions.flatMap(({ id, state }) => (state === 'ended' ? [id] : []))),
    working: sessions.flatMap((session) => endedSession(session, now) ?? []),
    areAllOver: !canHaveMore && sessions.every((session) => !canEnd(session, now)),
  }
}

function latest(stored: EarlierSessions | undefined, pending: readonly PendingEnd[]): EarlierSessions | undefined {
  const wanted = Math.max(0, ...pending.flatMap(({ everyEarlier }) => everyEarlier ?? []))
  const made = wanted > 0 ? earlierSessions(wanted) : undefined
  return made && made.before > (stored?.before ?? 0) ? made : stored
}

/** `full`: AWS refused it, because all inline policies of the role together would be too long. */
type Written = { readonly state: 'read-back' | 'written'; readonly cause?: string } | { readonly state: 'full'; readonly cause: string }
const ALREADY: Written = { state: 'read-back' }

/**
 * Writes the policy, and reads it back. If the write was not answered, the run ends here: it is repeated after the call can no longer take
 * effect, so that an old policy never replaces a newer one.
 */
async function write(ender: Ender, place: RolePlace, document: string): Promise<Written> {
  const opened = await ender.open(place)
  if (opened.outcome !== 'done') {
    const cause = opened.outcome === 'refused' ? (opened.operator ?? opened.detail) : opened.cause
    throw new Trouble(`the revoker of ${place.roleArn}: ${cause}`)
  }
  const policy = opened.value
  const put = await again(ender, () => policy.put(document))
  if (put.outcome === 'refused' && put.reason === 'full') return { state: 'full', cause: put.cause }
  if (put.outcome !== 'done') throw new Trouble(put.cause)
  for (let tries = 1; ; tries++) {
    const found = await again(ender, () => policy.get())
    if (found.outcome !== 'done') return { state: 'written', cause: found.cause }
    if (found.value !== undefined && isSame(found.value, document)) return { state: 'read-back' }
    // IAM is eventually consistent: a read can be older than the write.
    if (tries >= TRIES) return { state: 'written', cause: 'IAM returns a different policy' }
    await ender.sleep(FIRST_WAIT_MS * 2 ** tries)
  }
}

/** Repeats a call that IAM refused for now. What is refused did not happen. */
async function again<T>({ sleep }: Ender, call: () => Promise<Done<T> | RolePolicyRefused | Unknown>) {
  for (let tries = 1; ; tries++) {
    const answer = await call()
    if (answer.outcome !== 'refused' || answer.reason !== 'throttled' || tries >= TRIES) return answer
    await sleep(FIRST_WAIT_MS * 2 ** tries)
  }
}

function isSame(found: string, written: string): boolean {
  try {
    return canonicalJson(JSON.parse(found)) === canonicalJson(JSON.parse(written))
  } catch {
    return false
  }
}
