/**
 * What Slack shows of a request, brought to what the request is. It is made from the request as it stands, not from the
 * change that called for it: so a change that came late, twice or out of order does no harm, and what could not be posted
 * is made good by the next run.
 *
 * Every message is claimed before it is posted, and kept with its place after. Slack being down, slow or in need of rest
 * delays messages and nothing else: a request whose messages are not as they should be is owed, and tried again ever less
 * often until somebody looks.
 */
import { readEvent } from '@stint/core/audit/schema'
import type { Matcher, Rules } from '@stint/core/config/shape'
import { type Instant, seconds } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import { parseRequestId, type RequestId } from '@stint/core/request/ids'
import { type AccessRequest, stateAt } from '@stint/core/request/request'
import type { Message, Posted, SlackAnswer, SlackApi, Thread } from '../adapters/slack.ts'
import { decisions } from '../decisions.ts'
import type { Linking } from '../links.ts'
import { type Journaled, Trouble } from '../log/ports.ts'
import type { Clock, Ledger, Log, Post, SlackState } from '../ports.ts'
import { howToUse, linkMessage, outcomeMessage, requestMessage, threadMessage } from './messages.ts'
import { shownOf } from './shown.ts'

export type NotifyParts = {
  readonly rules: Rules
  readonly clock: Clock
  readonly log: Log
  readonly ledger: Pick<Ledger, 'request' | 'change'>
  /** Reads one journal from the story table. */
  readonly journal: (request: string) => Promise<Journaled | undefined>
  readonly linking: Pick<Linking, 'slackOf'>
  readonly state: SlackState
  readonly api: SlackApi
  readonly publicUrl: string
}

/** A claim older than this was made by somebody who did not live to post: better said twice than not at all. */
const CLAIM_SECONDS = 60
/** Tries before a request's messages wait for a person: with the back-off below, about a day. */
const MOST_TRIES = 40
const FIRST_WAIT_SECONDS = 5
const LONGEST_WAIT_SECONDS = 2400

/** Why Slack does not show the request as it is. `later`: Slack said in how many seconds. */
type Fault = { readonly cause: string; readonly later?: number }
/** Refusals that no later try will change: the message is given up, and said so. */
const final = new Set([
  'channel_not_found',
  'is_archived',
  'not_in_channel',
  'restricted_action',
  'invalid_blocks',
  'msg_too_long',
  'message_not_found',
  'cant_update_message',
  'edit_window_closed',
  'user_not_found',
  'cannot_dm_bot',
  'user_disabled',
])

export type Notified = { readonly requests: number; readonly owed: number }

/** The stream has shown changes: of requests, and of people's links. */
export async function notify(parts: NotifyParts, journals: readonly Journaled[]): Promise<Notified> {
  const ids = new Set(journals.flatMap(({ request, removed }) => (removed ? [] : (parseRequestId(request) ?? []))))
  let owed = 0
  for (const id of ids) owed += (await bring(parts, id, undefined)) ? 0 : 1
  for (const journal of journals) if (journal.request.startsWith('lnk_')) await tellOfLink(parts, journal)
  return { requests: ids.size, owed }
}

/** Tries again what is owed and due. `dead` ones only where somebody asks for it. */
export async function notifyOwed(parts: NotifyParts, replay: boolean): Promise<Notified> {
  const all = await parts.state.owed()
  if (all.outcome === 'unknown') throw new Error(all.cause)
  const now = parts.clock()
  const due = all.value.filter(({ dead, next }) => (dead ? replay : replay || next <= now))
  let owed = 0
  for (const { request, tries, dead } of due) owed += (await bring(parts, request, dead ? 0 : tries)) ? 0 : 1
  return { requests: due.length, owed }
}

/** Whether Slack shows the request as it is now. */
async function bring(parts: NotifyParts, id: RequestId, tried: number | undefined): Promise<boolean> {
  const faults = await brought(parts, id)
  if (faults.length === 0) {
    await parts.state.settle(id)
    return true
  }
  const tries = (tried ?? 0) + 1
  const wait = Math.max(
    ...faults.map(({ later }) => later ?? 0),
    Math.min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** Math.min(tries, 10)),
  )
  const dead = tries >= MOST_TRIES
  const [{ cause } = { cause: '' }] = faults
  const written = await parts.state.owe({ request: id, tries, next: parts.clock() + seconds(wait), cause, dead })
  parts.log({ level: dead ? 'error' : 'info', event: dead ? 'slack-dead-letter' : 'slack-owed', request: id, tries, cause })
  // Nobody would come back to it: whoever called is to call again.
  if (written.outcome === 'unknown') throw new Error(written.cause)
  return false
}

