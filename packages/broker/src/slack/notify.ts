/**
 * Brings Slack's messages about a request up to date. Messages are made from the current request, not from the change that caused
 * the run: so a change that arrives late, twice or out of order does no harm, and the next run posts what this one could not.
 *
 * Every message is claimed before it is posted, and its location is stored afterwards. `turns.ts` decides the order. If Slack is
 * down, slow or rate-limits Stint, messages are late and nothing else happens: the request is stored as owed, and retried with
 * growing delays until an operator has to look at it.
 */

import { type FreezeId, parseScope } from '@stint/core/access/freeze'
import { mayStopResponder, namedSubjects } from '@stint/core/access/responders'
import { eventIn, type Journaled } from '@stint/core/audit/journal-item'
import type { Matcher, Rules } from '@stint/core/config/shape'
import type { LinkId } from '@stint/core/identity/link'
import { parseFreezeId, parseRequestId, type RequestId } from '@stint/core/ids'
import { type Instant, parseIso, seconds } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import { type AccessRequest, stateAt } from '@stint/core/request/request'
import type { Message, Posted, SlackAnswer, SlackApi, Thread } from '../adapters/slack.ts'
import { decisions } from '../approvals/decide.ts'
import type { Linking } from '../approvals/link.ts'
import type { Ledger } from '../ports/ledger.ts'
import { Trouble } from '../ports/log.ts'
import type { Clock, Log } from '../ports/runtime.ts'
import type { Owed, OwedId, Post, SlackState } from '../ports/slack-state.ts'
import { bareMessage, freezeMessage, howToUse, linkMessage, outcomeMessage, requestMessage, threadMessage } from './messages.ts'
import { shownOf } from './shown.ts'
import { type Fault, inTurns, Run, type Scope, type Turn } from './turns.ts'

export type NotifyParts = {
  readonly rules: Rules
  readonly clock: Clock
  readonly log: Log
  readonly ledger: Pick<Ledger, 'request' | 'change' | 'frozen'>
  /** Reads one journal from the story table. */
  readonly journal: (request: string) => Promise<Journaled | undefined>
  readonly linking: Pick<Linking, 'slackOf'>
  readonly state: SlackState
  readonly api: SlackApi
  readonly publicUrl: string
}

/** A claim older than this belongs to a run that ended before it posted. A duplicate message is better than none. */
const CLAIM_SECONDS = 60
/** Tries before a request's messages wait for an operator: with the back-off below, about a day. */
const MOST_TRIES = 40
const FIRST_WAIT_SECONDS = 5
const LONGEST_WAIT_SECONDS = 2400

/** Errors that no retry can change: the message is given up, and the log says so. */
const final = new Set([
  'channel_not_found',
  'is_archived',
  'not_in_channel',
  'restricted_action',
  'invalid_blocks',
  'invalid_attachments',
  'msg_too_long',
  'message_not_found',
  'cant_update_message',
  'edit_window_closed',
  'user_not_found',
  'cannot_dm_bot',
  'user_disabled',
])

/** Errors about the message itself, which are bugs in Stint. A smaller message may be accepted. */
const notTaken = new Set(['invalid_blocks', 'msg_too_long', 'invalid_attachments'])

export type Notified = { readonly requests: number; readonly owed: number }

/** Handles changes from the stream: of requests, links and freezes. */
export async function notify(parts: NotifyParts, journals: readonly Journaled[]): Promise<Notified> {
  const ids = new Set(journals.flatMap(({ request, removed }) => (removed ? [] : (owedId(request) ?? []))))
  // Only the scheduled run settles what is owed: another run may have just written it.
  const jobs = await jobsOf(
    parts,
    [...ids].map((id) => ({ id })),
  )
  return bringAll(parts, jobs, { urgentSeconds: RUN_SECONDS, ordinarySeconds: STREAM_SECONDS })
}

/** Retries what is owed and due. `dead` items are retried only in a replay. */
export async function notifyOwed(parts: NotifyParts, replay: boolean): Promise<Notified> {
  const all = await parts.state.owed()
  if (all.outcome === 'unknown') throw new Error(all.cause)
  const now = parts.clock()
  const due = all.value.filter(({ dead, next }) => (dead ? replay : replay || next <= now))
  // In each channel, the item with the fewest tries is first, so that one that always fails does not delay the others.
  due.sort((a, b) => a.tries - b.tries)
  const jobs = await jobsOf(
    parts,
    due.map((debt) => ({ id: debt.request, debt })),
  )
  return bringAll(parts, jobs, { urgentSeconds: RUN_SECONDS, ordinarySeconds: RUN_SECONDS })
}

