/**
 * Slack's payloads, as a union of the calls that Stint answers. Only signed bytes get here. Their content is checked all the same,
 * because some of it (input values, IDs in buttons) comes from users and their devices.
 * Sources: Slack API docs, "Slash commands", "Handling user interaction", "Reference: interaction payloads".
 */
import { defined } from '@stint/core/defined'
import { isObject, type Json, type JsonObject, parseForeignJson } from '@stint/core/json'
import { type Done, done } from '@stint/core/outcome'
import { type From, placeOf, type Workspaces } from '../approvals/workspaces.ts'

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
  /** A user of a workspace that the config does not list. The answer says so, and does nothing else. */
  | (Origin & { readonly kind: 'stranger'; readonly of: SlackCall['kind']; readonly trigger?: string; readonly responseUrl?: string })

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

/** The app and the workspaces that this broker belongs to, and the host that answers may be sent to. */
export type Pinned = Workspaces & { readonly app: string; readonly responseHost: string }

export function parseSlack(body: Uint8Array, pinned: Pinned): Done<SlackCall> | NotUnderstood {
  const text = Buffer.from(body).toString('utf8')
  const given = new URLSearchParams(text)
  const form = new Map(given)
  if (form.size !== [...given.keys()].length) return odd('a field appears twice')
  if ([...form].flat().some((part) => part.includes('\uFFFD'))) return odd('not UTF-8')
  if (form.get('ssl_check') === '1') return done({ kind: 'probe' })
  const payload = form.get('payload')
  const read = payload === undefined ? command(form) : interaction(payload)
  if (read === undefined) return odd('a field is missing or invalid')
  const { from, call } = read
  if (call.app !== pinned.app) return odd('another app')
  const place = placeOf(pinned, from)
  if (place.kind === 'odd') return odd(place.why)
  const { trigger, responseUrl } = call as { readonly trigger?: string; readonly responseUrl?: string }
  if (responseUrl !== undefined && !isAt(responseUrl, pinned.responseHost)) return odd('a response_url on another host')
  if (place.kind === 'ours') return done({ ...call, team: place.team })
  return done({ kind: 'stranger', of: call.kind, team: place.home, app: call.app, user: call.user, ...defined({ trigger, responseUrl }) })
}

/** A call, and where the payload says that it comes from. The call's `team` is filled in by what the config says about that. */
type Read = { readonly from: From; readonly call: Exclude<SlackCall, { kind: 'probe' | 'stranger' }> }

const isAt = (url: string, host: string): boolean => {
  if (!URL.canParse(url)) return false
  const { protocol, host: at, username } = new URL(url)
  return at === host && username === '' && (protocol === 'https:' || /^127\.0\.0\.1:/.test(host))
}

function command(form: ReadonlyMap<string, string>): Read | undefined {
  const [from, origin] = [
    fromOf(form.get('team_id'), form.get('enterprise_id'), form.get('is_enterprise_install') === 'true'),
    originOf(form.get('api_app_id'), form.get('user_id')),
  ]
  const [trigger, responseUrl, text] = [form.get('trigger_id'), form.get('response_url'), form.get('text') ?? '']
  // A command always comes from a workspace.
  if (!from?.team || !origin || !isToken(trigger) || responseUrl === undefined || text.length > 4000) return undefined
  return { from, call: { kind: 'command', ...origin, text: text.trim(), trigger, responseUrl } }
}

function interaction(text: string): Read | undefined {
  // Some of Slack's integers do not fit a double. None of them is compared here.
  const parsed = parseForeignJson(Buffer.from(text), { largeNumbers: 'as-strings' })
  if (!parsed.ok || !isObject(parsed.value)) return undefined
  const payload = parsed.value
  const [user, team] = [member(payload, 'user'), member(payload, 'team')]
  // `team` is null where the app is installed for the whole organization (slackapi/bolt-python, pull request 23).
  if (!team && payload.team !== undefined && payload.team !== null) return undefined
  // Modals name the organization in `team` only (slackapi/bolt-python, extract_enterprise_id).
  const enterprise = member(payload, 'enterprise')?.id ?? team?.enterprise_id
  const from = fromOf(team?.id, enterprise, payload.is_enterprise_install === true, user?.team_id)
  const origin = originOf(payload.api_app_id, user?.id)
  if (!from || !origin) return undefined
  const call = interactionOf(payload, origin)
  return call && { from, call }
}

function interactionOf(payload: JsonObject, origin: Origin): Read['call'] | undefined {
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
function blockAction(payload: JsonObject, origin: Origin): Read['call'] | undefined {
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
const isId = (value: unknown, kind: string): value is string =>
  typeof value === 'string' && new RegExp(`^[${kind}][A-Z0-9]{2,20}$`).test(value)

const originOf = (app: unknown, user: unknown): Origin | undefined =>
  isId(app, 'A') && isId(user, 'UW') ? { team: '', app, user } : undefined

/** Undefined if an ID is there and is none. Slack writes what there is not as null, or leaves it out; in forms, as an empty field. */
function fromOf(team: unknown, enterprise: unknown, organizationWide: boolean, home?: unknown): From | undefined {
  const given = { team: team ?? undefined, enterprise: enterprise ?? undefined, home: home ?? undefined }
  if (given.enterprise === '') given.enterprise = undefined
  const isOdd = (value: unknown, kind: string) => value !== undefined && !isId(value, kind)
  if (isOdd(given.team, 'T') || isOdd(given.enterprise, 'E') || isOdd(given.home, 'TE')) return undefined
  return { organizationWide, ...(defined(given) as Omit<From, 'organizationWide'>) }
}
