/**
 * Stint's own pages, by hand and not by a browser: what a form needs to be taken, and every way of sending one that a
 * stranger might find. The browser's part is in test/browser.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storedRequests } from '../support/checkers.ts'
import { CONFIG, type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { slackIn } from '../support/slack.ts'

let sandbox: TestSandbox
let it: ReturnType<typeof slackIn>
/** Answers to writes are lost, after they took effect. */
let lost = false
beforeAll(async () => {
  sandbox = await testSandbox({
    async intercept(_service, action, next) {
      const answer = await next()
      return lost && action === 'UpdateItem' ? { ...answer, status: 500, body: '{"__type":"InternalServerError","message":"x"}' } : answer
    },
  })
  it = slackIn(sandbox)
})
afterAll(() => sandbox.close())

type Jar = Map<string, string>
type Page = { readonly status: number; readonly text: string; readonly headers: Headers; readonly location: string | null }

async function go(jar: Jar, url: string, form?: Record<string, string>, headers: Record<string, string> = {}): Promise<Page> {
  const answer = await fetch(new URL(url, sandbox.urls.broker), {
    redirect: 'manual',
    headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '), ...headers },
    ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
  })
  for (const cookie of answer.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
    if (value === '') jar.delete(name)
    else jar.set(name, value)
  }
  return { status: answer.status, text: await answer.text(), headers: answer.headers, location: answer.headers.get('location') }
}
const newJar = (): Jar => new Map([['stint-sandbox', sandbox.secret]])

/** From a page to the issuer, signed in there, and back; `until`: the address that the issuer sends back to, not opened yet. */
async function toCallback(jar: Jar, path: string, person: string): Promise<string> {
  let at = (await go(jar, path)).location ?? ''
  const issuer: Jar = newJar()
  at = new URL((await go(issuer, at)).location ?? '', at).href
  at = new URL((await go(issuer, at, { login: person })).location ?? '', at).href
  return new URL((await go(issuer, at)).location ?? '', at).href
}
const signedIn = async (jar: Jar, path: string, person: string) => go(jar, await toCallback(jar, path, person))
/** The first cookie whose name begins so; there must be one. */
function cookieIn(jar: Jar, prefix: string): readonly [name: string, value: string] {
  const found = [...jar].find(([name]) => name.startsWith(prefix))
  if (!found) throw new Error(`no cookie begins with ${prefix}`)
  return found
}
const grantIn = ({ text }: Page): string => /name="grant" value="([\w-]+)"/.exec(text)?.[1] ?? ''
const codeOf = ({ text }: Page): string => /<p class="who">([a-z-]+) · /.exec(text)?.[1] ?? ''

/** A request that waits: the one before, as long as nobody has decided on it. */
let asked = ''
async function ask(): Promise<string> {
  if (asked !== '' && (await it.stateOf(asked)) === 'pending') return asked
  const { json } = await it.call('POST', '/requests', await sandbox.token('oncall'), { profile: 'break-glass', justification: 'x' })
  asked = json.id
  return asked
}

describe('a page', () => {
  test('says what access a session of the request could leave behind', async () => {
    const page = await signedIn(newJar(), `/decide/${await ask()}`, 'approver')
    expect(page.text).toMatch(/<th scope="row">Can create lasting access<\/th><td>.*iam:AttachRolePolicy, .* and \d+ more.*<\/td>/)
  })
  test('cannot be framed, runs nothing, is not kept, and tells no address to others', async () => {
    const jar = newJar()
    const page = await signedIn(jar, `/decide/${await ask()}`, 'approver')
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
    )
    expect(Object.fromEntries(page.headers)).toMatchObject({
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    })
    expect(page.text).not.toMatch(/<script|javascript:|\son\w+=/i)
    // Neither a token nor what it is sealed in stands in an address or a cookie.
    expect([...jar].filter(([, value]) => /^eyJ/.test(value) || value.length > 100)).toEqual([])
  })
  test.each(['/decide/req_1', '/decide/%2e%2e', '/decide/https:%2f%2fevil.example', `/decide/req_${'0'.repeat(26)}x`])(
    'that is none leads nowhere: %s',
    async (path) => {
      const page = await go(newJar(), path)
      expect([page.status, page.location, page.headers.getSetCookie()]).toEqual([404, null, []])
    },
  )
})