async function brought(parts: NotifyParts, id: RequestId): Promise<readonly Fault[]> {
  const { ledger, state, clock } = parts
  const [found, posts, journal] = await Promise.all([ledger.request(id), state.posts(id), journalOf(parts, id)])
  for (const one of [found, posts, journal]) if (one.outcome === 'unknown') return [{ cause: one.cause }]
  if (found.outcome !== 'done' || posts.outcome !== 'done' || journal.outcome !== 'done') return []
  const request = found.value
  // Granted by rule: there is nobody to be told.
  if (!request || request.pendingUntil === 0) return []
  const desk = new Desk(parts, request, journal.value?.events ?? [], posts.value, clock())
  // The story stands below the request, in its order; whoever asked is told meanwhile.
  await Promise.all([desk.roots().then(() => desk.thread()), desk.requester()])
  return desk.faults
}

async function journalOf({ journal }: NotifyParts, id: RequestId): Promise<Done<Journaled | undefined> | Unknown> {
  try {
    return done(await journal(id))
  } catch (error) {
    if (error instanceof Trouble) return { outcome: 'unknown', cause: error.message }
    throw error
  }
}

/** One request's messages, while they are brought up to date. */
class Desk {
  readonly faults: Fault[] = []
  readonly #parts: NotifyParts
  readonly #request: AccessRequest
  readonly #events: Journaled['events']
  readonly #now: Instant
  readonly #posts: Map<string, Post>
  readonly #decisions: ReturnType<typeof decisions>

  constructor(parts: NotifyParts, request: AccessRequest, events: Journaled['events'], posts: readonly Post[], now: Instant) {
    this.#parts = parts
    this.#request = request
    this.#events = events
    this.#now = now
    this.#posts = new Map(posts.map((post) => [post.key, post]))
    this.#decisions = decisions(parts)
  }

