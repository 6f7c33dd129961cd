/**
 * A Slack user who enters commands, clicks buttons and fills in modals. Each action becomes the request that Slack would
 * send, with Slack's signature. Source: Slack API docs, "Slash commands", "Reference: interaction payloads", "Verifying
 * requests from Slack".
 */
import { createHmac } from 'node:crypto'
import type { InputBlock, KnownBlock, ModalView } from '@slack/types'
import { boundedFetch } from '@stint/broker/adapters/bounded-fetch'
import { APP, type Member, type OpenView, type SlackMessage, TEAM, type Workspace } from './workspace.ts'

export type Sender = {
  readonly workspace: Workspace
  /** The base URL of the app. */
  readonly broker: string
  /** The base URL of the simulated Slack, for `response_url`. */
  readonly slack: string
  readonly signingSecret: string
  readonly clock: () => number
}

export type Sent = { readonly status: number; readonly body: string }
export type SignedForm = { readonly path: string; readonly body: string; readonly headers: Readonly<Record<string, string>> }

/** Slack shows an error after three seconds. */
const bounds = { timeoutMs: 3000, maxBytes: 1024 * 1024 } as const

export const sign = (body: string, secret: string, at: number): Readonly<Record<string, string>> => {
  const stamp = String(Math.floor(at / 1000))
  return {
    'content-type': 'application/x-www-form-urlencoded',
    'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
    'x-slack-request-timestamp': stamp,
    'x-slack-signature': `v0=${createHmac('sha256', secret).update(`v0:${stamp}:${body}`).digest('hex')}`,
  }
}

export type Person = ReturnType<typeof personAt>

export function personAt(sender: Sender, user: Member) {
  const { workspace, broker } = sender
  const direct = directOf(user)
  const request = requestsOf(sender, user)

  async function send({ path, body, headers }: SignedForm): Promise<Sent> {
    const answer = await boundedFetch(`${broker}${path}`, { ...bounds, method: 'POST', headers, body, redirect: 'manual' })
    return { status: answer.status, body: answer.text() }
  }
  return {
    user,
    direct,
    /** Only the requests, for tests that send them differently. */
    request,
    send,

    /** Enters a command. Only this user sees the app's answer. */
    async command(text: string, channel = direct): Promise<Sent> {
      const sent = await send(this.request.command(text, channel))
      if (sent.status === 200 && sent.body !== '') workspace.say(user.id, channel, JSON.parse(sent.body) as object)
      return sent
    },
    shortcut(): Promise<Sent> {
      return send(this.request.shortcut())
    },
    press(message: SlackMessage, actionId: string): Promise<Sent> {
      return send(this.request.press(message, actionId))
    },
    async choose(block: string, value: string, values: Readonly<Record<string, string>> = {}): Promise<Sent> {
      return send(this.request.choose(this.open(), block, value, values))
    },
    async suggest(block: string, typed: string): Promise<readonly string[]> {
      const { body } = await send(this.request.suggest(this.open(), block, typed))
      return (JSON.parse(body) as { options: { value: string }[] }).options.map(({ value }) => value)
    },
    /** Submits the open modal, and applies the app's answer to it. */
    async submit(values: Readonly<Record<string, string>>): Promise<Sent> {
      const open = this.open()
      const sent = await send(this.request.submit(open, values))
      if (sent.status !== 200) return sent
      const answer =
        sent.body === '' ? {} : (JSON.parse(sent.body) as { response_action?: string; errors?: Record<string, string>; view?: ModalView })
      if (answer.response_action === 'errors') open.errors = answer.errors ?? {}
      else if (answer.response_action === 'update' && answer.view) Object.assign(open, { view: answer.view, errors: {} })
      else workspace.closeView(open.id)
      return sent
    },
    open(): OpenView {
      const open = workspace.viewOf(user.id)
      if (!open) throw new Error(`${user.name} has no modal open`)
      return open
    },
    /** The messages that this user sees in a channel, oldest first. */
    sees: (channel: string): readonly SlackMessage[] =>
      workspace.messages.filter((message) => message.channel === channel && (message.only === undefined || message.only === user.id)),
  }
}

const directOf = (user: Member): string => `D0${user.id.slice(2)}`

