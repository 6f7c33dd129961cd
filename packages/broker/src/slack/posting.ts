/** Posting the messages about one request, link or freeze, each of them once. */

import type { Journaled } from '@stint/core/audit/journal-item'
import type { Rules } from '@stint/core/config/shape'
import { defined } from '@stint/core/defined'
import { seconds } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import type { Message, Posted, SlackAnswer, SlackApi, Thread } from '../adapters/slack.ts'
import type { Linking } from '../approvals/link.ts'
import type { Ledger } from '../ports/ledger.ts'
import { Trouble } from '../ports/log.ts'
import type { Clock, Log } from '../ports/runtime.ts'
import type { PendingId, Post, SlackState } from '../ports/slack-state.ts'
import type { RateScope, Run, SlackFailure } from './order.ts'

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
/** Errors that no retry can change: the message is given up, and the log says so. */
const final = new Set([
  'channel_not_found',
  'is_archived',
  'not_in_channel',
  'restricted_action',
  'invalid_blocks',
  'invalid_attachments',
  'msg_too_long',
  'msg_blocks_too_long',
  'message_not_found',
  'cant_update_message',
  'edit_window_closed',
  'user_not_found',
  'cannot_dm_bot',
  'user_disabled',
])

/** Errors about the message itself, which are bugs in Stint. A smaller message may be accepted. */
const notTaken = new Set(['invalid_blocks', 'msg_too_long', 'msg_blocks_too_long', 'invalid_attachments'])

/** The channel of a profile's requests. */
export const channelOf = (rules: Rules, profile: string): string | undefined =>
  rules.profiles.find(profile)?.slack?.channel ?? rules.slack?.channel

export async function journalOf({ journal }: NotifyParts, id: PendingId): Promise<Done<Journaled | undefined> | Unknown> {
  try {
    return done(await journal(id))
  } catch (error) {
    if (error instanceof Trouble) return { outcome: 'unknown', cause: error.message }
    throw error
  }
}

/** Where a message goes. The channel of a direct message is opened only when it is needed. */
export type Destination = { readonly scope: RateScope; readonly open: () => Promise<string | undefined> }
export const inChannel = (channel: string): Destination => ({ scope: channel, open: async () => channel })
/** Methods that Slack rate-limits as a whole, not by channel. */
export const UPDATING = 'chat.update'
const OPENING = 'conversations.open'

/** The messages about one request, link or freeze, each posted once. */
export class Posting {
  readonly faults: SlackFailure[] = []
  overtaken = false
  protected readonly parts: NotifyParts
  protected readonly posts: Map<string, Post>
  readonly #run: Run
  readonly #urgent: boolean
  readonly #id: PendingId

  constructor(parts: NotifyParts, run: Run, urgent: boolean, id: PendingId, posts: readonly Post[]) {
    this.parts = parts
    this.posts = new Map(posts.map((post) => [post.key, post]))
    this.#run = run
    this.#urgent = urgent
    this.#id = id
  }

  protected readonly direct = (user: string): Destination => ({
    scope: `dm#${user}`,
    open: async () => (this.hindered(OPENING) ? undefined : this.took(await this.parts.api.openDirect(user), `dm#${user}`, OPENING)),
  })

  /** Returns whether the scope must not be called now, and if so adds the fault to the list. */
  protected hindered(scope: RateScope): boolean {
    const fault = this.#run.over(this.#urgent, scope)
    if (fault) this.faults.push(fault)
    return fault !== undefined
  }

  /** Posts a message that is not posted yet. `bare`: used if Slack rejects the message. True if it is posted or was given up. */
  protected async post(
    key: string,
    { scope, open }: Destination,
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
    if (posted) await this.keep({ key, claimedAt: now, ...posted, ...defined({ version }) })
    // Drop the claim if the message was certainly not posted, so that a retry can post it. Otherwise the claim stays until it is old.
    else if (answer?.outcome !== 'unknown' && !(answer?.outcome === 'refused' && this.isFinal(answer.error)))
      await this.#drop({ key, claimedAt: now })
    return this.faults.length === before
  }

  #fault(fault: SlackFailure): false {
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

  async #drop(claim: Pick<Post, 'key' | 'claimedAt'>): Promise<void> {
    const dropped = await this.parts.state.dropPost(this.#id, claim)
    if (dropped.outcome === 'unknown') this.faults.push({ cause: dropped.cause })
  }

  protected isFinal(error: string): boolean {
    return final.has(error)
  }

  /** Returns the value, or undefined and adds a fault to the list. What Slack will never accept is logged and given up. */
  protected took<T>(answer: SlackAnswer<T>, what: string, scope: RateScope): T | undefined {
    if (answer.outcome === 'done') {
      this.#run.done()
      return answer.value
    }
    const fault: SlackFailure =
      answer.outcome === 'later'
        ? { cause: `${what}: Slack rate limit, retry after ${answer.seconds} s`, later: answer.seconds }
        : { cause: `${what}: ${answer.outcome === 'unknown' ? answer.cause : answer.error}` }
    if (answer.outcome !== 'refused') this.#run.rest(scope, fault)
    if (answer.outcome !== 'refused' || !this.isFinal(answer.error)) this.faults.push(fault)
    else this.parts.log({ level: 'error', event: 'slack-given-up', request: this.#id, what, error: answer.error })
    return undefined
  }
}