test('a break-glass with a policy says what the policy allows, and not that everything is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stint-pages-'))
  const config = join(folder, 'stint.config.ts')
  writeFileSync(
    config,
    `import company from ${JSON.stringify(CONFIG)}
const policy = [{ Effect: 'Allow', Action: 'ecs:UpdateService', Resource: 'arn:aws:ecs:*:*:service/shop/*' }]
export default { ...company, profiles: { ...company.profiles, 'break-glass': { ...company.profiles['break-glass'], policy } } }`,
  )
  const [whole, narrow] = [sandbox, await testSandbox({ config })]
  try {
    sandbox = narrow
    const { json } = await slackIn(narrow).call('POST', '/requests', await narrow.token('oncall'), {
      profile: 'break-glass',
      justification: 'x\u202Ey',
    })
    const page = await signedIn(newJar(), `/decide/${json.id}`, 'approver')
    expect(page.text).toContain('<li>ecs:UpdateService on arn:aws:ecs:*:*:service/shop/*</li>')
    expect(page.text).toContain('medium: can write: ecs:UpdateService')
    expect(page.text).toMatch(/Olu On-Call \(acme\.[\w-]+-onc-1\)/)
    expect(page.text).not.toMatch(/everything|\u202E/)
  } finally {
    sandbox = whole
    await narrow.close()
    rmSync(folder, { recursive: true })
  }
})