/** The function has one minute. A call can take eight seconds, and what is owed must be written as well. */
const RUN_SECONDS = 25
/**
 * The stream delivers the next batch only after this one, so ordinary messages give up early and are left to the schedule. A
 * break-glass in the next batch waits at most this long, plus one call and the write of what is owed.
 */
const STREAM_SECONDS = 10

type Job = Turn & { readonly id: OwedId; readonly debt?: Owed }

async function bringAll(parts: NotifyParts, jobs: readonly Job[], limits: ConstructorParameters<typeof Run>[1]): Promise<Notified> {
  const run = new Run(parts.clock, limits)
  let owed = 0
  for (const job of inTurns(jobs)) owed += (await bring(parts, run, job)) ? 0 : 1
  return { requests: jobs.length, owed }
}

/** How many requests are read in parallel, to decide the order. */
const READ_AT_ONCE = 16

async function jobsOf(parts: NotifyParts, wanted: readonly Pick<Job, 'id' | 'debt'>[]): Promise<readonly Job[]> {
  const jobs: Job[] = []
  for (let at = 0; at < wanted.length; at += READ_AT_ONCE)
    jobs.push(
      ...(await Promise.all(wanted.slice(at, at + READ_AT_ONCE).map(async (one) => ({ ...one, ...(await turnOf(parts, one.id)) })))),
    )
  return jobs
}

/** Links, freezes and requests that cannot be read now each have a turn of their own. */
async function turnOf({ rules, ledger, clock }: NotifyParts, id: OwedId): Promise<Turn> {
  if (isFreeze(id)) return { urgent: true, channel: rules.slack?.channel ?? id }
  const found = isLink(id) ? undefined : await ledger.request(id as RequestId)
  const request = found?.outcome === 'done' ? found.value : undefined
  if (!request) return { urgent: false, channel: id }
  const waits = ['pending', 'approved'].includes(stateAt(request, clock()))
  return { urgent: request.breakGlass && waits, channel: channelOf(rules, request.profile) ?? id }
}

const channelOf = (rules: Rules, profile: string): string | undefined =>
  rules.profiles.find(profile)?.slack?.channel ?? rules.slack?.channel

const isLink = (id: string): id is LinkId => id.startsWith('lnk_')
const isFreeze = (id: string): id is FreezeId => parseFreezeId(id) !== undefined
const owedId = (text: string): OwedId | undefined => (isLink(text) || isFreeze(text) ? text : parseRequestId(text))

/** Returns whether Slack is up to date. */
async function bring(parts: NotifyParts, run: Run, { id, debt, urgent }: Job): Promise<boolean> {
  const over = run.over(urgent)
  const faults = over ? [over] : await broughtUp(parts, run, id, urgent)
  if (faults.length === 0) {
    if (debt) await parts.state.settle(debt)
    return true
  }
  const before = debt && !debt.dead ? debt.tries : 0
  const tries = faults.every(({ unmet }) => unmet) ? before : before + 1
  const wait = Math.max(
    ...faults.map(({ later }) => later ?? 0),
    Math.min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** Math.min(tries, 10)),
  )
  const dead = tries >= MOST_TRIES
  const [{ cause } = { cause: '' }] = faults
  const written = await parts.state.owe({ request: id, tries, next: parts.clock() + seconds(wait), cause, dead })
  parts.log({ level: dead ? 'error' : 'info', event: dead ? 'slack-dead-letter' : 'slack-owed', request: id, tries, cause })
  // Nothing would retry it, so the caller has to call again.
  if (written.outcome === 'unknown') throw new Error(written.cause)
  return false
}

/** Two runs can update the same request at once, and the older one may finish last. So check whether it changed meanwhile. */
async function broughtUp(parts: NotifyParts, run: Run, id: OwedId, urgent: boolean): Promise<readonly Fault[]> {
  if (isLink(id)) return toldOf(parts, id, (posts) => new LinkDesk(parts, run, urgent, id, posts))
  if (isFreeze(id)) return toldOf(parts, id, (posts) => new FreezeDesk(parts, run, urgent, id, posts))
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
  readonly faults: readonly Fault[]
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
  const messenger = new Messenger(parts, run, urgent, request, journal.value?.events ?? [], posts.value, clock(), again)
  // The thread follows the request's message, in order. The requester is notified in parallel.
  await Promise.all([messenger.roots().then(() => messenger.thread()), messenger.requester()])
  return { faults: messenger.faults, version: request.version, overtaken: messenger.overtaken }
}

