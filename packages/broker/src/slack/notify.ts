/**
 * Brings Slack's messages about a request up to date. Messages are made from the current request, not from the change that caused
 * the run: so a change that arrives late, twice or out of order does no harm, and the next run posts what this one could not.
 *
 * Every message is claimed before it is posted, and its location is stored afterwards. `order.ts` decides the order. If Slack is
 * down, slow or rate-limits Stint, messages are late and nothing else happens: the request is stored as pending, and retried with
 * growing delays until an operator has to look at it.
 */

import type { FreezeId } from '@stint/core/access/freeze'
import type { Journaled } from '@stint/core/audit/journal-item'
import type { LinkId } from '@stint/core/identity/link'
import { parseFreezeId, parseRequestId, type RequestId } from '@stint/core/ids'
import { seconds } from '@stint/core/instant'
import { stateAt } from '@stint/core/request/request'
import type { PendingId, PendingUpdate, Reminder } from '../ports/slack-state.ts'
import { FreezeMessages, LinkMessages, sendEvents } from './event-messages.ts'
import { inTurns, Run, type SlackFailure, type Turn } from './order.ts'
import { channelOf, journalOf, type NotifyParts } from './posting.ts'
import { RequestMessages } from './request-messages.ts'

/** Tries before a request's messages wait for an operator: with the back-off below, about a day. */
const MOST_TRIES = 40
const FIRST_WAIT_SECONDS = 5
const LONGEST_WAIT_SECONDS = 2400

export type Notified = { readonly requests: number; readonly pending: number }

/** Handles changes from the stream: of requests, links and freezes. */
export async function notify(parts: NotifyParts, journals: readonly Journaled[]): Promise<Notified> {
  const ids = new Set(journals.flatMap(({ request, removed }) => (removed ? [] : (pendingId(request) ?? []))))
  // Only the scheduled run settles pending updates: another run may have just written it.
  const jobs = await jobsOf(
    parts,
    [...ids].map((id) => ({ id })),
  )
  return bringAll(parts, jobs, { urgentSeconds: RUN_SECONDS, ordinarySeconds: STREAM_SECONDS })
}

/** Retries pending updates that are due, and handles reminders. `dead` items are retried only in a replay. */
export async function notifyPending(parts: NotifyParts, replay: boolean): Promise<Notified> {
  const now = parts.clock()
  const all = await parts.state.pending(now)
  if (all.outcome === 'unknown') throw new Error(all.cause)
  const due = all.value.updates.filter(({ dead, next }) => (dead ? replay : replay || next <= now))
  // In each channel, the item with the fewest tries is first, so that one that always fails does not delay the others.
  due.sort((a, b) => a.tries - b.tries)
  const wanted = new Map<PendingId, Pick<Job, 'id' | 'update' | 'reminder'>>(
    due.map((update) => [update.request, { id: update.request, update }]),
  )
  for (const reminder of all.value.reminders.slice(0, MOST_REMINDERS))
    wanted.set(reminder.request, { id: reminder.request, ...wanted.get(reminder.request), reminder })
  const jobs = await jobsOf(parts, [...wanted.values()])
  return bringAll(parts, jobs, { urgentSeconds: RUN_SECONDS, ordinarySeconds: RUN_SECONDS })
}

/** Reminders that one run handles. The next run, a minute later, continues. */
const MOST_REMINDERS = 100

/** The function has one minute. A call can take eight seconds, and pending updates must be written as well. */
const RUN_SECONDS = 25
/**
 * The stream delivers the next batch only after this one, so ordinary messages give up early and are left to the schedule. A
 * break-glass in the next batch waits at most this long, plus one call and the write of pending updates.
 */
const STREAM_SECONDS = 10

/** `reminder`: removed when its request was brought up to date, or is pending. */
type Job = Turn & { readonly id: PendingId; readonly update?: PendingUpdate; readonly reminder?: Reminder }

async function bringAll(parts: NotifyParts, jobs: readonly Job[], limits: ConstructorParameters<typeof Run>[1]): Promise<Notified> {
  const run = new Run(parts.clock, limits)
  let pending = 0
  for (const job of inTurns(jobs)) {
    pending += (await bring(parts, run, job)) ? 0 : 1
    if (job.reminder) await parts.state.removeReminder(job.reminder)
  }
  return { requests: jobs.length, pending }
}

/** How many requests are read in parallel, to decide the order. */
const READ_AT_ONCE = 16

async function jobsOf(parts: NotifyParts, wanted: readonly Pick<Job, 'id' | 'update' | 'reminder'>[]): Promise<readonly Job[]> {
  const jobs: Job[] = []
  for (let at = 0; at < wanted.length; at += READ_AT_ONCE)
    jobs.push(
      ...(await Promise.all(wanted.slice(at, at + READ_AT_ONCE).map(async (one) => ({ ...one, ...(await turnOf(parts, one.id)) })))),
    )
  return jobs
}

