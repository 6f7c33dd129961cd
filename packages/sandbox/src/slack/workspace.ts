/**
 * A Slack workspace in memory: people, channels, messages, modals, and the Web API methods on them, with Slack's error codes.
 * Source: Slack API docs, each method's page; "Rate limits"; "Handling user interaction".
 */

import type { KnownBlock, ModalView } from '@slack/types'
import { blockKitFaults } from '@stint/broker/slack/testing/block-kit'
import { defined } from '@stint/core/defined'

export const TEAM = 'T0ACME'
export const APP = 'A0STINT'
export const ONCALL_GROUP = 'S0ONCALL'
export const CHANNELS = { C0ACCESS: 'access', C0ONCALL: 'on-call', C0GENERAL: 'general' } as const

export type Member = {
  readonly id: string
  readonly team_id: string
  readonly name: string
  readonly real_name: string
  readonly email: string
  readonly is_bot?: true
  readonly deleted?: true
  readonly is_restricted?: true
  readonly is_ultra_restricted?: true
  readonly is_stranger?: true
  /** For a user of an Enterprise Grid organization. */
  readonly enterprise_user?: { readonly id: string; readonly enterprise_id: string; readonly teams: readonly string[] }
}

/** The company's people, by their names at the issuer, and users who must not get access. */
export const members = {
  developer: member('U0DANA', 'Dana Developer', 'dana'),
  'second-developer': member('U0SAM', 'Sam Second', 'sam'),
  approver: member('U0AVERY', 'Avery Approver', 'avery'),
  oncall: member('U0OLU', 'Olu On-Call', 'olu'),
  auditor: member('U0ADA', 'Ada Auditor', 'ada'),
  guest: { ...member('U0GUEST', 'Gus Guest', 'gus'), is_restricted: true },
  'one-channel-guest': { ...member('U0SINGLE', 'Sina Single', 'sina'), is_ultra_restricted: true },
  left: { ...member('U0LEFT', 'Lee Left', 'lee'), deleted: true },
  bot: { ...member('U0BOT', 'deploybot', 'bot'), is_bot: true },
  stranger: { ...member('U0STRANGE', 'Sid Stranger', 'sid'), team_id: 'T0OTHER', is_stranger: true },
} as const satisfies Record<string, Member>
export type MemberName = keyof typeof members

function member(id: string, name: string, handle: string): Member {
  return { id, team_id: TEAM, name: handle, real_name: name, email: `${handle}@acme.example` }
}

export type SlackMessage = {
  readonly channel: string
  readonly ts: string
  readonly thread?: string
  readonly broadcast?: boolean
  text: string
  blocks: readonly KnownBlock[]
  /** The color of the bar, which means that the blocks came as an attachment. */
  color?: string
  edited: number
  /** The only user who sees it. */
  readonly only?: string
}

export type OpenView = {
  readonly id: string
  readonly user: string
  hash: string
  view: ModalView
  errors: Readonly<Record<string, string>>
}

/** Slack's answer, and for a rate limit the seconds to wait. */
export type ApiAnswer = { readonly ok: boolean; readonly error?: string; readonly retryAfter?: number; readonly [member: string]: unknown }
const no = (error: string): ApiAnswer => ({ ok: false, error })

/** Slack API docs, "Rate limits": one message a second to a channel, short bursts beyond that. */
const BURST = 20
const TRIGGER_MS = 3000
const RESPONSE_MS = 30 * 60_000
const RESPONSE_USES = 5
const MAX_TEXT = 40_000

type Trigger = { readonly user: string; readonly until: number; used: boolean }
type ResponseUrl = { readonly user: string; readonly channel: string; readonly ts?: string; readonly until: number; uses: number }

export type Workspace = ReturnType<typeof createWorkspace>

