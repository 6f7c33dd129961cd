/**
 * Carries out the ends of one role's sessions: makes the policy of the role from what is stored, writes it, and reads it back. Runs for one
 * role never overlap, because their messages are in one group of a FIFO queue. A run can stop anywhere and be repeated: what is to be done
 * stays written down until AWS has returned the policy.
 */
import { MAX_CREDENTIALS_SECONDS } from '@stint/core/config/shape'
import { type Instant, seconds } from '@stint/core/instant'
import { canonicalJson } from '@stint/core/json'
import type { Done, Unknown } from '@stint/core/outcome'
import { type EarlierSessions, type EndedSession, earlierSessions, endedSession, endPolicy } from '@stint/core/request/immediate-end'
import { canHaveMoreSessions } from '@stint/core/request/request'
import { canEnd } from '@stint/core/request/session'
import { LATER_SECONDS } from '@stint/core/sts-limits'
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
  /** When the table was restored from a backup. What was noted before may be about ends that the table has lost. */
  readonly epoch?: Instant
  readonly sleep: (milliseconds: number) => Promise<void>
  readonly log: Log
}
/** `denied`: sessions in the policy. `left`: those for which it has no room. `waiting`: ends that are not done. */
type CarriedOut = { readonly denied: number; readonly left: number; readonly waiting: number }

/** Requests of one run. What is left is for the next one. */
const MOST_PENDING = 1000
const READ_AT_ONCE = 16
/** An end that the ledger does not have by now was never written: no function takes as long. */
const NEVER_ENDED_SECONDS = 120
/** By now, nothing that a session had when it ended works at AWS. */
const EXPIRED_SECONDS = MAX_CREDENTIALS_SECONDS + LATER_SECONDS
/** Tries of one call to IAM, and the first wait between two of them. */
const TRIES = 5
const FIRST_WAIT_MS = 200

/** Throws `Trouble` if anything did not answer, or AWS refused: then the run is to be repeated. */
export async function carryOut(ender: Ender, place: RolePlace): Promise<CarriedOut> {
  const { work, clock, epoch = 0 } = ender
  const { roleArn } = place
  const now = clock()
  const pending = (await work.pending(roleArn)).slice(0, MOST_PENDING)
  if (pending.length === 0) return { denied: 0, left: 0, waiting: 0 }
  const requests = await inParallel(pending, READ_AT_ONCE, (one) => sessionsOf(ender, one, roleArn, now))
  const stored = await work.ended(roleArn)
  const known = new Map(stored.sessions.map((session) => [session.suffix, session]))
  const all = [...new Map([...requests.flatMap(({ ended }) => ended).map((one) => [one.suffix, one] as const), ...known]).values()]
  const earlier = latest(stored.earlier, pending)

  const policy = endPolicy(all, earlier, now)
  const isWritten = policy?.denied.every(({ state }) => state === 'read-back') && earlier?.before === stored.earlier?.before
  const count = (policy?.denied.length ?? 0) + (policy?.left.length ?? 0)
  // Stored before any policy has them: whatever is lost after this, no later policy leaves them out while their credentials work.
  const unknown = all.filter(({ suffix }) => !known.has(suffix))
  await work.store(roleArn, unknown)
  const { state: reached, cause } = policy && !isWritten ? await write(ender, place, policy.document) : ALREADY
  const changed = [
    ...(policy?.denied ?? []).filter(({ state }) => state !== reached && state !== 'read-back').map((one) => ({ ...one, state: reached })),
    ...(policy?.left ?? []).filter(({ state }) => state !== 'full').map((one) => ({ ...one, state: 'full' as const })),
  ]
  await work.write(roleArn, changed, count, isWritten ? undefined : earlier)
  if (cause !== undefined) throw new Trouble(`the policy of ${roleArn} was written, and not read back: ${cause}`)
  await work.prune(
    roleArn,
    stored.sessions.filter(({ until }) => until <= now).map(({ suffix }) => suffix),
  )

  const left = new Set(policy?.left.map(({ suffix }) => suffix))
  // The note of an end that is under way can be there already, so it stays as long as a session of its request could still end, even one
  // that is yet to be issued.
  function isOver({ at }: PendingEnd, { ended, areAllOver }: OfRequest): boolean {
    const age = now - at
    // A restored table can lack the end until `stint audit restore` has put it back.
    if (at <= epoch && ended.length === 0) return age > seconds(EXPIRED_SECONDS)
    return ended.every(({ suffix }) => !left.has(suffix)) && (areAllOver || age > seconds(NEVER_ENDED_SECONDS))
  }
  const over = pending.filter((one, at) => isOver(one, requests[at] as OfRequest))
  await inParallel(over, READ_AT_ONCE, work.settle)
  const carried = { denied: policy?.denied.length ?? 0, left: left.size, waiting: pending.length - over.length }
  ender.log({ event: 'sessions-denied', role: roleArn, ...carried })
  return carried
}

/**
 * `ended`: sessions of a request that the ledger has ended, and whose credentials still work. `areAllOver`: no other session
 * of the request can be ended, now or later.
 */
type OfRequest = { readonly ended: readonly EndedSession[]; readonly areAllOver: boolean }

async function sessionsOf({ ledger }: Ender, { request }: PendingEnd, roleArn: string, now: Instant): Promise<OfRequest> {
  const found = await ledger.request(request)
  if (found.outcome === 'unknown') throw new Trouble(found.cause)
  const sessions = (found.value?.sessions ?? []).filter((session) => session.roleArn === roleArn)
  const canHaveMore = found.value !== undefined && canHaveMoreSessions(found.value)
  return {
    ended: sessions.flatMap((session) => endedSession(session, now) ?? []),
    areAllOver: !canHaveMore && sessions.every((session) => !canEnd(session, now)),
  }
}

function latest(stored: EarlierSessions | undefined, pending: readonly PendingEnd[]): EarlierSessions | undefined {
  const wanted = Math.max(0, ...pending.flatMap(({ everyEarlier }) => everyEarlier ?? []))
  const made = wanted > 0 ? earlierSessions(wanted) : undefined
  return made && made.before > (stored?.before ?? 0) ? made : stored
}

type Written = { readonly state: 'read-back' | 'written'; readonly cause?: string }
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