async function journalOf({ journal }: NotifyParts, id: OwedId): Promise<Done<Journaled | undefined> | Unknown> {
  try {
    return done(await journal(id))
  } catch (error) {
    if (error instanceof Trouble) return { outcome: 'unknown', cause: error.message }
    throw error
  }
}

/** Where a message goes. The channel of a direct message is opened only when it is needed. */
type Where = { readonly scope: Scope; readonly open: () => Promise<string | undefined> }
const inChannel = (channel: string): Where => ({ scope: channel, open: async () => channel })
/** Methods that Slack rate-limits as a whole, not by channel. */
const [UPDATING, OPENING] = ['chat.update', 'conversations.open']

/** The messages about one request, link or freeze, each posted once. */
class Posting {
  readonly faults: Fault[] = []
  overtaken = false
  protected readonly parts: NotifyParts
  protected readonly posts: Map<string, Post>
  readonly #run: Run
  readonly #urgent: boolean
  readonly #id: OwedId

  constructor(parts: NotifyParts, run: Run, urgent: boolean, id: OwedId, posts: readonly Post[]) {
    this.parts = parts
    this.posts = new Map(posts.map((post) => [post.key, post]))
    this.#run = run
    this.#urgent = urgent
    this.#id = id
  }

  protected readonly direct = (user: string): Where => ({
    scope: `dm#${user}`,
    open: async () => (this.hindered(OPENING) ? undefined : this.took(await this.parts.api.openDirect(user), `dm#${user}`, OPENING)),
  })

  /** Returns whether the scope must not be called now, and if so adds the fault to the list. */
  protected hindered(scope: Scope): boolean {
    const fault = this.#run.over(this.#urgent, scope)
    if (fault) this.faults.push(fault)
    return fault !== undefined
  }

