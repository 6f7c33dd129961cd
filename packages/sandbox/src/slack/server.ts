/**
 * The simulated Slack on a port: the Web API for the app, the `response_url`s, and a page for users. The page takes its secret
 * once, as `?key=`, and keeps it in a cookie. Only users who can read the output of `npm start` can act on it.
 */
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { keyCookie, knowsSecret, readBody } from '../guard.ts'
import { page, type Scene, style } from './page.ts'
import { type Person, personAt, type Sender, type Sent } from './person.ts'
import { type ApiAnswer, CHANNELS, type Member, type MemberName, members, type Workspace } from './workspace.ts'

export type SlackLook = {
  readonly workspace: Workspace
  readonly person: (name: MemberName) => Person
  /** Intercepts the Web API, so that tests can answer instead. */
  intercept?: ((method: string) => Intercepted | Promise<Intercepted>) | undefined
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>
}

type Intercepted = ApiAnswer | 'hang' | 'cut' | undefined

type SlackServerSettings = Sender & { readonly secret: string; readonly botToken: string }

export function slackLook(settings: SlackServerSettings): SlackLook {
  const { workspace, secret, botToken } = settings
  const people = new Map<string, Person>()
  const personOf = (member: Member): Person => {
    const known = people.get(member.id) ?? personAt(settings, member)
    people.set(member.id, known)
    return known
  }
  const typed = new Map<string, Readonly<Record<string, string>>>()
  const suggested = new Map<string, readonly string[]>()
  const notices = new Map<string, string>()

  const look: SlackLook = {
    workspace,
    person: (name) => personOf(members[name]),
    async handle(request, response) {
      const url = new URL(request.url ?? '/', settings.slack)
      if (url.pathname.startsWith('/api/')) return api(url.pathname.slice(5), request, response)
      if (url.pathname.startsWith('/response/'))
        return json(response, workspace.respond(url.pathname.slice(10), JSON.parse((await readBody(request)).toString('utf8')) as object))
      if (request.method === 'GET' && url.searchParams.get('key') === secret)
        return void response.writeHead(303, { location: '/', 'set-cookie': keyCookie(secret), 'referrer-policy': 'no-referrer' }).end()
      if (!knowsSecret(request, secret))
        return void response
          .writeHead(403, { 'content-type': 'text/plain; charset=utf-8' })
          .end('Open the address that the sandbox printed. It contains the key to this page.\n')
      if (request.method === 'GET' && url.pathname === '/') return show(url.searchParams, response)
      if (request.method === 'POST') return act(url.pathname, request, response)
      response.writeHead(404).end()
    },
  }
  return look

  async function api(method: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new Map(new URLSearchParams((await readBody(request)).toString('utf8')))
    const answered = await look.intercept?.(method)
    if (answered === 'hang') return
    if (answered === 'cut') return void request.socket.destroy()
    if (answered) return json(response, answered)
    if (request.headers.authorization !== `Bearer ${botToken}`) return json(response, { ok: false, error: 'invalid_auth' })
    json(response, workspace.call(method, form))
  }

  function json(response: ServerResponse, { retryAfter, ...answer }: ApiAnswer): void {
    const headers = { 'content-type': 'application/json; charset=utf-8' }
    if (retryAfter === undefined) response.writeHead(200, headers).end(JSON.stringify(answer))
    else response.writeHead(429, { ...headers, 'retry-after': String(retryAfter) }).end(JSON.stringify(answer))
  }

  function sceneOf(query: URLSearchParams): Scene {
    const me = workspace.member(query.get('as') ?? '') ?? members.developer
    const wanted = query.get('in') ?? ''
    const channel = Object.hasOwn(CHANNELS, wanted) ? wanted : `D0${me.id.slice(2)}`
    const notice = notices.get(me.id)
    return {
      me,
      channel,
      messages: personOf(me).sees(channel),
      view: workspace.viewOf(me.id),
      typed: typed.get(me.id) ?? {},
      suggested: suggested.get(me.id) ?? [],
      notice,
    }
  }

  function show(query: URLSearchParams, response: ServerResponse): void {
    const scene = sceneOf(query)
    notices.delete(scene.me.id)
    response
      .writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
      })
      .end(String(page(scene)))
  }

  async function act(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams((await readBody(request)).toString('utf8'))
    const { me, channel, messages } = sceneOf(form)
    const person = personOf(me)
    const values = Object.fromEntries([...form].flatMap(([name, value]) => (name.startsWith('v.') ? [[name.slice(2), value]] : [])))
    try {
      const sent = await did()
      if (sent && sent.status !== 200) notices.set(me.id, `The app answered ${sent.status}. Slack would show an error.`)
    } catch {
      notices.set(me.id, 'The app did not answer within three seconds. Slack would show operation_timeout.')
    }
    response.writeHead(303, { location: `/?${new URLSearchParams({ as: me.id, in: channel })}` }).end()

    async function did(): Promise<Sent | undefined> {
      if (path === '/say') {
        const text = /^\/stint\b\s*(.*)$/.exec(form.get('text')?.trim() ?? '')
        if (!text) return void notices.set(me.id, 'The simulated Slack supports only /stint.')
        return person.command(text[1] ?? '', channel)
      }
      if (path === '/press') {
        const message = messages.find(({ ts }) => ts === form.get('ts'))
        return message && person.press(message, form.get('action') ?? '')
      }
      if (path !== '/modal') return undefined
      const [what = '', block = ''] = (form.get('do') ?? '').split(/\.(.*)/)
      const open = workspace.viewOf(me.id)
      if (!open) return undefined
      typed.set(me.id, values)
      if (what === 'search') return void suggested.set(me.id, await person.suggest('profile', form.get('search') ?? ''))
      if (what === 'choose') return person.choose(block, values[block] ?? '', values)
      const sent = what === 'submit' ? await person.submit(values) : undefined
      if (what === 'close') workspace.closeView(open.id)
      if (Object.keys(open.errors).length === 0 || what === 'close') {
        typed.delete(me.id)
        suggested.delete(me.id)
      }
      return sent
    }
  }
}