/** Links, freezes and requests that cannot be read now each have a turn of their own. */
async function turnOf({ rules, ledger, clock }: NotifyParts, id: PendingId): Promise<Turn> {
  if (isFreeze(id)) return { urgent: true, channel: rules.slack?.channel ?? id }
  const found = isLink(id) ? undefined : await ledger.request(id as RequestId)
  const request = found?.outcome === 'done' ? found.value : undefined
  if (!request) return { urgent: false, channel: id }
  const waits = ['pending', 'approved'].includes(stateAt(request, clock()))
  return { urgent: request.breakGlass && waits, channel: channelOf(rules, request.profile) ?? id }
}

const isLink = (id: string): id is LinkId => id.startsWith('lnk_')
const isFreeze = (id: string): id is FreezeId => parseFreezeId(id) !== undefined
const pendingId = (text: string): PendingId | undefined => (isLink(text) || isFreeze(text) ? text : parseRequestId(text))

/** Returns whether Slack is up to date. */
async function bring(parts: NotifyParts, run: Run, { id, update, urgent }: Job): Promise<boolean> {
  const over = run.over(urgent)
  const faults = over ? [over] : await broughtUp(parts, run, id, urgent)
  if (faults.length === 0) {
    if (update) await parts.state.settle(update)
    return true
  }
  const before = update && !update.dead ? update.tries : 0
  const tries = faults.every(({ unmet }) => unmet) ? before : before + 1
  const wait = Math.max(
    ...faults.map(({ later }) => later ?? 0),
    Math.min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** Math.min(tries, 10)),
  )
  const dead = tries >= MOST_TRIES
  const [{ cause } = { cause: '' }] = faults
  const written = await parts.state.addPending({ request: id, tries, next: parts.clock() + seconds(wait), cause, dead })
  parts.log({ level: dead ? 'error' : 'info', event: dead ? 'slack-dead-letter' : 'slack-pending', request: id, tries, cause })
  // Nothing would retry it, so the caller has to call again.
  if (written.outcome === 'unknown') throw new Error(written.cause)
  return false
}

/** Two runs can update the same request at once, and the older one may finish last. So check whether it changed meanwhile. */
async function broughtUp(parts: NotifyParts, run: Run, id: PendingId, urgent: boolean): Promise<readonly SlackFailure[]> {
  if (isLink(id)) return sendEvents(parts, id, (posts) => new LinkMessages(parts, run, urgent, id, posts))
  if (isFreeze(id)) return sendEvents(parts, id, (posts) => new FreezeMessages(parts, run, urgent, id, posts))
  let overtaken = false
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const made = await brought(parts, run, id as RequestId, urgent, overtaken)
    if (made.faults.length > 0 || made.version === undefined) return made.faults
    overtaken = made.overtaken
    const now = await parts.ledger.request(id as RequestId)
    if (now.outcome === 'unknown') return [{ cause: now.cause }]
    if (!overtaken && now.value?.version === made.version) return []
  }
  return [{ cause: 'it changed too often during the update' }]
}
const MOST_ROUNDS = 3

type Brought = {
  readonly faults: readonly SlackFailure[]
  /** The version that Slack shows; absent if there is nothing to show. */
  readonly version?: number
  /** This run may have overwritten a newer message of another run. */
  readonly overtaken: boolean
}
const nothing: Brought = { faults: [], overtaken: false }

/** `again`: updates the message even if this version is already stored. */
async function brought(parts: NotifyParts, run: Run, id: RequestId, urgent: boolean, again: boolean): Promise<Brought> {
  const { ledger, state, clock } = parts
  const [found, posts, journal] = await Promise.all([ledger.request(id), state.posts(id), journalOf(parts, id)])
  for (const one of [found, posts, journal]) if (one.outcome === 'unknown') return { ...nothing, faults: [{ cause: one.cause }] }
  if (found.outcome !== 'done' || posts.outcome !== 'done' || journal.outcome !== 'done') return nothing
  const request = found.value
  // Granted by a rule: there is nobody to notify.
  if (!request || request.expiresAt === 0) return nothing
  const messages = new RequestMessages(parts, run, urgent, request, journal.value?.events ?? [], posts.value, clock(), again)
  // The thread follows the request's message, in order. The requester is notified in parallel.
  await Promise.all([messages.roots().then(() => messages.thread()), messages.requester().then(() => messages.endings())])
  return { faults: messages.faults, version: request.version, overtaken: messages.overtaken }
}
