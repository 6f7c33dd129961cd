/**
 * The part of Slack's Web API that Stint calls. Each call has one of four outcomes: done, refused with a reason, to be sent later, or
 * unknown. Nothing is retried here, because only the caller knows what a second message would mean.
 * Source: Slack API docs, "Web API", "Rate limits"; each method's page for its errors.
 */

import type { KnownBlock, ModalView } from '@slack/types'
import { ErrorCode, LogLevel, WebClient, type WebClientOptions } from '@slack/web-api'
import { defined } from '@stint/core/defined'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import type { Timers } from '../ports/deadline.ts'
import { fetchWithin } from './bounded-fetch.ts'

/** Slack refused, with its own error code (`channel_not_found`, `expired_trigger_id`). A repeat would be refused again. */
type SlackRefused = { readonly outcome: 'refused'; readonly error: string }
/** Slack asks to wait for so many seconds; nothing was done. */
type SlackLater = { readonly outcome: 'later'; readonly seconds: number }
export type SlackAnswer<T> = Done<T> | SlackRefused | SlackLater | Unknown

/** Where a message is: what an update needs. */
export type Posted = { readonly channel: string; readonly ts: string }
/** `color`: a bar next to the blocks, which Slack supports for attachments only. */
export type Message = { readonly text: string; readonly blocks: readonly KnownBlock[]; readonly color?: string }
/** The message to reply to; `broadcast`: the channel sees the reply as well. */
export type Thread = { readonly ts: string; readonly broadcast?: true }
type SlackAccount = {
  readonly id: string
  /** The user's own workspace (`T…`), or their Enterprise Grid organization (`E…`). */
  readonly team: string
  /** The user's Enterprise Grid organization, and their workspaces in it. */
  readonly enterprise?: string
  readonly teams?: readonly string[]
  /** A name that the user can choose; use it for display only. */
  readonly name: string
  readonly email?: string
  /** An active full member of some workspace: not a bot, deleted or a guest. Which workspaces count, approvals/workspaces.ts decides. */
  readonly member: boolean
}

export type SlackApi = {
  /** In a channel, or in the thread of another message. */
  post(channel: string, message: Message, thread?: Thread): Promise<SlackAnswer<Posted>>
  update(at: Posted, message: Message): Promise<SlackAnswer<Posted>>
  /** The channel of direct messages to one user. */
  openDirect(user: string): Promise<SlackAnswer<string>>
  /** Within three seconds of the trigger, and once. */
  openView(trigger: string, view: ModalView): Promise<SlackAnswer<string>>
  /** `hash`: refused if the view has changed in the meantime. */
  updateView(id: string, hash: string | undefined, view: ModalView): Promise<SlackAnswer<string>>
  user(id: string): Promise<SlackAnswer<SlackAccount>>
  userByEmail(email: string): Promise<SlackAnswer<SlackAccount>>
}

type SlackSettings = {
  readonly token: string
  readonly fetch: typeof globalThis.fetch
  readonly timeoutMs: number
  /** Those of the process if absent. */
  readonly timers?: Timers
  /** Another base URL instead of Slack's, for the sandbox. Ends in a slash. */
  readonly url?: string
}

/** If Slack asks to wait longer than this, the next retry finds out again. */
const LONGEST_WAIT_SECONDS = 300
const DEFAULT_WAIT_SECONDS = 30

export function slackApi({ token, fetch, timeoutMs, timers, url }: SlackSettings): SlackApi {
  const client = new WebClient(token, {
    fetch: ofWebApi(fetchWithin(fetch, { maxBytes: MOST_BYTES, timeoutMs, ...defined({ timers }) })),
    timeout: timeoutMs,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    // The client would log what it sends.
    logLevel: LogLevel.ERROR,
    logger: { debug() {}, info() {}, warn() {}, error() {}, setLevel() {}, getLevel: () => LogLevel.ERROR, setName() {} },
    ...defined({ slackApiUrl: url }),
  })

  return {
    post: (channel, message, thread) =>
      asked(
        () =>
          client.chat.postMessage({
            channel,
            ...contentOf(message),
            // Turn off links, previews and mentions, except those that Stint wrote as such.
            unfurl_links: false,
            unfurl_media: false,
            ...(thread === undefined ? {} : thread.broadcast ? { thread_ts: thread.ts, reply_broadcast: true } : { thread_ts: thread.ts }),
          }),
        ({ channel: at, ts }) => (isWhereAsked(at, channel) && isTs(ts) ? { channel: at, ts } : undefined),
      ),
    update: ({ channel, ts }, message) =>
      asked(
        () => client.chat.update({ channel, ts, ...contentOf(message) }),
        ({ channel: at, ts: when }) => (at === channel && when === ts ? { channel, ts } : undefined),
      ),
    openDirect: (user) =>
      asked(
        () => client.conversations.open({ users: user }),
        ({ channel }) => (isId('D', channel?.id) ? channel?.id : undefined),
      ),
    openView: (trigger, view) =>
      asked(
        () => client.views.open({ trigger_id: trigger, view }),
        (answer) => (isId('V', answer.view?.id) && isSame(answer.view, view) ? answer.view?.id : undefined),
      ),
    updateView: (id, hash, view) =>
      asked(
        () => client.views.update({ view_id: id, view, ...defined({ hash }) }),
        (answer) => (answer.view?.id === id && isSame(answer.view, view) ? id : undefined),
      ),
    user: (id) =>
      asked(
        () => client.users.info({ user: id }),
        ({ user }) => (user?.id === id ? userOf(user) : undefined),
      ),
    userByEmail: (email) =>
      asked(
        () => client.users.lookupByEmail({ email }),
        // Slack ignores case in email addresses.
        ({ user }) => {
          const found = user && userOf(user)
          return found?.email?.toLowerCase() === email.toLowerCase() ? found : undefined
        },
      ),
  }
}

