/**
 * The page of the simulated Slack: channels, messages, buttons and modals, rendered from the app's Block Kit JSON.
 * It has no scripts: every button is a form, and the page refreshes itself while no modal is open.
 */
import type { KnownBlock, ModalView } from '@slack/types'
import { html, raw } from 'hono/html'
import { CHANNELS, type Member, type MemberName, members, ONCALL_GROUP, type OpenView, type SlackMessage } from './workspace.ts'

type Html = ReturnType<typeof html>
type Text = { readonly type: string; readonly text: string }

export type Scene = {
  readonly me: Member
  readonly channel: string
  readonly messages: readonly SlackMessage[]
  readonly view: OpenView | undefined
  /** The inputs of the modal before another profile was chosen. */
  readonly typed: Readonly<Record<string, string>>
  /** The app's suggestions, for a select with a search. */
  readonly suggested: readonly string[]
  readonly notice: string | undefined
}

export const style = `:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}body{margin:0;display:grid;grid-template-columns:14rem 1fr;min-height:100vh}
nav{background:#3f0e40;color:#fff;padding:1rem}nav a{display:block;color:#fff;text-decoration:none;padding:.2rem .6rem;border-radius:6px}nav a[aria-current]{background:#1264a3}
nav h2{font-size:.8rem;text-transform:uppercase;opacity:.8;margin:1.2rem 0 .3rem}main{padding:1rem 2rem;max-width:60rem}
article{border-left:4px solid #8886;padding:.2rem 1rem;margin:1rem 0}article.alarm{border-color:#b00020}article.only{opacity:.85;border-style:dashed}article.reply{margin-left:2rem}
h3{margin:.2rem 0}dl{display:grid;grid-template-columns:repeat(2,1fr);gap:.3rem 1.5rem;margin:.5rem 0}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#8881;padding:.6rem}
p{margin:.3rem 0;white-space:pre-wrap;overflow-wrap:anywhere}small{opacity:.75}form{display:inline}button{font:inherit;padding:.3rem .9rem;margin:.2rem .3rem .2rem 0;border-radius:6px;border:1px solid #8888}
button.primary{background:#007a5a;color:#fff}button.danger{background:#b00020;color:#fff}.compose{display:flex;gap:.5rem;margin-top:1.5rem}.compose input{flex:1}
input,select,textarea{font:inherit;width:100%;box-sizing:border-box;padding:.3rem}label{display:block;margin-top:.8rem;font-weight:600}.error{color:#d00;font-weight:600}
dialog{position:fixed;inset:3rem auto auto 50%;translate:-50% 0;width:34rem;max-height:80vh;overflow:auto;border:1px solid #8888;border-radius:10px;padding:1rem 1.5rem}.notice{background:#fd04;padding:.4rem .8rem}`

