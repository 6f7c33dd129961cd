/**
 * Slack's payloads, as a union of the calls that Stint answers. Only signed bytes get here. Their content is checked all the same,
 * because some of it (input values, IDs in buttons) comes from users and their devices.
 * Sources: Slack API docs, "Slash commands", "Handling user interaction", "Reference: interaction payloads".
 */
import { isObject, type Json, type JsonObject, parseForeignJson } from '@stint/core/json'
import { type Done, done } from '@stint/core/outcome'

/** The workspace, app and user of a call. Users choose their own names in Slack, so no name is kept. */
type Origin = { readonly team: string; readonly app: string; readonly user: string }

export type SlackCall =
  /** Slack checks the endpoint's TLS certificate. */
  | { readonly kind: 'probe' }
  | (Origin & { readonly kind: 'command'; readonly text: string; readonly trigger: string; readonly responseUrl: string })
  | (Origin & { readonly kind: 'shortcut'; readonly callback: string; readonly trigger: string })
  | (Origin & {
      readonly kind: 'action'
      readonly action: string
      readonly value: string
      readonly trigger: string
      readonly responseUrl?: string
      readonly view?: View
    })
  | (Origin & { readonly kind: 'submission'; readonly view: View })
  /** A select with a search asks for the options that match. */
  | (Origin & { readonly kind: 'suggestion'; readonly action: string; readonly typed: string })
  | (Origin & { readonly kind: 'closed' })

export type View = {
  readonly id: string
  readonly hash: string
  readonly callback: string
  /** Set by Stint and visible to the client, so it holds only IDs. */
  readonly metadata: string
  /** What was typed or chosen, by block. */
  readonly values: ReadonlyMap<string, string>
}

type NotUnderstood = { readonly outcome: 'odd'; readonly why: string }
const odd = (why: string): NotUnderstood => ({ outcome: 'odd', why })

/** The app and the workspace that this broker belongs to, and the host that answers may be sent to. */
export type Pinned = { readonly team: string; readonly app: string; readonly responseHost: string }

export function parseSlack(body: Uint8Array, pinned: Pinned): Done<SlackCall> | NotUnderstood {
  const text = Buffer.from(body).toString('utf8')
  const given = new URLSearchParams(text)
  const form = new Map(given)
  if (form.size !== [...given.keys()].length) return odd('a field appears twice')
  if ([...form].flat().some((part) => part.includes('\uFFFD'))) return odd('not UTF-8')
  if (form.get('ssl_check') === '1') return done({ kind: 'probe' })
  const payload = form.get('payload')
  const call = payload === undefined ? command(form) : interaction(payload)
  if (call === undefined) return odd('a field is missing or invalid')
  if (call.kind === 'probe') return done(call)
  if (call.team !== pinned.team) return odd('another workspace')
  if (call.app !== pinned.app) return odd('another app')
  const { responseUrl } = call as { readonly responseUrl?: string }
  if (responseUrl !== undefined && !isAt(responseUrl, pinned.responseHost)) return odd('a response_url on another host')
  return done(call)
}

const isAt = (url: string, host: string): boolean => {
  if (!URL.canParse(url)) return false
  const { protocol, host: at, username } = new URL(url)
  return at === host && username === '' && (protocol === 'https:' || /^127\.0\.0\.1:/.test(host))
}

function command(form: ReadonlyMap<string, string>): SlackCall | undefined {
  const origin = originOf(form.get('team_id'), form.get('api_app_id'), form.get('user_id'))
  const [trigger, responseUrl, text] = [form.get('trigger_id'), form.get('response_url'), form.get('text') ?? '']
  // Installed for a whole Enterprise Grid, the app would answer workspaces that the config does not name.
  if (!origin || form.get('is_enterprise_install') === 'true' || !isToken(trigger) || responseUrl === undefined || text.length > 4000)
    return undefined
  return { kind: 'command', ...origin, text: text.trim(), trigger, responseUrl }
}