test('the way to the sign-in does not tell a stranger whether there is such a request', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stint-pages-'))
  const config = join(folder, 'stint.config.ts')
  // The company, but its approvers need a second factor: then the issuer is asked for one.
  writeFileSync(
    config,
    `import company from ${JSON.stringify(CONFIG)}
const night = company.profiles['break-glass']
const [rule] = night.approval.rules
const approval = { ...night.approval, rules: [{ ...rule, by: rule.by.map((who) => ({ ...who, mfa: true })) }] }
export default { ...company, profiles: { ...company.profiles, 'break-glass': { ...night, approval } } }`,
  )
  const strict = await testSandbox({ config })
  try {
    const asked = await fetch(`${strict.urls.broker}/requests`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await strict.token('oncall')}`, 'content-type': 'application/json' },
      body: JSON.stringify({ profile: 'break-glass', justification: 'x' }),
    })
    const { id } = (await asked.json()) as { id: string }
    const wayTo = async (request: string) => {
      const answer = await fetch(`${strict.urls.broker}/decide/${request}`, { redirect: 'manual' })
      const query = new URL(answer.headers.get('location') ?? '').searchParams
      return [answer.status, [...query.keys()], query.get('acr_values')]
    }
    expect(id).toMatch(/^req_/)
    expect(await wayTo(id)).toEqual(await wayTo(`req_${'0'.repeat(26)}`))
    expect((await wayTo(id))[2]).toMatch(/phr/)
  } finally {
    await strict.close()
    rmSync(folder, { recursive: true })
  }
})

describe('two tabs of one browser', () => {
  test('both come back from the issuer, whichever is first, and the form of the first is taken after the second', async () => {
    const [id, jar] = [await ask(), newJar()]
    const [toDecide, toLink] = [await toCallback(jar, `/decide/${id}`, 'approver'), await toCallback(jar, '/link', 'approver')]
    const [link, decide] = [await go(jar, toLink), await go(jar, toDecide)]
    expect([link.status, link.text.includes('/stint link '), decide.status, decide.text.includes(id)]).toEqual([200, true, 200, true])
    await signedIn(jar, '/link', 'approver')
    const done = await go(jar, `/decide/${id}`, { grant: grantIn(decide), act: 'deny' })
    expect([done.status, await it.stateOf(id)]).toEqual([200, 'denied'])
  })
  test('many that were begun and left keep no more than five sign-ins in the browser', async () => {
    const jar = newJar()
    const path = `/decide/req_${'0'.repeat(26)}`
    for (let tabs = 0; tabs < 8; tabs++) await go(jar, path)
    expect([...jar.keys()].filter((name) => name.startsWith('stint-sign-in'))).toHaveLength(5)
    // The one that was begun last is among them.
    expect((await signedIn(jar, path, 'approver')).status).toBe(404)
  })
  test('the form of one is not taken with the cookie of the other', async () => {
    const [one, other] = [newJar(), newJar()]
    const page = await signedIn(one, `/decide/${await ask()}`, 'approver')
    await signedIn(other, `/decide/${await ask()}`, 'approver')
    expect(codeOf(await go(other, `/decide/${await ask()}`, { grant: grantIn(page), act: 'deny' }))).toBe('token-invalid')
  })
})

describe('the way back from the issuer', () => {
  test.each<[string, (callback: string, jar: Jar) => Promise<Page>]>([
    ['in another browser', (callback) => go(newJar(), callback)],
    ['with another state', (callback, jar) => go(jar, callback.replace(/state=[^&]+/, 'state=AAAA'))],
    ['without a state', (callback, jar) => go(jar, callback.replace(/state=[^&]+&?/, ''))],
    ['with a code that is none', (callback, jar) => go(jar, callback.replace(/code=[^&]+/, 'code=AAAA'))],
    ['with an error in its place', (callback, jar) => go(jar, callback.replace(/code=[^&]+/, 'error=access_denied'))],
    ['of another issuer', (callback, jar) => go(jar, `${callback.replace(/&iss=[^&]+/, '')}&iss=https%3A%2F%2Fevil.example`)],
    [
      'a second time',
      async (callback, jar) => {
        await go(jar, callback)
        return go(jar, callback)
      },
    ],
    [
      'too late',
      async (callback, jar) => {
        sandbox.advance(601_000)
        const page = await go(jar, callback)
        sandbox.advance(-601_000)
        return page
      },
    ],
    [
      'begun by somebody else: two cookies of one name',
      async (callback, jar) => {
        const mine = cookieIn(jar, 'stint-sign-in-').join('=')
        return go(new Map(), callback, undefined, { cookie: `stint-sandbox=${sandbox.secret}; ${mine}; ${mine}` })
      },
    ],
  ])('%s ends nowhere', async (_name, open) => {
    const jar = newJar()
    const page = await open(await toCallback(jar, '/link', 'developer'), jar)
    expect([page.status, codeOf(page)]).toEqual([401, 'token-invalid'])
    expect(page.text).not.toMatch(/Dana/)
  })
  test('is not taken for a fresh sign-in when it is none', async () => {
    const jar = newJar()
    const callback = await toCallback(jar, '/link', 'developer')
    sandbox.advance(400_000)
    const page = await go(jar, callback)
    sandbox.advance(-400_000)
    expect([page.status, codeOf(page)]).toEqual([403, 'auth-too-old'])
  })
})

describe('a form', () => {
  type Sends = (given: { id: string; grant: string; jar: Jar }) => Promise<Page>
  const elsewhere: readonly (readonly [string, Sends])[] = [
    ['without what was sealed', ({ id, jar }) => go(jar, `/decide/${id}`, { act: 'approve' })],
    [
      'with a bit of it turned',
      ({ id, jar, grant }) =>
        go(jar, `/decide/${id}`, { act: 'approve', grant: grant.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')) }),
    ],
    ['from another browser', ({ id, grant }) => go(newJar(), `/decide/${id}`, { act: 'approve', grant })],
    [
      'with the cookie of another page',
      async ({ id, grant }) => {
        const other = newJar()
        await signedIn(other, '/link', 'developer')
        return go(other, `/decide/${id}`, { act: 'approve', grant })
      },
    ],
    ['for another request', async ({ jar, grant }) => go(jar, `/decide/req_${'0'.repeat(26)}`, { act: 'approve', grant })],
    ['for another page', ({ jar, grant }) => go(jar, '/link', { act: 'confirm', grant })],
    ['from another site', ({ id, jar, grant }) => go(jar, `/decide/${id}`, { act: 'approve', grant }, { origin: 'https://evil.example' })],
    ['from nowhere', ({ id, jar, grant }) => go(jar, `/decide/${id}`, { act: 'approve', grant }, { origin: 'null' })],
    [
      'across sites, as the browser says',
      ({ id, jar, grant }) => go(jar, `/decide/${id}`, { act: 'approve', grant }, { 'sec-fetch-site': 'cross-site' }),
    ],
    [
      'after five minutes',
      async ({ id, jar, grant }) => {
        sandbox.advance(301_000)
        const page = await go(jar, `/decide/${id}`, { act: 'approve', grant })
        sandbox.advance(-301_000)
        return page
      },
    ],
    [
      'with the seal of a sign-in',
      async ({ id, jar }) => {
        const other = newJar()
        await go(other, '/link')
        return go(jar, `/decide/${id}`, { act: 'approve', grant: cookieIn(other, 'stint-sign-in-')[1] })
      },
    ],
  ]
  test.each(elsewhere)('sent %s is not taken', async (_name, send) => {
    const [id, jar] = [await ask(), newJar()]
    const grant = grantIn(await signedIn(jar, `/decide/${id}`, 'approver'))
    expect(grant).not.toBe('')
    const page = await send({ id, grant, jar })
    expect([401, 403]).toContain(page.status)
    expect(await it.stateOf(id)).toBe('pending')
  })

  test('sent as it should be decides, once, upon what was shown', async () => {
    const [id, jar] = [await ask(), newJar()]
    const grant = grantIn(await signedIn(jar, `/decide/${id}`, 'approver'))
    const odd = await go(jar, `/decide/${id}`, { act: 'toString', grant })
    expect([odd.status, codeOf(odd)]).toEqual([400, 'body-invalid'])
    const long = await go(jar, `/decide/${id}`, { act: 'deny', grant, comment: 'x'.repeat(300) })
    expect([long.status, codeOf(long)]).toEqual([400, 'body-invalid'])
    expect((await go(jar, `/decide/${id}`, { act: 'approve', grant, comment: 'go' }, { origin: sandbox.urls.broker })).text).toMatch(
      /Done\./,
    )
    const events = (await storedRequests(sandbox)).find((request) => request.id === id)?.events
    expect(events?.find(({ type }) => type === 'approval.given')).toMatchObject({
      channel: 'web',
      comment: 'go',
      by: { name: 'Avery Approver' },
    })
    // Again is no fault; a withdrawal lands whatever came between; and nothing grants what is over.
    expect((await go(jar, `/decide/${id}`, { act: 'approve', grant })).status).toBe(200)
    expect((await go(jar, `/decide/${id}`, { act: 'revoke', grant })).status).toBe(200)
    const late = await go(jar, `/decide/${id}`, { act: 'approve', grant })
    expect([late.status, codeOf(late)]).toEqual([409, 'request-not-pending'])
  })

  test('whose answer was lost is told as that, and not as if nothing had been changed', async () => {
    const [id, jar] = [await ask(), newJar()]
    const grant = grantIn(await signedIn(jar, `/decide/${id}`, 'approver'))
    lost = true
    const page = await go(jar, `/decide/${id}`, { act: 'deny', grant })
    lost = false
    expect([page.status, codeOf(page)]).toEqual([503, 'ledger-unavailable'])
    expect(page.text).toMatch(/it is not known whether your decision took effect\. Read the request again/)
    expect(page.text).not.toMatch(/Nothing was|nothing was/)
    expect(await it.stateOf(id)).toBe('denied')
  })

  test('of the requester decides nothing for them, and that they tried is in the audit log', async () => {
    const [id, jar] = [await ask(), newJar()]
    const grant = grantIn(await signedIn(jar, `/decide/${id}`, 'oncall'))
    const page = await go(jar, `/decide/${id}`, { act: 'approve', grant })
    expect([page.status, codeOf(page)]).toEqual([403, 'self-approval'])
    const refusals = sandbox.aws.dynamo.records.filter(({ newImage }) => JSON.stringify(newImage ?? {}).includes('self-approval'))
    expect(refusals.length).toBeGreaterThan(0)
  })

  test('that links binds whom it showed, and nobody who typed the code since', async () => {
    const jar = newJar()
    const code = /\/stint link ([\w-]+)</.exec((await signedIn(jar, '/link', 'developer')).text)?.[1] ?? ''
    await it.at('developer').command(`link ${code}`)
    const grant = grantIn(await signedIn(jar, '/link', 'developer'))
    // Meanwhile another code of hers is typed by somebody else.
    const { code: second } = (await it.call('POST', '/slack/link', await sandbox.token('developer'), {})).json
    await it.at('second-developer').command(`link ${second}`)
    const page = await go(jar, '/link', { act: 'confirm', grant })
    expect([page.status, codeOf(page)]).toEqual([412, 'request-changed'])
    expect((await it.call('GET', '/slack/link', await sandbox.token('developer'))).json.state).toBe('pending')
    expect(JSON.stringify(sandbox.aws.dynamo.records.at(-1)?.newImage)).toContain('request-changed')
    // Nor the user whom the person rejects.
    const asked = await signedIn(jar, '/link', 'developer')
    expect(asked.text).toMatch(/No, that is not me/)
    expect((await go(jar, '/link', { act: 'deny', grant: grantIn(asked) })).text).toMatch(/\/stint link [\w-]+</)
    expect((await it.call('GET', '/slack/link', await sandbox.token('developer'))).json.state).toBe('none')
  })

  test('with a cookie of other letters is not ours, and no fault', async () => {
    const [id, jar] = [await ask(), newJar()]
    const grant = grantIn(await signedIn(jar, `/decide/${id}`, 'approver'))
    const [name] = cookieIn(jar, 'stint-page-')
    const cookie = `stint-sandbox=${sandbox.secret}; ${name}=${Buffer.from('é'.repeat(22)).toString('latin1')}`
    const page = await go(new Map(), `/decide/${id}`, { act: 'approve', grant }, { cookie })
    expect([page.status, codeOf(page)]).toEqual([401, 'token-invalid'])
  })
})