export function createWorkspace(clock: () => number) {
  const state = workspaceState(clock)
  const { messages, views, triggers, responses, changes, next, newTs, byId } = state
  const methods = webApi(state, clock)

  return {
    messages,
    views,
    /** One call of the Web API. */
    call: (method: string, form: ReadonlyMap<string, string>): ApiAnswer =>
      Object.hasOwn(methods, method) ? (methods[method] as Method)(form) : no('unknown_method'),

    newTrigger(user: string): string {
      const id = `${next()}.${Math.floor(clock())}.sandbox`
      triggers.set(id, { user, until: clock() + TRIGGER_MS, used: false })
      return id
    },
    newResponseUrl(user: string, channel: string, ts?: string): string {
      const id = `${next()}${Math.floor(clock())}`
      responses.set(id, { user, channel, until: clock() + RESPONSE_MS, uses: 0, ...defined({ ts }) })
      return id
    },
    /** Handles a post to a `response_url`. */
    respond(
      id: string,
      body: { text?: string; blocks?: readonly KnownBlock[]; response_type?: string; replace_original?: boolean },
    ): ApiAnswer {
      const response = responses.get(id)
      if (!response || response.until < clock()) return no('expired_url')
      if (response.uses >= RESPONSE_USES) return no('used_url')
      response.uses++
      return this.say(response.user, response.channel, body)
    },
    /** Adds the app's answer as a message: visible to one user, unless the answer says otherwise. */
    say(user: string, channel: string, body: { text?: string; blocks?: readonly KnownBlock[]; response_type?: string }): ApiAnswer {
      const whole = body.response_type === 'in_channel' ? {} : { only: user }
      messages.push({ channel, ts: newTs(), text: body.text ?? '', blocks: body.blocks ?? [], edited: 0, ...whole })
      return { ok: true }
    },
    /** The open modal of a user. */
    viewOf: (user: string): OpenView | undefined => [...views.values()].find((open) => open.user === user),
    shownView,
    closeView: (id: string) => void views.delete(id),
    member: byId,
    /** Changes a user, for example to a guest or a former member. */
    change: (id: string, change: Partial<Member>) => void changes.set(id, change),
  }
}

type State = ReturnType<typeof workspaceState>

function workspaceState(clock: () => number) {
  const messages: SlackMessage[] = []
  const views = new Map<string, OpenView>()
  const triggers = new Map<string, Trigger>()
  const responses = new Map<string, ResponseUrl>()
  const posted = new Map<string, number[]>()
  let serial = 0
  let lastTs = 0
  const next = () => String(++serial)
  /** Changes to users since the start. */
  const changes = new Map<string, Partial<Member>>()
  const byId = (id: string | undefined): Member | undefined => {
    const found = Object.values<Member>(members).find((one) => one.id === id)
    return found && { ...found, ...changes.get(found.id) }
  }

  /** Seconds and a counter, unique. */
  function newTs(): string {
    lastTs = Math.max(lastTs + 1, Math.floor(clock() * 1000))
    return `${Math.floor(lastTs / 1_000_000)}.${String(lastTs % 1_000_000).padStart(6, '0')}`
  }
  return { messages, views, triggers, responses, posted, changes, next, newTs, byId }
}

const shownView = ({ id, hash, view }: OpenView) => ({ ...view, id, hash, team_id: TEAM, app_id: APP, state: { values: {} } })

type Method = (form: ReadonlyMap<string, string>) => ApiAnswer

