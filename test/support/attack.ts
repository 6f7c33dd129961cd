/**
 * A sandbox to attack: an issuer that signs in anyone under any name at once, people whose browser sessions are begun without a browser, and
 * the broker a second time without the sandbox's guard, so that only its own defences count.
 */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext } from 'playwright-core'
import { type Lab, startLab } from './lab.ts'
import { type Form, fetchWith, type Page } from './plain-browser.ts'
import { type TestSandbox, testSandbox } from './sandbox.ts'

const CONFIG = fileURLToPath(new URL('./attack.config.ts', import.meta.url))

export type Part = { readonly url: string; readonly close: () => Promise<void> }

/** On a free port of 127.0.0.1. `host`: the name under which a browser opens it. */
export async function serve(listener: RequestListener, host = '127.0.0.1'): Promise<Part> {
  const server: Server = createServer({ maxHeaderSize: 64 * 1024 }, listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Who signs in next; any claim of the lab's tokens. */
export type Person = { readonly sub: string; readonly name?: string; readonly groups?: readonly string[] } & Record<string, unknown>

export type Attacked = Awaited<ReturnType<typeof attackedSandbox>>

/** `bare` has no guard. `old` has none either, and gets neither Origin nor Sec-Fetch-Site, as from browsers before 2020. */
export async function attackedSandbox() {
  let sandbox: TestSandbox | undefined
  let handle: RequestListener | undefined
  const now = () => sandbox?.now() ?? Date.now()
  const lab = await startLab(now)
  const issuer = await startIssuer(lab, now)
  sandbox = await testSandbox({
    config: CONFIG,
    bindings: { ...lab.bindings, LAB_AUTHORIZE: `${issuer.url}/authorize`, LAB_TOKEN: `${issuer.url}/token` },
    watch: (handler) => {
      handle = handler as RequestListener
      return handler
    },
  })
  const started = sandbox
  const { broker } = started.urls
  /** A browser takes the second broker's address for the origin. The broker must take it for its own, and every other for another. */
  const unguarded = (isOld: boolean) =>
    serve((request, response) => {
      // `vend` reads the one, and `api` the other.
      const { headers, headersDistinct } = request
      if (headers.origin === `http://${headers.host}`) {
        headers.origin = broker
        headersDistinct.origin = [broker]
      }
      for (const name of isOld ? ['origin', 'sec-fetch-site'] : []) {
        delete headers[name]
        delete headersDistinct[name]
      }
      handle?.(request, response)
    })
  const [bare, old] = await Promise.all([unguarded(false), unguarded(true)])

  /** Signs in at the issuer; `until`: the callback's address, not opened yet. */
  async function callback(jar: Jar, person: Person, to = '/'): Promise<string> {
    const { location } = await jar.go(`/sign-in?${new URLSearchParams({ to })}`)
    const at = new URL(location ?? '')
    issuer.expect(at.searchParams.get('state') ?? '', person)
    const answer = await fetch(at, { redirect: 'manual' })
    return answer.headers.get('location') ?? ''
  }

  return {
    sandbox: started,
    lab,
    issuer,
    bare,
    old,
    newJar: () => newJar(broker),
    callback,
    /** A browser session, without a browser. */
    async signedIn(person: Person): Promise<Jar> {
      const jar = newJar(broker)
      const back = await jar.go(await callback(jar, person))
      if (back.location !== '/') throw new Error(`not signed in: ${back.status} ${JSON.stringify(started.log.at(-1))}`)
      return jar
    },
    tokenOf: (person: Person) => lab.token({ auth_time: Math.floor(now() / 1000), ...person }),
    close: async () => {
      await started.close()
      await Promise.all([issuer.close(), lab.close(), bare.close(), old.close()])
    },
  }
}

/** Cookies, and what a browser would do with them. */
export type Jar = ReturnType<typeof newJar>
export function newJar(broker: string) {
  const cookies = new Map<string, string>()
  return {
    cookies,
    go: (url: string, form?: Form, headers?: Record<string, string>): Promise<Page> => fetchWith(cookies, broker, url, form, headers),
    /** The token that each form of the session carries. */
    async csrf(): Promise<string> {
      return /name="csrf" value="([\w-]+)"/.exec((await this.go('/')).text)?.[1] ?? ''
    },
    /** Gives a browser these cookies and no others. */
    async enter(context: BrowserContext): Promise<void> {
      await context.clearCookies()
      await context.addCookies(
        [...cookies].map(([name, value]) => ({ name, value, domain: '127.0.0.1', path: '/', httpOnly: true, sameSite: 'Lax' as const })),
      )
    },
    /** A browser of its own with these cookies. */
    async browser(browser: Browser, options: Parameters<Browser['newContext']>[0] = {}): Promise<BrowserContext> {
      const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options })
      context.setDefaultTimeout(60_000)
      await this.enter(context)
      return context
    },
  }
}

/** An issuer whose sign-in asks nothing: everyone who comes is the person that the test named last. */
async function startIssuer(lab: Lab, now: () => number) {
  let next: Person = { sub: 'nobody' }
  const expected = new Map<string, Person>()
  const codes = new Map<string, { readonly person: Person; readonly nonce: string }>()
  let issued = 0
  const part = await serve((request, response) => {
    const url = new URL(request.url ?? '/', 'http://issuer')
    if (url.pathname === '/authorize') {
      const code = `code-${issued++}`
      const state = url.searchParams.get('state') ?? ''
      codes.set(code, { person: expected.get(state) ?? next, nonce: url.searchParams.get('nonce') ?? '' })
      const back = new URL(url.searchParams.get('redirect_uri') ?? '')
      back.searchParams.set('code', code)
      back.searchParams.set('state', state)
      return void response.writeHead(302, { location: back.href }).end()
    }
    let body = ''
    request.on('data', (part: Buffer) => {
      body += part.toString()
    })
    request.on('end', async () => {
      const code = new URLSearchParams(body).get('code') ?? ''
      const found = codes.get(code)
      codes.delete(code)
      const send = (status: number, json: object) =>
        void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json))
      if (!found) return send(400, { error: 'invalid_grant' })
      // After a sign-out everywhere in the same second, the sign-in is the later one.
      const claims = { auth_time: Math.ceil(now() / 1000), ...found.person }
      const [access, id] = await Promise.all([
        lab.token({ ...claims, exp: Math.floor(now() / 1000) + 3600 }),
        lab.token({ ...claims, aud: 'stint-web', nonce: found.nonce }, { typ: 'JWT' }),
      ])
      return send(200, { access_token: access, token_type: 'Bearer', expires_in: 3600, id_token: id })
    })
  })
  return {
    ...part,
    /** Whom every browser is taken for from now on. */
    next: (person: Person) => {
      next = person
    },
    /** Who signs in with this state. */
    expect: (state: string, person: Person) => void expected.set(state, person),
  }
}