/** Renders Slack's escapes and the markup that Stint uses. Everything else is plain text. */
function mrkdwn(text: string): Html {
  const unescaped = (part: string) => part.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
  const parts = text.split(/(```[\s\S]*?```|`[^`\n]+`|\*[^*\n]+\*|<[^>\n]+>)/)
  return html`${parts.map((part) => {
    if (part.startsWith('```') && part.length > 6) return html`<pre>${unescaped(part.slice(3, -3))}</pre>`
    if (/^`[^`]+`$/.test(part)) return html`<code>${unescaped(part.slice(1, -1))}</code>`
    if (/^\*[^*]+\*$/.test(part)) return html`<strong>${unescaped(part.slice(1, -1))}</strong>`
    if (part === `<!subteam^${ONCALL_GROUP}>`) return html`<strong>@on-call</strong>`
    return unescaped(part)
  })}`
}
const shown = (text: Text | undefined): Html =>
  text === undefined ? html`` : text.type === 'mrkdwn' ? mrkdwn(text.text) : html`${text.text}`

const hidden = (name: string, value: string) => html`<input type="hidden" name="${name}" value="${value}">`

function block(one: KnownBlock, message: SlackMessage, scene: Scene): Html {
  switch (one.type) {
    case 'header':
      return html`<h3>${shown(one.text)}</h3>`
    case 'section':
      return html`${one.text ? html`<p>${shown(one.text)}</p>` : ''}${
        one.fields ? html`<dl>${one.fields.map((field) => html`<div>${raw(String(shown(field)).replace('\n', '<br>'))}</div>`)}</dl>` : ''
      }`
    case 'context':
      return html`<small>${one.elements.map((element) => html`<p>${shown(element as Text)}</p>`)}</small>`
    case 'actions':
      return html`<div>${(one.elements as readonly { action_id?: string; text?: Text; style?: string }[]).map(
        (button) =>
          html`<form method="post" action="/press">${place(scene)}${hidden('ts', message.ts)}${hidden('action', button.action_id ?? '')}<button class="${button.style ?? ''}">${shown(button.text)}</button></form>`,
      )}</div>`
    default:
      return html`<p>(${one.type})</p>`
  }
}
const place = ({ me, channel }: Scene): Html => html`${hidden('as', me.id)}${hidden('in', channel)}`

function messagePart(message: SlackMessage, scene: Scene): Html {
  const alarm = message.color !== undefined
  const kinds = [alarm ? 'alarm' : '', message.only ? 'only' : '', message.thread ? 'reply' : ''].filter(Boolean).join(' ')
  return html`<article class="${kinds}" id="m${message.ts.replace('.', '-')}"><small>Stint${message.only ? ' · only visible to you' : ''}${message.edited > 0 ? ' · edited' : ''}</small>
${alarm ? html`<p>${mrkdwn(message.text)}</p>` : ''}${message.blocks.length > 0 ? message.blocks.map((one) => block(one, message, scene)) : html`<p>${mrkdwn(message.text)}</p>`}</article>`
}

type Element = {
  readonly type: string
  readonly multiline?: boolean
  readonly placeholder?: Text
  readonly options?: readonly { readonly value: string; readonly text: Text; readonly description?: Text }[]
  readonly initial_option?: { readonly value: string }
}

function input(one: Extract<KnownBlock, { type: 'input' }>, scene: Scene): Html {
  const id = one.block_id ?? ''
  const element = one.element as Element
  const error = scene.view?.errors[id]
  const value = scene.typed[id] ?? element.initial_option?.value ?? ''
  const options = element.options?.map((option) => ({
    value: option.value,
    words: `${option.text.text}${option.description ? `: ${option.description.text}` : ''}`,
  }))
  const select = (list: readonly { readonly value: string; readonly words: string }[]) =>
    html`<select id="${id}" name="v.${id}"><option value=""></option>${list.map((option) => html`<option value="${option.value}" ${option.value === value ? raw('selected') : ''}>${option.words}</option>`)}</select>`
  const known = value === '' || scene.suggested.includes(value) ? scene.suggested : [value, ...scene.suggested]
  const field =
    element.type === 'static_select'
      ? select(options ?? [])
      : element.type === 'external_select'
        ? html`<input name="search" placeholder="Search" aria-label="Search"><button name="do" value="search">Search</button>${select(known.map((name) => ({ value: name, words: name })))}`
        : element.multiline
          ? html`<textarea id="${id}" name="v.${id}" rows="3" placeholder="${element.placeholder?.text ?? ''}">${value}</textarea>`
          : html`<input id="${id}" name="v.${id}" value="${value}" placeholder="${element.placeholder?.text ?? ''}">`
  return html`<label for="${id}">${shown(one.label)}${one.optional ? ' (optional)' : ''}</label>${field}
${one.dispatch_action ? html`<button name="do" value="choose.${id}">Choose</button>` : ''}
${one.hint ? html`<small>${shown(one.hint)}</small>` : ''}${error ? html`<p class="error">${error}</p>` : ''}`
}

function modal(view: ModalView, scene: Scene): Html {
  return html`<dialog open aria-labelledby="title"><h2 id="title">${shown(view.title)}</h2><form method="post" action="/modal">${place(scene)}
${view.blocks.map((one) => (one.type === 'input' ? input(one as never, scene) : block(one as KnownBlock, { ts: '' } as SlackMessage, scene)))}
<p>${view.submit ? html`<button class="primary" name="do" value="submit">${shown(view.submit)}</button>` : ''}
<button name="do" value="close">${view.close ? shown(view.close) : 'Close'}</button></p></form></dialog>`
}

export function page(scene: Scene): Html {
  const { me, channel, view } = scene
  const direct = `D0${me.id.slice(2)}`
  const link = (as: string, at: string, words: string, current: boolean) =>
    html`<a href="/?as=${as}&in=${at}" ${current ? raw('aria-current="page"') : ''}>${words}</a>`
  const threads = scene.messages.filter(({ thread }) => thread === undefined)
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Simulated Slack</title>
${view ? '' : html`<meta http-equiv="refresh" content="3">`}<style>${raw(style)}</style></head><body>
<nav><h1>Acme</h1><h2>Channels</h2>${Object.entries(CHANNELS).map(([id, name]) => link(me.id, id, `# ${name}`, id === channel))}
<h2>Messages</h2>${link(me.id, direct, 'Stint', channel === direct)}
<h2>You are</h2>${(Object.keys(members) as MemberName[]).map((name) => link(members[name].id, channel.startsWith('D') ? `D0${members[name].id.slice(2)}` : channel, members[name].real_name, members[name].id === me.id))}</nav>
<main><h1>${channel === direct ? 'Stint' : `# ${CHANNELS[channel as keyof typeof CHANNELS]}`}</h1>
${scene.notice ? html`<p class="notice">${scene.notice}</p>` : ''}
${threads.map((message) => html`${messagePart(message, scene)}${scene.messages.filter(({ thread }) => thread === message.ts).map((reply) => messagePart(reply, scene))}`)}
${threads.length === 0 ? html`<p>No messages yet. Enter /stint to request access, or /stint help for all commands.</p>` : ''}
<form class="compose" method="post" action="/say">${place(scene)}<input name="text" placeholder="/stint" aria-label="Message" autocomplete="off"><button>Send</button></form>
</main>${view ? modal(view.view, scene) : ''}</body></html>`
}