  /** Posts a message that is not posted yet. `bare`: used if Slack rejects the message. True if it is posted or was given up. */
  protected async post(
    key: string,
    { scope, open }: Where,
    message: Message,
    { version, thread, bare }: { readonly version?: number; readonly thread?: Thread; readonly bare?: () => Message } = {},
  ): Promise<boolean> {
    if (this.posts.get(key)?.ts) return true
    if (this.hindered(scope)) return false
    const { state, clock, api } = this.parts
    const now = clock()
    const claimed = await state.claimPost(this.#id, key, now, now - seconds(CLAIM_SECONDS))
    if (claimed.outcome === 'unknown') return this.#fault({ cause: claimed.cause })
    if (!claimed.value) return this.#claimedByOthers(key)
    const before = this.faults.length
    const at = await open()
    let answer: SlackAnswer<Posted> | undefined = at === undefined ? undefined : await api.post(at, message, thread)
    if (at !== undefined && bare && answer?.outcome === 'refused' && notTaken.has(answer.error)) {
      this.parts.log({ level: 'error', event: 'slack-not-taken', request: this.#id, what: key, error: answer.error })
      answer = await api.post(at, bare(), thread)
    }
    const posted = answer && this.took(answer, key, scope)
    if (posted) await this.keep({ key, claimedAt: now, ...posted, ...(version === undefined ? {} : { version }) })
    // Drop the claim if the message was certainly not posted, so that a retry can post it. Otherwise the claim stays until it is old.
    else if (answer?.outcome !== 'unknown' && !(answer?.outcome === 'refused' && this.isFinal(answer.error))) await this.#drop(key)
    return this.faults.length === before
  }

  #fault(fault: Fault): false {
    this.faults.push(fault)
    return false
  }

  /** Another run is posting it. If that run fails, a later one posts it. */
  async #claimedByOthers(key: string): Promise<boolean> {
    const posts = await this.parts.state.posts(this.#id)
    const theirs = posts.outcome === 'done' ? posts.value.find((post) => post.key === key) : undefined
    if (!theirs?.ts) return this.#fault({ cause: `${key} is claimed`, later: CLAIM_SECONDS })
    this.posts.set(key, theirs)
    return true
  }

  protected async keep(post: Post): Promise<void> {
    this.posts.set(post.key, post)
    const kept = await this.parts.state.keepPost(this.#id, post)
    if (kept.outcome === 'unknown') this.faults.push({ cause: kept.cause })
    else if (!kept.value) this.overtaken = true
  }

  async #drop(key: string): Promise<void> {
    const dropped = await this.parts.state.dropPost(this.#id, key)
    if (dropped.outcome === 'unknown') this.faults.push({ cause: dropped.cause })
  }

  protected isFinal(error: string): boolean {
    return final.has(error)
  }

  /** Returns the value, or undefined and adds a fault to the list. What Slack will never accept is logged and given up. */
  protected took<T>(answer: SlackAnswer<T>, what: string, scope: Scope): T | undefined {
    if (answer.outcome === 'done') {
      this.#run.done()
      return answer.value
    }
    const fault: Fault =
      answer.outcome === 'later'
        ? { cause: `${what}: Slack rate limit, retry after ${answer.seconds} s`, later: answer.seconds }
        : { cause: `${what}: ${answer.outcome === 'unknown' ? answer.cause : answer.error}` }
    if (answer.outcome !== 'refused') this.#run.rest(scope, fault)
    if (answer.outcome !== 'refused' || !this.isFinal(answer.error)) this.faults.push(fault)
    else this.parts.log({ level: 'error', event: 'slack-given-up', request: this.#id, what, error: answer.error })
    return undefined
  }
}

/** Updates the messages of one request. */
class Messenger extends Posting {
  readonly #request: AccessRequest
  readonly #events: Journaled['events']
  readonly #now: Instant
  readonly #again: boolean
  readonly #decisions: ReturnType<typeof decisions>

  constructor(
    parts: NotifyParts,
    run: Run,
    urgent: boolean,
    request: AccessRequest,
    events: Journaled['events'],
    posts: readonly Post[],
    now: Instant,
    again: boolean,
  ) {
    super(parts, run, urgent, request.id, posts)
    this.#request = request
    this.#events = events
    this.#now = now
    this.#again = again
    this.#decisions = decisions(parts)
  }

  /** A pending break-glass is not given up because a channel is gone: an operator can fix that in time. */
  protected override isFinal(error: string): boolean {
    return super.isFinal(error) && !(this.#request.breakGlass && stateAt(this.#request, this.#now) === 'pending')
  }

  /** The request's own message, in its channel and to its approvers: posted once, then updated. */
  async roots(): Promise<void> {
    const { rules } = this.parts
    const profile = rules.profiles.find(this.#request.profile)
    const channel = channelOf(rules, this.#request.profile)
    const { caller } = this.#request
    const approvers = profile?.slack?.dm
      ? approversNamed(rules, this.#decisions.approvalOf(this.#request.profile)?.rules ?? []).filter(
          ({ issuer, subject }) => issuer !== caller.issuer || subject !== caller.subject,
        )
      : []
    await Promise.all([
      ...(channel === undefined ? [] : [this.#root(`root#${channel}`, inChannel(channel), true)]),
      ...approvers.map((person) => this.#copyTo(person)),
    ])
  }

  async #copyTo(person: { readonly issuer: string; readonly subject: string }): Promise<void> {
    const slack = await this.parts.linking.slackOf(person, this.#now)
    if (slack.outcome === 'unknown') this.faults.push({ cause: slack.cause })
    else if (slack.value) await this.#root(`root#${slack.value.user}`, this.direct(slack.value.user), false)
  }

  async #root(key: string, where: Where, callsGroup: boolean): Promise<void> {
    const message = () => requestMessage(shownOf(this.parts.rules, this.#decisions, this.#request, this.#now, callsGroup))
    const { version } = this.#request
    const post = this.posts.get(key)
    if (!post?.ts || !post.channel) {
      // A request that was over before it could be posted is not posted, except for a break-glass.
      if (post || stateAt(this.#request, this.#now) === 'pending' || this.#request.breakGlass)
        await this.post(key, where, message(), {
          version,
          bare: () => bareMessage(shownOf(this.parts.rules, this.#decisions, this.#request, this.#now, callsGroup)),
        })
      return
    }
    if (!this.#again && post.version !== undefined && post.version >= version) return
    if (this.hindered(UPDATING)) return
    const updated = this.took(await this.parts.api.update({ channel: post.channel, ts: post.ts }, message()), key, UPDATING)
    if (updated) await this.keep({ ...post, version })
  }

  /** The thread below the message in the channel: one message for each event that matters to readers. */
  async thread(): Promise<void> {
    const root = [...this.posts.values()].find(({ key, ts, channel }) => /^root#[CG]/.test(key) && ts && channel)
    if (!root?.channel || !root.ts) return
    const { channel, ts } = root
    for (const [index, one] of this.#events.entries()) {
      const event = eventIn(one)
      const told = event && threadMessage(event, this.#shown())
      if (!told) continue
      const thread = { ts, ...(told.loud ? { broadcast: true as const } : {}) }
      // Keep the order: stop at the first message that cannot be posted.
      if (!(await this.post(`event#${index}`, inChannel(channel), told.message, { thread }))) return
    }
  }

  /** Notifies the requester of the outcome, and of how to use an approved request. */
  async requester(): Promise<void> {
    const state = stateAt(this.#request, this.#now)
    if (!['approved', 'denied', 'expired', 'revoked'].includes(state)) return
    const key = `told#${state}`
    if (this.posts.get(key)?.ts) return
    const slack = await this.parts.linking.slackOf(this.#request.caller, this.#now)
    if (slack.outcome === 'unknown') return void this.faults.push({ cause: slack.cause })
    if (!slack.value) return
    const shown = this.#shown()
    const message = state === 'approved' ? howToUse(shown, this.parts.publicUrl) : outcomeMessage(shown, state)
    await this.post(key, this.direct(slack.value.user), message)
  }

  #shown() {
    return shownOf(this.parts.rules, this.#decisions, this.#request, this.#now, true)
  }
}

/**
 * The approvers or responders that the rules name individually, by `sub` alone. Only the issuer can list others by name. If a rule
 * demands more claims than `sub`, Stint cannot know here whether the person still has them.
 */
export function approversNamed(
  rules: Pick<Rules, 'issuers'>,
  approvalRules: readonly { readonly by: readonly { readonly issuer: string; readonly claims: { readonly [claim: string]: Matcher } }[] }[],
): readonly { readonly issuer: string; readonly subject: string }[] {
  const named = approvalRules.flatMap(({ by }) =>
    by.flatMap(({ issuer, claims }) => {
      const { sub, ...more } = claims
      if (Object.keys(more).length > 0) return []
      const subjects = namedSubjects(sub) ?? []
      return rules.issuers[issuer]?.kind === 'human' ? subjects.map((subject) => ({ issuer, subject })) : []
    }),
  )
  const keys = new Set<string>()
  return named.filter(({ issuer, subject }) => !keys.has(`${issuer}#${subject}`) && keys.add(`${issuer}#${subject}`))
}

/** Notifies the Slack user that a link was made or ended. The person who did it sees the result in their own channel. */
class LinkDesk extends Posting {
  async tell(events: Journaled['events'], now: Instant): Promise<void> {
    for (const [index, one] of events.entries()) {
      const event = eventIn(one)
      if (!event || !['link.made', 'link.ended'].includes(event.type)) continue
      if ((parseIso(event.at) ?? 0) < now - seconds(TOLD_SECONDS)) continue
      // The key includes the time, because an erased journal starts again at index 0.
      const user = String(event.slack).split('/')[1] ?? ''
      if (!(await this.post(`event#${index}@${event.at}`, this.direct(user), linkMessage(event)))) return
    }
  }
}
/** Older events are not sent. This is longer than a message is retried. */
const TOLD_SECONDS = 3 * 86_400

/**
 * Notifies all responders of a freeze that may stop one of them: in the channel, and directly those that the config names by `sub`.
 * Otherwise an attacker with one responder's account could freeze the others without their notice.
 */
class FreezeDesk extends Posting {
  async tell(events: Journaled['events'], now: Instant): Promise<void> {
    const { rules, linking } = this.parts
    for (const [index, one] of events.entries()) {
      const event = eventIn(one)
      if (!event || !TOLD_OF_FREEZES.includes(event.type)) continue
      if ((parseIso(event.at) ?? 0) < now - seconds(TOLD_SECONDS)) continue
      if (!mayStopResponder(rules, parseScope(String(event.scope)))) return
      const message = freezeMessage(event)
      const key = `event#${index}`
      const channel = rules.slack?.channel
      if (channel !== undefined) await this.post(`${key}#${channel}`, inChannel(channel), message)
      for (const responder of approversNamed(rules, [{ by: rules.responders ?? [] }])) {
        const slack = await linking.slackOf(responder, now)
        if (slack.outcome === 'unknown') this.faults.push({ cause: slack.cause })
        else if (slack.value) await this.post(`${key}#${slack.value.user}`, this.direct(slack.value.user), message)
      }
    }
  }
}
const TOLD_OF_FREEZES: readonly string[] = ['freeze.set', 'freeze.released', 'freeze.deploy-released']

/** Posts the events of a link or a freeze, each as a message of its own. */
async function toldOf(
  parts: NotifyParts,
  id: LinkId | FreezeId,
  messengerOf: (posts: readonly Post[]) => LinkDesk | FreezeDesk,
): Promise<readonly Fault[]> {
  const [posts, journal] = await Promise.all([parts.state.posts(id), journalOf(parts, id)])
  for (const one of [posts, journal]) if (one.outcome === 'unknown') return [{ cause: one.cause }]
  if (posts.outcome !== 'done' || journal.outcome !== 'done') return []
  const messenger = messengerOf(posts.value)
  await messenger.tell(journal.value?.events ?? [], parts.clock())
  return messenger.faults
}
