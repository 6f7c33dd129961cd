/** The messages about a request: to its channel, its approvers and its requester. */
import { namedSubjects } from '@stint/core/access/responders'
import { eventIn, type Journaled } from '@stint/core/audit/journal-item'
import type { Matcher, Rules } from '@stint/core/config/shape'
import { sessionSuffix } from '@stint/core/ids'
import { type Instant, seconds } from '@stint/core/instant'
import { endNotices, NOTICE_SECONDS, stepBeforeEnd } from '@stint/core/request/end-notice'
import { type AccessRequest, stateAt } from '@stint/core/request/request'
import type { Session } from '@stint/core/request/session'
import type { Message } from '../adapters/slack.ts'
import { decisions } from '../approvals/decide.ts'
import type { Post } from '../ports/slack-state.ts'
import { bareMessage, endingMessage, howToUse, outcomeMessage, requestMessage, threadMessage } from './messages.ts'
import type { Run } from './order.ts'
import { channelOf, type Destination, inChannel, type NotifyParts, Posting, UPDATING } from './posting.ts'
import { shownOf } from './shown.ts'

/** The keys of messages about sessions that are about to end begin with this. */
const ENDING = 'ending#'

/** Updates the messages of one request. */
export class RequestMessages extends Posting {
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

  async #root(key: string, where: Destination, callsGroup: boolean): Promise<void> {
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
      const message = event && threadMessage(event, this.#shown())
      if (!message) continue
      const thread = { ts, ...(message.loud ? { broadcast: true as const } : {}) }
      // Keep the order: stop at the first message that cannot be posted.
      if (!(await this.post(`event#${index}`, inChannel(channel), message.message, { thread }))) return
    }
  }

  /** Notifies the requester of the outcome, and of how to use an approved request. */
  async requester(): Promise<void> {
    const state = stateAt(this.#request, this.#now)
    if (!['approved', 'denied', 'expired', 'revoked'].includes(state)) return
    const key = `outcome#${state}`
    if (this.posts.get(key)?.ts) return
    const shown = this.#shown()
    await this.#toRequester(key, state === 'approved' ? howToUse(shown, this.parts.publicUrl) : outcomeMessage(shown, state))
  }

  /** Notifies the requester that a session is about to end, or has this request looked at again when the next one is. */
  async endings(): Promise<void> {
    const notices = endNotices(this.#request, this.#now)
    const next = notices.find(({ at }) => at > this.#now)
    if (next) {
      const added = await this.parts.state.addReminder({ request: this.#request.id, at: next.at })
      if (added.outcome === 'unknown') this.faults.push({ cause: added.cause })
    }
    for (const { session, at } of notices) if (at <= this.#now) await this.#endingOf(session)
  }

  async #endingOf(session: Session): Promise<void> {
    const key = `${ENDING}${sessionSuffix(session.id)}`
    if (this.posts.get(key)?.ts) return
    const step = stepBeforeEnd(this.#request, this.#now)
    if (step === undefined || this.parts.rules.profiles.find(this.#request.profile) === undefined) return
    // Sessions of one request can end minute by minute. The message names the last end, so the next one can wait.
    const since = this.#now - seconds(NOTICE_SECONDS)
    if ([...this.posts.values()].some((post) => post.key.startsWith(ENDING) && post.key !== key && post.claimedAt > since)) return
    await this.#toRequester(key, endingMessage(this.#request, session, step, this.#now))
  }

  async #toRequester(key: string, message: Message): Promise<void> {
    const slack = await this.parts.linking.slackOf(this.#request.caller, this.#now)
    if (slack.outcome === 'unknown') this.faults.push({ cause: slack.cause })
    else if (slack.value) await this.post(key, this.direct(slack.value.user), message)
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