/** The methods of the Web API that Stint calls. */
function webApi(state: State, clock: () => number): { readonly [method: string]: Method } {
  const { messages, views, triggers, posted, next, newTs, byId } = state
  const isChannel = (id: string) => Object.hasOwn(CHANNELS, id) || /^D0/.test(id)

  function limited(channel: string): ApiAnswer | undefined {
    const now = clock()
    const recent = (posted.get(channel) ?? []).filter((at) => at > now - BURST * 1000)
    if (recent.length >= BURST) return { ok: false, error: 'ratelimited', retryAfter: 1 }
    posted.set(channel, [...recent, now])
    return undefined
  }
  return {
    'auth.test': () => ({ ok: true, team_id: TEAM, user_id: 'U0STINT', bot_id: 'B0STINT' }),

    'chat.postMessage'(form) {
      const channel = form.get('channel') ?? ''
      const text = form.get('text') ?? ''
      const blocks = blocksOf(form)
      if (!isChannel(channel)) return no('channel_not_found')
      if (blocks === undefined) return no('invalid_blocks')
      if (text === '' && blocks.length === 0) return no('no_text')
      if (text.length > MAX_TEXT) return no('msg_too_long')
      const thread = form.get('thread_ts')
      if (thread !== undefined && !messages.some((one) => one.channel === channel && one.ts === thread)) return no('thread_not_found')
      const limit = limited(channel)
      if (limit) return limit
      const message: SlackMessage = {
        channel,
        ts: newTs(),
        text,
        blocks,
        ...colorIn(form),
        edited: 0,
        ...(thread === undefined ? {} : { thread, broadcast: form.get('reply_broadcast') === 'true' }),
      }
      messages.push(message)
      return { ok: true, channel, ts: message.ts, message: { text, ts: message.ts, type: 'message' } }
    },

    'chat.update'(form) {
      const message = messages.find(({ channel, ts }) => channel === form.get('channel') && ts === form.get('ts'))
      const blocks = blocksOf(form)
      if (!message) return no(isChannel(form.get('channel') ?? '') ? 'message_not_found' : 'channel_not_found')
      if (blocks === undefined) return no('invalid_blocks')
      Object.assign(message, { text: form.get('text') ?? message.text, blocks, edited: message.edited + 1 })
      return { ok: true, channel: message.channel, ts: message.ts, text: message.text }
    },

    'conversations.open'(form) {
      const user = byId(form.get('users'))
      if (!user) return no('user_not_found')
      if (user.deleted) return no('user_disabled')
      if (user.is_bot) return no('cannot_dm_bot')
      return { ok: true, channel: { id: `D0${user.id.slice(2)}` } }
    },

    'views.open'(form) {
      const trigger = triggers.get(form.get('trigger_id') ?? '')
      if (!trigger) return no('invalid_trigger_id')
      if (trigger.used) return no('exchanged_trigger_id')
      if (trigger.until < clock()) return no('expired_trigger_id')
      const view = viewOf(form.get('view'))
      if (!view) return no('invalid_arguments')
      trigger.used = true
      const open: OpenView = { id: `V0${next()}`, user: trigger.user, hash: `${clock()}.${next()}`, view, errors: {} }
      // Slack has one stack of modals per user. Stint opens one modal at a time.
      for (const [id, other] of views) if (other.user === trigger.user) views.delete(id)
      views.set(open.id, open)
      return { ok: true, view: shownView(open) }
    },

    'views.update'(form) {
      const open = views.get(form.get('view_id') ?? '')
      if (!open) return no('not_found')
      const hash = form.get('hash')
      if (hash !== undefined && hash !== open.hash) return no('hash_conflict')
      const view = viewOf(form.get('view'))
      if (!view) return no('invalid_arguments')
      Object.assign(open, { view, hash: `${clock()}.${next()}`, errors: {} })
      return { ok: true, view: shownView(open) }
    },

    'users.info'(form) {
      const user = byId(form.get('user'))
      return user ? { ok: true, user: profileOf(user) } : no('user_not_found')
    },
    'users.lookupByEmail'(form) {
      // Slack ignores case in email addresses. The app must compare it itself.
      const user = Object.values<Member>(members).find(({ email }) => email.toLowerCase() === form.get('email')?.toLowerCase())
      return user && !user.deleted ? { ok: true, user: profileOf(user) } : no('users_not_found')
    },
  }
}

function blocksOf(form: ReadonlyMap<string, string>): readonly KnownBlock[] | undefined {
  const [attachment] = form.has('attachments') ? (JSON.parse(form.get('attachments') ?? '[]') as { blocks?: unknown }[]) : []
  if (!form.has('blocks') && !attachment) return []
  try {
    const blocks: unknown = attachment ? attachment.blocks : JSON.parse(form.get('blocks') ?? '')
    const fits = Array.isArray(blocks) && blockKitFaults({ blocks: blocks as KnownBlock[], text: form.get('text') || '-' }).length === 0
    return fits ? (blocks as KnownBlock[]) : undefined
  } catch {
    return undefined
  }
}
const colorIn = (form: ReadonlyMap<string, string>): { readonly color?: string } => {
  const [attachment] = JSON.parse(form.get('attachments') ?? '[]') as { color?: string }[]
  return attachment?.color === undefined ? {} : { color: attachment.color }
}
function viewOf(text: string | undefined): ModalView | undefined {
  try {
    const view = JSON.parse(text ?? '') as ModalView
    return view.type === 'modal' && blockKitFaults(view).length === 0 ? view : undefined
  } catch {
    return undefined
  }
}

/** For users who are not deleted, Slack returns all flags, including false ones (`users.info`). */
const profileOf = ({ email, real_name, ...user }: Member) => ({
  deleted: false,
  is_bot: false,
  is_restricted: false,
  is_ultra_restricted: false,
  ...user,
  real_name,
  profile: { email, real_name, display_name: real_name },
})