/** The requests that Slack sends for each action of the user. */
function requestsOf({ workspace, slack, signingSecret, clock }: Sender, user: Member) {
  const signed = (path: string, form: Record<string, string>): SignedForm => {
    const body = new URLSearchParams(form).toString()
    return { path, body, headers: sign(body, signingSecret, clock()) }
  }
  const direct = directOf(user)
  const ours = { id: user.id, username: user.name, name: user.name, team_id: user.team_id }
  const team = { id: TEAM, domain: 'acme' }
  const responseUrl = (channel: string, ts?: string) => `${slack}/response/${workspace.newResponseUrl(user.id, channel, ts)}`

  const payload = (kind: object): Record<string, string> => ({
    payload: JSON.stringify({
      user: ours,
      api_app_id: APP,
      token: 'deprecated',
      team,
      enterprise: null,
      is_enterprise_install: false,
      ...kind,
    }),
  })
  const interaction = (kind: object) => signed('/slack/interactions', payload(kind))

  /** The view as Slack sends it, with the values of its inputs. */
  const viewWith = (open: OpenView, values: Readonly<Record<string, string>>) => ({
    ...workspace.shownView(open),
    private_metadata: open.view.private_metadata ?? '',
    callback_id: open.view.callback_id ?? '',
    state: { values: stateOf(open.view, values) },
  })

  return {
    command: (text: string, channel = direct): SignedForm =>
      signed('/slack/commands', {
        token: 'deprecated',
        team_id: TEAM,
        team_domain: 'acme',
        channel_id: channel,
        channel_name: 'directmessage',
        user_id: user.id,
        user_name: user.name,
        command: '/stint',
        text,
        api_app_id: APP,
        is_enterprise_install: 'false',
        response_url: responseUrl(channel),
        trigger_id: workspace.newTrigger(user.id),
      }),
    shortcut: (): SignedForm =>
      interaction({ type: 'shortcut', callback_id: 'ask', trigger_id: workspace.newTrigger(user.id), action_ts: String(clock() / 1000) }),
    press: (message: SlackMessage, actionId: string): SignedForm => {
      const button = buttonIn(message.blocks, actionId)
      return interaction({
        type: 'block_actions',
        container: { type: 'message', message_ts: message.ts, channel_id: message.channel, is_ephemeral: false },
        trigger_id: workspace.newTrigger(user.id),
        channel: { id: message.channel, name: 'x' },
        message: {
          type: 'message',
          ts: message.ts,
          text: message.text,
          ...(message.color === undefined
            ? { blocks: message.blocks }
            : { attachments: [{ id: 1, color: message.color, blocks: message.blocks }] }),
        },
        response_url: responseUrl(message.channel, message.ts),
        actions: [{ type: 'button', action_ts: String(clock() / 1000), ...button }],
      })
    },
    choose: (open: OpenView, block: string, value: string, values: Readonly<Record<string, string>> = {}): SignedForm => {
      const element = elementIn(open.view, block)
      return interaction({
        type: 'block_actions',
        container: { type: 'view', view_id: open.id },
        trigger_id: workspace.newTrigger(user.id),
        view: viewWith(open, { ...values, [block]: value }),
        actions: [
          {
            type: element?.type,
            block_id: block,
            action_id: element?.action_id,
            action_ts: String(clock() / 1000),
            selected_option: { text: { type: 'plain_text', text: value }, value },
          },
        ],
      })
    },
    suggest: (open: OpenView, block: string, typed: string): SignedForm =>
      interaction({
        type: 'block_suggestion',
        container: { type: 'view', view_id: open.id },
        view: viewWith(open, {}),
        block_id: block,
        action_id: elementIn(open.view, block)?.action_id,
        value: typed,
      }),
    submit: (open: OpenView, values: Readonly<Record<string, string>>): SignedForm =>
      interaction({
        type: 'view_submission',
        trigger_id: workspace.newTrigger(user.id),
        view: viewWith(open, values),
        response_urls: [],
      }),
  }
}

type ActionElement = { readonly type: string; readonly action_id?: string; readonly value?: string }

function buttonIn(blocks: readonly KnownBlock[], actionId: string): object {
  for (const block of blocks) {
    const found =
      block.type === 'actions' ? (block.elements as readonly ActionElement[]).find(({ action_id }) => action_id === actionId) : undefined
    if (found) return { block_id: block.block_id, ...found }
  }
  throw new Error(`there is no button ${actionId}`)
}

function elementIn(
  view: ModalView,
  blockId: string,
): (ActionElement & { readonly options?: readonly { readonly value: string }[] }) | undefined {
  const block = view.blocks.find((one) => one.block_id === blockId)
  return block?.type === 'input' ? ((block as InputBlock).element as ActionElement) : undefined
}

/** The state in Slack's format: by block and action, each with its type. Empty values are null. */
export function stateOf(view: ModalView, values: Readonly<Record<string, string>>): object {
  return Object.fromEntries(
    view.blocks.flatMap((block) => {
      if (block.type !== 'input' || block.block_id === undefined) return []
      const { type, action_id: action = '' } = (block as InputBlock).element as ActionElement
      const value = values[block.block_id]
      const held =
        type === 'plain_text_input'
          ? { type, value: value === undefined || value === '' ? null : value }
          : { type, selected_option: value === undefined || value === '' ? null : { text: { type: 'plain_text', text: value }, value } }
      return [[block.block_id, { [action]: held }]]
    }),
  )
}