function interaction(text: string): SlackCall | undefined {
  // Some of Slack's integers do not fit a double. None of them is compared here.
  const parsed = parseForeignJson(Buffer.from(text), { largeNumbers: 'as-strings' })
  if (!parsed.ok || !isObject(parsed.value)) return undefined
  const payload = parsed.value
  const user = member(payload, 'user')
  const origin = originOf(member(payload, 'team')?.id, payload.api_app_id, user?.id)
  // A user of another workspace, in a shared channel (Slack Connect).
  const stranger = user?.team_id !== undefined && user.team_id !== origin?.team
  if (!origin || stranger || payload.is_enterprise_install === true) return undefined
  switch (payload.type) {
    case 'block_actions':
      return blockAction(payload, origin)
    case 'view_submission': {
      const view = viewOf(member(payload, 'view'))
      return view && { kind: 'submission', ...origin, view }
    }
    case 'block_suggestion':
      return isText(payload.action_id, 255) && isText(payload.value, 255)
        ? { kind: 'suggestion', ...origin, action: payload.action_id, typed: payload.value }
        : undefined
    case 'shortcut':
      return isText(payload.callback_id, 255) && isToken(payload.trigger_id)
        ? { kind: 'shortcut', ...origin, callback: payload.callback_id, trigger: payload.trigger_id }
        : undefined
    case 'view_closed':
      return { kind: 'closed', ...origin }
    default:
      return undefined
  }
}

/** Slack sends one action at a time. A payload with two is rejected. */
function blockAction(payload: JsonObject, origin: Origin): SlackCall | undefined {
  const actions = Array.isArray(payload.actions) ? payload.actions : []
  const [action] = actions
  if (actions.length !== 1 || !isObject(action) || !isText(action.action_id, 255) || !isToken(payload.trigger_id)) return undefined
  const chosen = isObject(action.selected_option) ? action.selected_option.value : action.value
  const view = payload.view === undefined ? undefined : viewOf(member(payload, 'view'))
  if (payload.view !== undefined && !view) return undefined
  return {
    kind: 'action',
    ...origin,
    action: action.action_id,
    value: isText(chosen, 2000) ? chosen : '',
    trigger: payload.trigger_id,
    ...(isText(payload.response_url, 3000) ? { responseUrl: payload.response_url } : {}),
    ...(view ? { view } : {}),
  }
}

function viewOf(view: JsonObject | undefined): View | undefined {
  if (!view || !isText(view.id, 64) || !isText(view.callback_id, 255) || !isText(view.private_metadata, 3000)) return undefined
  const state = member(view, 'state')
  const blocks = state ? member(state, 'values') : undefined
  return {
    id: view.id,
    hash: isText(view.hash, 255) ? view.hash : '',
    callback: view.callback_id,
    metadata: view.private_metadata,
    values: new Map(
      Object.entries(blocks ?? {}).flatMap(([block, inputs]) => inputOf(inputs).map((value): [string, string] => [block, value])),
    ),
  }
}

/** A block has one input: the typed text or the chosen option. */
function inputOf(inputs: Json): readonly string[] {
  const [input] = isObject(inputs) ? Object.values(inputs) : []
  if (!isObject(input)) return []
  const value = isObject(input.selected_option) ? input.selected_option.value : input.value
  return isText(value, 3000) ? [value] : []
}

const member = (object: JsonObject, name: string): JsonObject | undefined => {
  const value = Object.hasOwn(object, name) ? object[name] : undefined
  return isObject(value) ? value : undefined
}
const isText = (value: unknown, longest: number): value is string => typeof value === 'string' && value.length <= longest
const isToken = (value: unknown): value is string => typeof value === 'string' && /^[\w.-]{1,255}$/.test(value)

/** Slack's IDs: a letter for the kind, then capital letters and digits. */
function originOf(team: unknown, app: unknown, user: unknown): Origin | undefined {
  const is = (value: unknown, kind: string): value is string =>
    typeof value === 'string' && new RegExp(`^${kind}[A-Z0-9]{2,20}$`).test(value)
  return is(team, 'T') && is(app, 'A') && is(user, '[UW]') ? { team, app, user } : undefined
}