// ── What an answer must show ─────────────────────────────────────────────────────────────────────────────────────────

/** Slack's IDs begin with a letter for their kind: `C` and `G` channels, `D` direct messages, `U` and `W` users, `V` views. */
const isId = (letters: string, id: unknown): id is string => typeof id === 'string' && new RegExp(`^[${letters}][A-Z0-9]{1,40}$`).test(id)
const isTs = (ts: unknown): ts is string => typeof ts === 'string' && /^\d{1,12}\.\d{1,9}$/.test(ts)
/** A message to a user is in the channel of direct messages to them, which has an ID of its own. */
const isWhereAsked = (at: unknown, channel: string): at is string => (isId('UW', channel) ? isId('D', at) : at === channel)
const isSame = (shown: { readonly callback_id?: string } | undefined, { callback_id: asked }: ModalView): boolean =>
  asked === undefined || shown?.callback_id === asked

/** A response repeats what was posted, which takes far less than this. */
const MOST_BYTES = 1024 * 1024

/**
 * Accepts only responses in the format of the Web API. The client would take any other string for an error code, and any truthy `ok` for
 * success.
 */
function ofWebApi(fetch: typeof globalThis.fetch): NonNullable<WebClientOptions['fetch']> {
  return async (url, init) => {
    const answer = await fetch(url, init as RequestInit)
    if (answer.status === 200 && !isOfWebApi(await answer.clone().text()))
      throw new Error('the response is not in the format of the Web API')
    return answer
  }
}

function isOfWebApi(text: string): boolean {
  try {
    const { ok, error } = JSON.parse(text) as { readonly ok?: unknown; readonly error?: unknown }
    return ok === true || (ok === false && typeof error === 'string')
  } catch {
    return false
  }
}

const contentOf = ({ text, blocks, color }: Message) =>
  color === undefined ? { text, blocks: [...blocks] } : { text, attachments: [{ color, fallback: text, blocks: [...blocks] }] }

type ReturnedUser = NonNullable<Awaited<ReturnType<WebClient['users']['info']>>['user']>

/** Undefined if this is not a Slack user. A user without the flags that say what they are is not a member. */
function userOf(user: ReturnedUser): SlackAccount | undefined {
  const { id, team_id: team, profile } = user
  if (!isId('UW', id) || !isId('TE', team) || typeof profile !== 'object' || profile === null) return undefined
  const { email, display_name: displayName } = profile
  if (email !== undefined && typeof email !== 'string') return undefined
  const names = [displayName, user.real_name, user.name].filter((name) => typeof name === 'string' && name !== '')
  const grid = enterpriseOf(user.enterprise_user)
  if (grid === undefined) return undefined
  const isMember = [user.deleted, user.is_bot, user.is_restricted, user.is_ultra_restricted].every((flag) => flag === false)
  return {
    id,
    team,
    name: names[0] ?? id,
    member: isMember && !user.is_stranger && id !== 'USLACKBOT',
    ...grid,
    ...defined({ email }),
  }
}

/** Undefined if it is there and odd. Source: Slack API docs, "User object", `enterprise_user`. */
function enterpriseOf(given: unknown): Pick<SlackAccount, 'enterprise' | 'teams'> | undefined {
  if (given === undefined || given === null) return {}
  const { enterprise_id: enterprise, teams = [] } = given as { readonly enterprise_id?: unknown; readonly teams?: unknown }
  if (!isId('E', enterprise) || !Array.isArray(teams) || !teams.every((team): team is string => isId('T', team))) return undefined
  return { enterprise, teams }
}

/** Errors on Slack's side, reported in a response: the call may or may not have taken effect. */
const troubles = new Set(['internal_error', 'fatal_error', 'service_unavailable', 'request_timeout', 'team_added_to_org'])

async function asked<A, T>(call: () => Promise<A>, read: (answer: A) => T | undefined): Promise<SlackAnswer<T>> {
  try {
    const value = read(await call())
    return value === undefined ? { outcome: 'unknown', cause: 'Slack: the response lacks the requested data' } : done(value)
  } catch (error) {
    const { code, retryAfter, data, message } = error as { code?: string; retryAfter?: number; data?: { error?: string }; message?: string }
    if (code === ErrorCode.RateLimitedError) return later(retryAfter)
    if (code === ErrorCode.PlatformError) {
      const said = data?.error ?? 'unknown'
      if (said === 'ratelimited' || said === 'rate_limited') return later(undefined)
      // The client takes any other text in a response for an error of Slack's.
      const isWord = /^[a-z_]{1,64}$/.test(said) && !troubles.has(said)
      return isWord ? { outcome: 'refused', error: said } : { outcome: 'unknown', cause: `Slack: ${said.slice(0, 100)}` }
    }
    return { outcome: 'unknown', cause: `Slack: ${code ?? (error as Error).name}: ${message ?? ''}`.slice(0, 200) }
  }
}

const later = (seconds: number | undefined): SlackLater => ({
  outcome: 'later',
  seconds: Math.min(LONGEST_WAIT_SECONDS, seconds !== undefined && seconds > 0 ? seconds : DEFAULT_WAIT_SECONDS),
})