  /** The request itself, in its channel and to its approvers: posted once, and changed with it. */
  async roots(): Promise<void> {
    const { rules } = this.#parts
    const profile = rules.profiles.find(this.#request.profile)
    const channel = profile?.slack?.channel ?? rules.slack?.channel
    const { caller } = this.#request
    const approvers = profile?.slack?.dm
      ? approversNamed(rules, this.#decisions.approvalOf(this.#request.profile)?.rules ?? []).filter(
          ({ issuer, subject }) => issuer !== caller.issuer || subject !== caller.subject,
        )
      : []
    await Promise.all([
      ...(channel === undefined ? [] : [this.#root(`root#${channel}`, async () => channel, true)]),
      ...approvers.map((person) => this.#copyTo(person)),
    ])
  }

  async #copyTo(person: { readonly issuer: string; readonly subject: string }): Promise<void> {
    const slack = await this.#parts.linking.slackOf(person, this.#now)
    if (slack.outcome === 'unknown') this.faults.push({ cause: slack.cause })
    else if (slack.value) await this.#root(`root#${slack.value.user}`, this.#direct(slack.value.user), false)
  }

  async #root(key: string, channel: () => Promise<string | undefined>, inChannel: boolean): Promise<void> {
    const message = () => requestMessage(shownOf(this.#parts.rules, this.#decisions, this.#request, this.#now, inChannel))
    const { version } = this.#request
    const post = this.#posts.get(key)
    if (!post?.ts || !post.channel) {
      // Nobody is called about what was over before it could be said.
      if (post || stateAt(this.#request, this.#now) === 'pending' || this.#request.breakGlass) await this.#post(key, channel, message())
      return
    }
    if (post.version === version) return
    const updated = this.#took(await this.#parts.api.update({ channel: post.channel, ts: post.ts }, message()), key)
    if (updated) await this.#keep({ ...post, version })
  }

  /** The story, below the message in the channel: each event that people want to know of, once. */
  async thread(): Promise<void> {
    const root = [...this.#posts.values()].find(({ key, ts, channel }) => /^root#[CG]/.test(key) && ts && channel)
    if (!root?.channel || !root.ts) return
    const { channel, ts } = root
    for (const [index, one] of this.#events.entries()) {
      const event = 'event' in one ? readEvent(one.event) : undefined
      const told = typeof event === 'object' ? threadMessage(event, this.#shown()) : undefined
      if (told) await this.#post(`event#${index}`, async () => channel, told.message, { ts, ...(told.loud ? { broadcast: true } : {}) })
    }
  }

  /** Whoever asked is told what came of it, and how to use it. */
  async requester(): Promise<void> {
    const state = stateAt(this.#request, this.#now)
    if (!['approved', 'denied', 'expired', 'revoked'].includes(state)) return
    const key = `told#${state}`
    if (this.#posts.get(key)?.ts) return
    const slack = await this.#parts.linking.slackOf(this.#request.caller, this.#now)
    if (slack.outcome === 'unknown') return void this.faults.push({ cause: slack.cause })
    if (!slack.value) return
    const shown = this.#shown()
    const message = state === 'approved' ? howToUse(shown, this.#parts.publicUrl) : outcomeMessage(shown, state)
    await this.#post(key, this.#direct(slack.value.user), message)
  }

  #shown() {
    return shownOf(this.#parts.rules, this.#decisions, this.#request, this.#now, true)
  }

  readonly #direct = (user: string) => async (): Promise<string | undefined> =>
    this.#took(await this.#parts.api.openDirect(user), `dm#${user}`)

  /** Posts what nobody has posted yet. */
  async #post(key: string, channel: () => Promise<string | undefined>, message: Message, thread?: Thread): Promise<void> {
    if (this.#posts.get(key)?.ts) return
    const { state, clock } = this.#parts
    const now = clock()
    const claimed = await state.claimPost(this.#request.id, key, now, now - seconds(CLAIM_SECONDS))
    if (claimed.outcome === 'unknown') return void this.faults.push({ cause: claimed.cause })
    if (!claimed.value) return void (await this.#claimedByOthers(key))
    const at = await channel()
    const answer: SlackAnswer<Posted> | undefined = at === undefined ? undefined : await this.#parts.api.post(at, message, thread)
    const posted = answer && this.#took(answer, key)
    if (posted) await this.#keep({ key, claimedAt: now, ...posted, version: this.#request.version })
    // Nothing stands there for certain, and it may be tried again at once. Where nobody knows, the claim stays until it is old.
    else if (answer?.outcome !== 'unknown' && !(answer?.outcome === 'refused' && final.has(answer.error))) await this.#drop(key)
  }

  /** Somebody else posts it just now; if they do not come to it, a later run does. */
  async #claimedByOthers(key: string): Promise<void> {
    const posts = await this.#parts.state.posts(this.#request.id)
    const theirs = posts.outcome === 'done' ? posts.value.find((post) => post.key === key) : undefined
    if (theirs?.ts) this.#posts.set(key, theirs)
    else this.faults.push({ cause: `${key} is claimed`, later: CLAIM_SECONDS })
  }

  async #keep(post: Post): Promise<void> {
    this.#posts.set(post.key, post)
    const kept = await this.#parts.state.keepPost(this.#request.id, post)
    if (kept.outcome === 'unknown') this.faults.push({ cause: kept.cause })
  }

  async #drop(key: string): Promise<void> {
    const dropped = await this.#parts.state.dropPost(this.#request.id, key)
    if (dropped.outcome === 'unknown') this.faults.push({ cause: dropped.cause })
  }

  /** The value, or undefined and a fault on the list; what Slack will never take is logged and left. */
  #took<T>(answer: SlackAnswer<T>, what: string): T | undefined {
    if (answer.outcome === 'done') return answer.value
    if (answer.outcome === 'later') this.faults.push({ cause: `${what}: Slack asks for ${answer.seconds} s`, later: answer.seconds })
    else if (answer.outcome === 'unknown') this.faults.push({ cause: `${what}: ${answer.cause}` })
    else if (!final.has(answer.error)) this.faults.push({ cause: `${what}: ${answer.error}` })
    else this.#parts.log({ level: 'error', event: 'slack-given-up', request: this.#request.id, what, error: answer.error })
    return undefined
  }
}

/** Approvers whom the rules name one by one, by `sub`: others are not known by name to anybody but their issuer. */
export function approversNamed(
  rules: Pick<Rules, 'issuers'>,
  approvalRules: readonly { readonly by: readonly { readonly issuer: string; readonly claims: { readonly [claim: string]: Matcher } }[] }[],
): readonly { readonly issuer: string; readonly subject: string }[] {
  const named = approvalRules.flatMap(({ by }) =>
    by.flatMap(({ issuer, claims }) => {
      const { sub } = claims
      const subjects = typeof sub === 'string' ? [sub] : typeof sub === 'object' && 'oneOf' in sub ? sub.oneOf.map(String) : []
      return rules.issuers[issuer]?.kind === 'human' ? subjects.map((subject) => ({ issuer, subject })) : []
    }),
  )
  const keys = new Set<string>()
  return named.filter(({ issuer, subject }) => !keys.has(`${issuer}#${subject}`) && keys.add(`${issuer}#${subject}`))
}

/** A link was made or ended: the Slack user is told, whoever did it. The person is told where they did it. */
async function tellOfLink(parts: NotifyParts, { request, events }: Journaled): Promise<void> {
  for (const [index, one] of events.entries()) {
    const event = 'event' in one ? readEvent(one.event) : undefined
    if (index < events.length - AT_ONCE || typeof event !== 'object' || !['link.made', 'link.ended'].includes(event.type)) continue
    // The time too: a journal that was erased begins anew.
    const first = await parts.state.claimTelling(`${request}/${index + 1}@${event.at}`, parts.clock())
    if (first.outcome === 'done' && !first.value) continue
    const channel = await parts.api.openDirect(String(event.slack).split('/')[1] ?? '')
    const posted = channel.outcome === 'done' ? await parts.api.post(channel.value, linkMessage(event)) : channel
    if (posted.outcome !== 'done') parts.log({ level: 'error', event: 'slack-link-not-told', link: request })
  }
}
/** Events that one change of a link can bring. */
const AT_ONCE = 2
