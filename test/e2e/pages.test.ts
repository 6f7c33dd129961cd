/**
 * Stint's own pages, by hand and not by a browser: what a form needs to be accepted, how a browser session begins and ends, and every way
 * of sending a form that a stranger might find. The browser's part is in test/browser.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { marshall } from '@aws-sdk/util-dynamodb'
import { denyKey } from '@stint/broker/adapters/dynamodb/end-notes'
import { sessionSuffix } from '@stint/core/ids'
import { tables } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storedRequests } from '../support/checkers.ts'
import { formIn, type Jar, type Page, type PlainBrowser, plainBrowser } from '../support/plain-browser.ts'
import { CONFIG, type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { slackIn } from '../support/slack.ts'

let sandbox: TestSandbox
let it: ReturnType<typeof slackIn>
let web: PlainBrowser
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
  web = plainBrowser(() => sandbox)
})
afterAll(() => sandbox.close())

const newJar = (): Jar => web.newJar()
const go = (...call: Parameters<PlainBrowser['go']>) => web.go(...call)
const toCallback = (...call: Parameters<PlainBrowser['toCallback']>) => web.toCallback(...call)
const signedIn = (...call: Parameters<PlainBrowser['signedIn']>) => web.signedIn(...call)
/** The first cookie whose name begins so; there must be one. */
function cookieIn(jar: Jar, prefix: string): readonly [name: string, value: string] {
  const found = [...jar].find(([name]) => name.startsWith(prefix))
  if (!found) throw new Error(`no cookie begins with ${prefix}`)
  return found
}
const unescaped = (text: string) => text.replace(/&#(\d+);/g, (_all, code) => String.fromCharCode(Number(code)))
const codeOf = ({ text }: Page): string => /<p class="quiet">([a-z-]+) · /.exec(text)?.[1] ?? ''

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
  test('cannot be framed, runs only its own script, is not stored, and tells no address to others', async () => {
    const jar = newJar()
    const page = await signedIn(jar, `/decide/${await ask()}`, 'approver')
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
    )
    expect(Object.fromEntries(page.headers)).toMatchObject({
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    })
    expect(page.text.match(/<script[^>]*>/g)).toEqual([
      expect.stringMatching(/^<script type="module" src="\/assets\/web-[0-9a-f]{12}\.js">$/),
    ])
    expect(page.text).not.toMatch(/javascript:|\son\w+=|style=|eyJ/i)
    // The cookie has an ID and a secret, and no token.
    expect([...jar].map(([name, value]) => [name, value.length])).toEqual([
      ['stint-sandbox', sandbox.secret.length],
      ['stint-session', 26 + 1 + 43],
    ])
  })
  test.each(['/decide/req_1', '/decide/%252e%252e', '/decide/https:%2f%2fevil.example', `/decide/req_${'0'.repeat(26)}x`])(
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
    expect(page.text).toContain('<li><code>ecs:UpdateService on arn:aws:ecs:*:*:service/shop/*</code></li>')
    expect(page.text).toContain('<li>Can write (<code>UpdateService</code>) in ECS: <code>service/shop/*</code> in any account.</li>')
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

test('a browser without the sandbox’s key enters it once, and goes on with the sign-in', async () => {
  const [jar, issuer]: [Jar, Jar] = [new Map(), new Map()]
  let at = (await go(jar, '/')).location ?? ''
  at = new URL((await go(issuer, at)).location ?? '', at).href
  const wrong = await go(issuer, at, { key: 'wrong' })
  expect([wrong.status, /not the key/.test(wrong.text)]).toEqual([403, true])
  const entered = await go(issuer, at, { key: sandbox.secret })
  expect([entered.status, new URL(entered.location ?? '', at).href]).toEqual([303, at])
  expect((await go(issuer, at)).text).toContain('Dana Developer')
})

describe('two tabs of one browser', () => {
  test('both come back from the issuer, whichever is first, and the form of the first is accepted after the second', async () => {
    const [id, jar] = [await ask(), newJar()]
    const [toDecide, toLink] = [await toCallback(jar, `/decide/${id}`, 'approver'), await toCallback(jar, '/link', 'approver')]
    expect([(await go(jar, toLink)).location, (await go(jar, toDecide)).location]).toEqual(['/link', `/decide/${id}`])
    const decide = await go(jar, `/decide/${id}`)
    expect((await go(jar, '/link')).text).toContain('Get a code')
    const done = await go(jar, `/decide/${id}`, { ...formIn(decide), act: 'deny', comment: 'no' })
    expect([done.status, await it.stateOf(id)]).toEqual([200, 'denied'])
  })
  test('decide one after the other: the second is told, and changes nothing', async () => {
    const [id, jar] = [await ask(), newJar()]
    const page = await signedIn(jar, `/decide/${id}`, 'approver')
    const form = formIn(page)
    expect((await go(jar, `/decide/${id}`, { ...form, act: 'deny', comment: 'no' })).text).toContain('You denied this request.')
    const late = await go(jar, `/decide/${id}`, { ...form, act: 'approve' })
    expect([late.status, codeOf(late), await it.stateOf(id)]).toEqual([409, 'already-decided', 'denied'])
  })
  test('many that were begun and left keep no more than five sign-ins in the browser', async () => {
    const jar = newJar()
    const path = `/decide/req_${'0'.repeat(26)}`
    for (let tabs = 0; tabs < 8; tabs++) await go(jar, path)
    expect([...jar.keys()].filter((name) => name.startsWith('stint-sign-in'))).toHaveLength(5)
    // The one that was begun last is among them.
    expect((await signedIn(jar, path, 'approver')).status).toBe(404)
  })
  test.each<[string, string]>([
    ['quotes, which an address has as three characters each', '"'],
    ['backslashes, which JSON has as two', '\\'],
    ['letters', 'x'],
  ])('that another site begins, with addresses full of %s, leave room in the headers of a request', async (_what, character) => {
    const jar = newJar()
    const begin = (length: number) => go(jar, `/sign-in?${new URLSearchParams({ to: `/activity?${character.repeat(length)}` })}`)
    let longest = 1000
    while ((await begin(longest)).status !== 303) longest -= 20
    for (let tabs = 0; tabs < 8; tabs++) await begin(longest)
    // API Gateway accepts 10,240 bytes of request line and headers.
    expect([...jar].map(([name, value]) => `${name}=${value}`).join('; ').length).toBeLessThan(8000)
  })
  test('the form of one browser is not accepted in another', async () => {
    const [one, other] = [newJar(), newJar()]
    const page = await signedIn(one, `/decide/${await ask()}`, 'approver')
    await signedIn(other, `/decide/${await ask()}`, 'approver')
    expect(codeOf(await go(other, `/decide/${await ask()}`, { ...formIn(page), act: 'deny' }))).toBe('token-invalid')
  })
})

describe('the way back from the issuer', () => {
  test.each<[string, (callback: string, jar: Jar) => Promise<Page>]>([
    ['in another browser', (callback) => go(newJar(), callback)],
    ['with another state', (callback, jar) => go(jar, callback.replace(/state=[^&]+/, 'state=AAAA'))],
    ['without a state', (callback, jar) => go(jar, callback.replace(/state=[^&]+&?/, ''))],
    ['with a code that is none', (callback, jar) => go(jar, callback.replace(/code=[^&]+/, 'code=AAAA'))],
    ['with an error in its place', (callback, jar) => go(jar, callback.replace(/code=[^&]+/, 'error=access_denied'))],
    ['at an address for one of several issuers', (callback, jar) => go(jar, callback.replace('/callback?', '/callback/people?'))],
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
  test.each([
    ['access_denied', 'access_denied'],
    ['eyJhbGciOi.secret', undefined],
    ['a\nlevel=error', undefined],
    ['x'.repeat(41), undefined],
  ])('with the error %j logs only what can be a code', async (error, logged) => {
    const jar = newJar()
    const callback = new URL(await toCallback(jar, '/link', 'developer'))
    callback.searchParams.delete('code')
    callback.searchParams.set('error', error)
    await go(jar, callback.href)
    const line = JSON.stringify(sandbox.log.at(-1))
    expect(line).toContain('sign-in: ')
    if (logged === undefined) expect(line).not.toContain(JSON.stringify(error).slice(1, -1))
    else expect(line).toContain(logged)
  })
  test('is not taken for a fresh sign-in when it is none', async () => {
    const jar = newJar()
    const callback = await toCallback(jar, '/link', 'developer')
    sandbox.advance(400_000)
    const back = await go(jar, callback)
    const page = await go(jar, back.location ?? '')
    sandbox.advance(-400_000)
    expect([page.status, codeOf(page)]).toEqual([403, 'auth-too-old'])
    expect(page.text).toContain('href="/sign-in?to=%2Flink&amp;fresh=1"')
  })
})

describe('a form', () => {
  type Sends = (given: { id: string; form: Record<string, string>; jar: Jar }) => Promise<Page>
  const elsewhere: readonly (readonly [string, Sends])[] = [
    ['without its token', ({ id, jar }) => go(jar, `/decide/${id}`, { act: 'approve', version: '1' })],
    [
      'with another token',
      ({ id, jar, form }) =>
        go(jar, `/decide/${id}`, {
          ...form,
          act: 'approve',
          csrf: (form.csrf ?? '').replace(/^./, (first) => (first === 'A' ? 'B' : 'A')),
        }),
    ],
    ['with a short token', ({ id, jar, form }) => go(jar, `/decide/${id}`, { ...form, act: 'approve', csrf: 'A' })],
    ['from another browser', ({ id, form }) => go(newJar(), `/decide/${id}`, { ...form, act: 'approve' })],
    [
      'with the session of another person',
      async ({ id, form }) => {
        const other = newJar()
        await signedIn(other, '/', 'developer')
        return go(other, `/decide/${id}`, { ...form, act: 'approve' })
      },
    ],
    ['from another site', ({ id, jar, form }) => go(jar, `/decide/${id}`, { ...form, act: 'approve' }, { origin: 'https://evil.example' })],
    ['from nowhere', ({ id, jar, form }) => go(jar, `/decide/${id}`, { ...form, act: 'approve' }, { origin: 'null' })],
    [
      'across sites, as the browser says',
      ({ id, jar, form }) => go(jar, `/decide/${id}`, { ...form, act: 'approve' }, { 'sec-fetch-site': 'cross-site' }),
    ],
    [
      'from another host of the same site',
      ({ id, jar, form }) => go(jar, `/decide/${id}`, { ...form, act: 'approve' }, { 'sec-fetch-site': 'same-site' }),
    ],
    [
      'as another kind of body',
      ({ id, jar, form }) => go(jar, `/decide/${id}`, { ...form, act: 'approve' }, { 'content-type': 'text/plain' }),
    ],
    ['without a version', ({ id, jar, form }) => go(jar, `/decide/${id}`, { ...form, act: 'approve', version: '' })],
    [
      'with a version that is not a whole number',
      ({ id, jar, form }) => go(jar, `/decide/${id}`, { ...form, act: 'approve', version: `${form.version}.0` }),
    ],
    [
      'with a version in another notation',
      ({ id, jar, form }) => go(jar, `/decide/${id}`, { ...form, act: 'approve', version: `0x${form.version}` }),
    ],
    [
      'five minutes after the sign-in, to approve',
      async ({ id, jar, form }) => {
        sandbox.advance(301_000)
        const page = await go(jar, `/decide/${id}`, { ...form, act: 'approve' })
        sandbox.advance(-301_000)
        return page
      },
    ],
    [
      'with two cookies of one name',
      ({ id, jar, form }) => {
        const mine = cookieIn(jar, 'stint-session').join('=')
        const cookie = `stint-sandbox=${sandbox.secret}; ${mine}; stint-session=${'0'.repeat(26)}.${'A'.repeat(43)}`
        return go(new Map(), `/decide/${id}`, { ...form, act: 'approve' }, { cookie })
      },
    ],
    [
      'with the cookie of a sign-in',
      async ({ id, form }) => {
        const other = newJar()
        await go(other, '/link')
        other.set('stint-session', cookieIn(other, 'stint-sign-in-')[1])
        return go(other, `/decide/${id}`, { ...form, act: 'approve' })
      },
    ],
  ]
  test.each(elsewhere)('sent %s is not accepted', async (_name, send) => {
    const [id, jar] = [await ask(), newJar()]
    const form = formIn(await signedIn(jar, `/decide/${id}`, 'approver'))
    expect(form.csrf).toMatch(/^[\w-]{43}$/)
    const page = await send({ id, form, jar })
    expect([401, 403, 412]).toContain(page.status)
    expect(await it.stateOf(id)).toBe('pending')
  })

  test('sent as it should be decides, once, upon what was shown', async () => {
    const [id, jar] = [await ask(), newJar()]
    const form = formIn(await signedIn(jar, `/decide/${id}`, 'approver'))
    const odd = await go(jar, `/decide/${id}`, { ...form, act: 'toString' })
    expect([odd.status, codeOf(odd)]).toEqual([400, 'body-invalid'])
    const long = await go(jar, `/decide/${id}`, { ...form, act: 'deny', comment: 'x'.repeat(300) })
    expect([long.status, long.text]).toEqual([400, expect.stringContaining('class="refused" role="alert">The comment is too long.')])
    expect((await go(jar, `/decide/${id}`, { ...form, act: 'approve', comment: 'go' }, { origin: sandbox.urls.broker })).text).toMatch(
      /You approved 3 sessions of up to 1 hour each, /,
    )
    const events = (await storedRequests(sandbox)).find((request) => request.id === id)?.events
    expect(events?.find(({ type }) => type === 'approval.given')).toMatchObject({
      channel: 'web',
      comment: 'go',
      by: { name: 'Avery Approver' },
    })
    // Again is no fault; a withdrawal lands whatever came between; and nothing grants what is over.
    expect((await go(jar, `/decide/${id}`, { ...form, act: 'approve' })).status).toBe(200)
    expect((await go(jar, `/decide/${id}`, { ...form, act: 'revoke' })).status).toBe(200)
    const late = await go(jar, `/decide/${id}`, { ...form, act: 'approve' })
    expect([late.status, codeOf(late)]).toEqual([409, 'request-not-pending'])
  })

  test('whose answer was lost is told as that, and not as if nothing had been changed', async () => {
    const [id, jar] = [await ask(), newJar()]
    const form = formIn(await signedIn(jar, `/decide/${id}`, 'approver'))
    lost = true
    const page = await go(jar, `/decide/${id}`, { ...form, act: 'deny', comment: 'no' })
    lost = false
    expect([page.status, codeOf(page)]).toEqual([503, 'ledger-unavailable'])
    expect(page.text).toMatch(/it is not known whether your decision took effect\. Read the request again/)
    expect(page.text).not.toMatch(/Nothing was|nothing was/)
    expect(await it.stateOf(id)).toBe('denied')
  })

  test('of the requester decides nothing for them, and that they tried is in the audit log', async () => {
    const [id, jar] = [await ask(), newJar()]
    const form = formIn(await signedIn(jar, `/decide/${id}`, 'oncall'))
    const page = await go(jar, `/decide/${id}`, { ...form, act: 'approve' })
    expect([page.status, codeOf(page)]).toEqual([403, 'self-approval'])
    const refusals = sandbox.aws.dynamo.records.filter(({ newImage }) => JSON.stringify(newImage ?? {}).includes('self-approval'))
    expect(refusals.length).toBeGreaterThan(0)
  })

  test('to get a code is needed: opening the page writes nothing, even when the sign-in is too old', async () => {
    const jar = newJar()
    await signedIn(jar, '/link', 'approver')
    const state = async () => (await it.call('GET', '/slack/link', await sandbox.token('approver'))).json.state
    const [before, writes] = [await state(), sandbox.aws.dynamo.records.length]
    const opened = await go(jar, '/link')
    sandbox.advance(301_000)
    const late = await go(jar, '/link')
    sandbox.advance(-301_000)
    expect([opened.status, /stint link [\w-]{8}/.test(opened.text), late.status, codeOf(late)]).toEqual([200, false, 403, 'auth-too-old'])
    // The session itself notes every five minutes that it is used.
    const written = sandbox.aws.dynamo.records.slice(writes).map(({ newImage }) => JSON.stringify(newImage ?? {}))
    expect([written.filter((image) => !image.includes('sealed')), await state()]).toEqual([[], before])
  })

  test('that links binds whom it showed, and nobody who typed the code since', async () => {
    const jar = newJar()
    const offer = await signedIn(jar, '/link', 'developer')
    const code = /\/stint link ([\w-]+)</.exec((await go(jar, '/link', { ...formIn(offer), act: 'code' })).text)?.[1] ?? ''
    await it.at('developer').command(`link ${code}`)
    const form = formIn(await signedIn(jar, '/link', 'developer'))
    // Meanwhile another code of hers is typed by somebody else.
    const { code: second } = (await it.call('POST', '/slack/link', await sandbox.token('developer'), {})).json
    await it.at('second-developer').command(`link ${second}`)
    const page = await go(jar, '/link', { ...form, act: 'confirm' })
    expect([page.status, codeOf(page)]).toEqual([412, 'request-changed'])
    expect((await it.call('GET', '/slack/link', await sandbox.token('developer'))).json.state).toBe('pending')
    expect(JSON.stringify(sandbox.aws.dynamo.records.at(-1)?.newImage)).toContain('request-changed')
    // Nor the user whom the person rejects.
    const asked = await signedIn(jar, '/link', 'developer')
    expect(asked.text).toMatch(/No, that is not me/)
    expect((await go(jar, '/link', { ...formIn(asked), act: 'deny' })).text).toMatch(/\/stint link [\w-]+</)
    expect((await it.call('GET', '/slack/link', await sandbox.token('developer'))).json.state).toBe('none')
  })

  test('with a cookie of other letters is not accepted, and no fault', async () => {
    const [id, jar] = [await ask(), newJar()]
    const form = formIn(await signedIn(jar, `/decide/${id}`, 'approver'))
    const cookie = `stint-sandbox=${sandbox.secret}; stint-session=${Buffer.from('é'.repeat(22)).toString('latin1')}`
    const page = await go(new Map(), `/decide/${id}`, { ...form, act: 'approve' }, { cookie })
    expect([page.status, codeOf(page)]).toEqual([401, 'token-invalid'])
  })
})

describe('a browser session', () => {
  /** What the table has of all sessions. */
  const storedSessions = async () => {
    const { Items } = await sandbox.aws.dynamo.direct('Scan', { TableName: 'stint-side', ConsistentRead: true })
    return (Items as { pk: { S: string } }[]).filter(({ pk }) => pk.S.startsWith('WEB#'))
  }
  /** My access; a browser that is not signed in is sent to the issuer. */
  const isSignedIn = async (jar: Jar): Promise<boolean> => {
    const { status, location } = await go(jar, '/')
    if (status === 303) expect(location).toMatch(/\/auth\?|^\/signed-out\?/)
    return status === 200
  }

  test('begins anew with each sign-in, and the one before ends', async () => {
    const jar = newJar()
    await signedIn(jar, '/', 'developer')
    const before = new Map(jar)
    await signedIn(jar, '/', 'developer')
    expect(cookieIn(jar, 'stint-session')).not.toEqual(cookieIn(before, 'stint-session'))
    expect([await isSignedIn(jar), await isSignedIn(before)]).toEqual([true, false])
  })
  test('is not taken over by a cookie that someone set before the sign-in', async () => {
    const planted = `${'0'.repeat(26)}.${'A'.repeat(43)}`
    const jar = newJar().set('stint-session', planted)
    await signedIn(jar, '/', 'developer')
    expect(cookieIn(jar, 'stint-session')[1]).not.toBe(planted)
    expect(await isSignedIn(newJar().set('stint-session', planted))).toBe(false)
  })
  test.each([
    ['half an hour without a call', 30 * 60_000, false],
    ['a little less', 29 * 60_000, true],
  ])('after %s', async (_what, milliseconds, still) => {
    const jar = newJar()
    await signedIn(jar, '/', 'developer')
    sandbox.advance(milliseconds)
    const found = await isSignedIn(jar)
    sandbox.advance(-milliseconds)
    expect(found).toBe(still)
  })
  test('lasts as long as its token, however often it is used', async () => {
    const jar = newJar()
    await signedIn(jar, '/', 'developer')
    let minutes = 0
    while (minutes < 120 && (await isSignedIn(jar))) {
      sandbox.advance(20 * 60_000)
      minutes += 20
    }
    sandbox.advance(-minutes * 60_000)
    // The sandbox's tokens are valid for an hour at most.
    expect(minutes).toBeGreaterThan(30)
    expect(minutes).toBeLessThanOrEqual(80)
  })
  test('ends by signing out, in this browser only, and no page is left for its back button', async () => {
    const [one, other] = [newJar(), newJar()]
    await signedIn(one, '/', 'developer')
    await signedIn(other, '/', 'developer')
    const copy = new Map(one)
    const out = await go(one, '/sign-out', { ...formIn(await go(one, '/')), everywhere: '' })
    expect([out.status, out.location, out.headers.get('clear-site-data')]).toEqual([303, '/signed-out', '"cache"'])
    expect((await go(one, '/signed-out')).text).toContain('You are signed out')
    // The cookie is worth nothing, even to someone who kept a copy.
    expect([one.has('stint-session'), await isSignedIn(copy), await isSignedIn(other)]).toEqual([false, false, true])
  })
  test('keeps the token from whoever reads the table', async () => {
    const jar = newJar()
    await signedIn(jar, '/', 'developer')
    const items = JSON.stringify(await storedSessions())
    expect(items).toContain('sealed')
    expect([/eyJ[\w-]+\.eyJ/.test(items), items.includes('Dana'), items.includes(cookieIn(jar, 'stint-session')[1].slice(27))]).toEqual([
      false,
      false,
      false,
    ])
  })

  test.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example',
    '/%5cevil.example',
    '/decide/../../evil',
    '/sign-in/callback',
    '/sessions',
    'javascript:alert(1)',
    '/\t/evil.example',
    `/?${'x'.repeat(2000)}`,
  ])('does not lead to %s after the sign-in', async (to) => {
    const page = await go(newJar(), `/sign-in?${new URLSearchParams({ to })}`)
    expect([page.status, page.location]).toEqual([404, null])
  })
})

describe('the AWS console from a page', () => {
  const opened = async (jar: Jar, form: Record<string, string>, headers: Record<string, string> = {}) => go(jar, '/console', form, headers)

  test('opens with a session that is recorded', async () => {
    const jar = newJar()
    const form = formIn(await signedIn(jar, '/access/staging-power', 'developer'))
    const page = await opened(jar, { csrf: form.csrf ?? '', profile: 'staging-power', duration: '15m', justification: '' })
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'/)
    const url = /<a href="(http[^"]+)">/.exec(page.text)?.[1]?.replaceAll('&#38;', '&') ?? ''
    expect(url).toMatch(/\/federation\?Action=login&/)
    expect(await (await fetch(url)).text()).toMatch(/staging|PowerUser|444455556666/)
    expect(page.text).not.toMatch(/eyJ|ASIA/)
  })
  test.each<[string, (form: Record<string, string>, jar: Jar) => Promise<Page>, number, string]>([
    ['a form without a token', ({ profile = '' }, jar) => opened(jar, { profile }), 401, 'token-invalid'],
    ['a browser without a session', (form) => opened(newJar(), form), 401, 'token-invalid'],
    ['a profile that is not visible', (form, jar) => opened(jar, { ...form, profile: 'report-export' }), 404, 'profile-unknown'],
    ['a duration that is too long', (form, jar) => opened(jar, { ...form, duration: '9h' }), 422, 'duration-invalid'],
  ])('does not open for %s', async (_what, send, status, code) => {
    const jar = newJar()
    const { csrf = '' } = formIn(await signedIn(jar, '/access/staging-power', 'developer'))
    const page = await send({ csrf, profile: 'staging-power' }, jar)
    expect([page.status, codeOf(page)]).toEqual([status, code])
  })
  test('says what is wrong in the words of a person, and goes back with what was entered', async () => {
    const jar = newJar()
    const { csrf = '' } = formIn(await signedIn(jar, '/access/staging-power', 'developer'))
    const entered = { profile: 'staging-power', duration: '15 min', justification: 'Orders "are" <down>', ticket: 'INC-1' }
    const page = await opened(jar, { csrf, ...entered })
    expect(page.text).toMatch(/<link rel="stylesheet" href="\/assets\/web\.css">/)
    expect(page.text).toMatch(/<h1>Check the duration<\/h1>[\s\S]*such as 15m or 1h30m/)
    expect(page.text).not.toMatch(/whole seconds|number of seconds|a string/)
    expect((await go(jar, '/assets/web.css')).headers.get('cache-control')).toBe('public, max-age=300')
    const [, back = ''] = /<form method="post" action="([^"]+)"/.exec(page.text) ?? []
    const sent = [...page.text.matchAll(/name="([\w.]+)" value="([^"]*)"/g)].map(
      ([, name = '', value = '']) => [name, unescaped(value)] as const,
    )
    const again = await go(jar, back, sent)
    expect([again.status, again.text]).toEqual([
      200,
      expect.stringMatching(/value="15 min"[\s\S]*Orders &quot;are&quot; &lt;down&gt;[\s\S]*value="INC-1"/),
    ])
    expect(again.text).not.toMatch(/class="refused"/)
  })
  test('leads to the request where approval is needed', async () => {
    const jar = newJar()
    const { csrf = '' } = formIn(await signedIn(jar, '/access/break-glass', 'oncall'))
    const page = await opened(jar, { csrf, profile: 'break-glass', justification: 'Orders are down' })
    expect([page.status, page.location]).toEqual([303, expect.stringMatching(/^\/decide\/req_/)])
  })
})

describe('what a page shows', () => {
  const mentions = (text: string) => /Olu On-Call|Orders are down/.test(text)

  test('a request, to those who may see it', async () => {
    const id = await ask()
    const seen = await Promise.all(
      (['approver', 'oncall', 'second-developer'] as const).map(async (name) => {
        const page = await signedIn(newJar(), `/decide/${id}`, name)
        return [name, page.status, /Olu On-Call \(/.test(page.text)]
      }),
    )
    expect(seen).toEqual([
      ['approver', 200, true],
      ['oncall', 200, true],
      ['second-developer', 404, false],
    ])
  })
  test('events, to those whom they concern and to auditors', async () => {
    const { json } = await sandbox.vend(await sandbox.token('developer'), { profile: 'staging-power', justification: 'Orders are down' })
    await sandbox.ship()
    const request = json.requestId
    for (const [name, may] of [
      ['developer', true],
      ['auditor', true],
      ['second-developer', false],
    ] as const) {
      const jar = newJar()
      const page = await signedIn(jar, '/activity', name)
      const [one, session] = [await go(jar, `/activity?request=${request}`), await go(jar, `/activity?session=${json.id}`)]
      expect([name, [page, one, session].map(({ status, text }) => [status, text.includes('Credentials issued')])]).toEqual([
        name,
        Array.from({ length: 3 }, () => [200, may]),
      ])
      const receipt = await go(jar, `/activity/${request}/1`)
      expect([name, receipt.status, receipt.text.startsWith('c2sp.org/tlog-proof@v1')]).toEqual([name, may ? 200 : 404, may])
    }
  })
  test.each([
    ['day=2026-13-40', 'The day must be a date'],
    ['person=dana', 'A person is an issuer and a subject'],
    ['account=12', 'An account has 12 digits'],
    ['request=req_1', 'This is not the ID of a request'],
    ['session=x', 'This is not the ID of a session'],
    ['profile=%3Cb%3E', 'This is not the ID of a profile'],
    ['color=red', 'Unknown or repeated filter'],
    ['day=0001-01-01', 'The day must be a date'],
    ['cursor=OTk5OS0xMi0zMVQyNA', 'Invalid cursor'],
    ['profile=break-glass&cursor=OTk5OS0xMi0zMVQyNA', 'Invalid cursor'],
    [`request=req_${'0'.repeat(26)}&profile=break-glass`, 'shown as a whole'],
    [`session=req_${'0'.repeat(26)}.aaaaaaaa&day=2026-11-28`, 'shown as a whole'],
  ])('a fault of the filter %s', async (query, says) => {
    const jar = newJar()
    await signedIn(jar, '/', 'auditor')
    const page = await go(jar, `/activity?${query}`)
    expect([page.status, page.text.includes(says)]).toEqual([400, true])
  })
  test('the activity of another person only to auditors, and one’s own to everyone', async () => {
    const [jar, auditor] = [newJar(), newJar()]
    await Promise.all([signedIn(jar, '/', 'developer'), signedIn(auditor, '/', 'auditor')])
    const { sub } = JSON.parse(Buffer.from((await sandbox.token('developer')).split('.')[1] ?? '', 'base64url').toString())
    const of = (person: string) => `/activity?person=${encodeURIComponent(`people/${person}`)}`
    const [own, other, theirs] = [await go(jar, of(sub)), await go(jar, of('somebody')), await go(auditor, of(sub))]
    expect([own.status, other.status, theirs.status]).toEqual([200, 400, 200])
    expect(other.text).toContain('Only auditors can see the activity of another person.')
  })
  test('nothing of a request to someone who is not signed in', async () => {
    const page = await go(newJar(), `/decide/${await ask()}`)
    expect([page.status, mentions(page.text)]).toEqual([303, false])
  })
})

describe('a request from a page', () => {
  const fields = { duration: '', justification: 'Orders are down', ticket: '', startsAt: '' }
  test.each<[string, Record<string, string>, number, RegExp]>([
    [
      'is shown before it is sent',
      {},
      200,
      /Nothing has been sent yet[\s\S]*1 approver from <code>people<\/code> in group <code>approvers<\/code>[\s\S]*up to 1 hour per session/,
    ],
    ['shows a shorter duration', { duration: '15m' }, 200, /up to 15 minutes per session/],
    ['shows a later start', { startsAt: 'LATER' }, 200, /<td><time [^>]*>20\d\d-/],
    ['reads the start of a date field as UTC', { startsAt: 'LOCAL' }, 200, /<td><time datetime="20\d\d-\d\d-\d\dT\d\d:\d\d:00Z/],
    [
      'says what is wrong with the duration, at its field',
      { duration: '9h' },
      400,
      /aria-describedby="duration-fault duration-hint" aria-invalid="true" autofocus>[\s\S]*id="duration-fault">Enter a duration such as 15m or 1h30m, at most 1 hour\./,
    ],
    ['says what is wrong with the start', { startsAt: 'tomorrow' }, 400, /id="startsAt-fault">Enter a time in UTC within the next 7 days/],
    ['says that the justification is missing', { justification: ' ' }, 400, /id="justification-fault">Enter why you need access/],
    ['says what a ticket is', { ticket: 'a b' }, 400, /id="ticket-fault">A ticket has 1 to 64 letters/],
    ['goes back to the form with what was entered', { step: 'edit', ticket: 'INC-1' }, 200, /value="INC-1"/],
  ])('%s', async (_what, change, status, says) => {
    const jar = newJar()
    const { csrf = '' } = formIn(await signedIn(jar, '/access/break-glass', 'oncall'))
    const start = new Date(sandbox.now() + 3_600_000).toISOString()
    const startsAt = change.startsAt === 'LATER' ? { startsAt: start } : change.startsAt === 'LOCAL' ? { startsAt: start.slice(0, 16) } : {}
    const page = await go(jar, '/access/break-glass', { csrf, step: 'check', ...fields, ...change, ...startsAt })
    expect(page.status).toBe(status)
    expect(page.text).toMatch(says)
    expect(page.text.includes('Send the request')).toBe(status === 200 && change.step === undefined)
  })
  test('repeats only the fields that it has, each once', async () => {
    const jar = newJar()
    const { csrf = '' } = formIn(await signedIn(jar, '/access/break-glass', 'oncall'))
    const page = await go(jar, '/access/break-glass', { csrf, step: 'check', ...fields, 'p.other': 'x', more: 'y' })
    const names = [...page.text.slice(page.text.indexOf('Exact permissions')).matchAll(/ name="([^"]+)"/g)].map(([, name]) => name)
    expect(names).toEqual(['csrf', 'duration', 'justification', 'ticket', 'startsAt', 'step', 'step'])
  })
  test('is sent once, and leads to its page', async () => {
    const jar = newJar()
    const { csrf = '' } = formIn(await signedIn(jar, '/access/break-glass', 'oncall'))
    const sent = await go(jar, '/access/break-glass', { csrf, step: 'send', ...fields })
    expect([sent.status, sent.location]).toEqual([303, expect.stringMatching(/^\/decide\/req_/)])
    expect((await go(jar, '/access/break-glass', { csrf, step: 'send', ...fields })).location).toBe(sent.location)
  })
})

describe('with a config of its own', () => {
  let whole: TestSandbox
  let folder: string
  beforeAll(async () => {
    whole = sandbox
    folder = mkdtempSync(join(tmpdir(), 'stint-pages-'))
    const config = join(folder, 'stint.config.ts')
    // Reading logs needs an approval here.
    writeFileSync(
      config,
      `import company from ${JSON.stringify(CONFIG)}
const { rules } = company.profiles['break-glass'].approval
const approval = { rules, expiresAfter: '1h', window: '1h', maxUses: 2 }
const night = { ...company.profiles['break-glass'], duration: { default: '1h', max: '1h', renew: '30m' } }
const profiles = { 'logs-read': { ...company.profiles['logs-read'], approval }, 'break-glass': night }
const many = Object.fromEntries(Array.from({ length: 21 }, (_, at) => [\`many-\${at}\`, { ...company.targets.staging, account: '999988887777', roleArn: \`arn:aws:iam::999988887777:role/stint/Many\${at}\` }]))
export default { ...company, targets: { ...company.targets, ...many }, profiles: { ...company.profiles, ...profiles } }`,
    )
    sandbox = await testSandbox({ config, vendClient: 'sdk' })
  })
  afterAll(async () => {
    await sandbox.close()
    sandbox = whole
    rmSync(folder, { recursive: true })
  })
  const approved = async (body: object): Promise<void> => {
    const asked = await sandbox.call('POST', '/requests', await sandbox.token('developer'), { profile: 'logs-read', ...body })
    const given = await sandbox.call('POST', `/requests/${asked.json.id}/approve`, await sandbox.token('approver'), {})
    expect([asked.status, given.status]).toEqual([201, 200])
    sandbox.settle()
  }

  test('an account with many targets is searched one day at a time', async () => {
    const jar = newJar()
    await signedIn(jar, '/', 'auditor')
    const account = '/activity?account=999988887777'
    const [wide, day] = [await go(jar, account), await go(jar, `${account}&day=${new Date(sandbox.now()).toISOString().slice(0, 10)}`)]
    expect([wide.status, wide.text]).toEqual([400, expect.stringContaining('too many targets to search every day. Choose a day.')])
    expect(day.status).toBe(200)
  })
  test('a parameter says in words what it must be, and a wrong one says so at its field', async () => {
    const jar = newJar()
    const page = await signedIn(jar, '/access/logs-read', 'developer')
    expect(page.text).toContain(
      'id="p.bucket-hint">It begins with <code>acme-</code>, has lower-case letters, digits and hyphens and ends with <code>-logs</code>. At most 63 characters. Pattern: <code>acme-[a-z0-9-]+-logs</code>',
    )
    const wrong = await go(jar, '/access/logs-read', { csrf: formIn(page).csrf ?? '', step: 'check', 'p.bucket': 'x' })
    expect(wrong.status).toBe(400)
    expect(wrong.text).toContain('aria-describedby="p.bucket-fault p.bucket-hint" aria-invalid="true" autofocus>')
  })
  test('an approved request shows its parameters, and opens the console with them, also over the SDK', async () => {
    await approved({ parameters: { bucket: 'acme-orders-logs' } })
    const jar = newJar()
    const page = await signedIn(jar, '/', 'developer')
    expect(page.text).toMatch(/<code>stint exec logs-read -p bucket=acme-orders-logs --request req_\w{26} -- COMMAND<\/code>/)
    const opened = await go(jar, '/console', formIn(page))
    expect([opened.status, /federation\?Action=login/.test(opened.text)]).toEqual([200, true])
  })
  test('My access lists a request that starts later, one that was denied, and where and when a session started', async () => {
    const [dana, alex] = [await sandbox.token('second-developer'), await sandbox.token('approver')]
    const ask = async (bucket: string, decision: string, more: object = {}) => {
      const parameters = { bucket: `acme-${bucket}-logs` }
      const { json } = await sandbox.call('POST', '/requests', dana, { profile: 'logs-read', parameters, ...more })
      const { status } = await sandbox.call('POST', `/requests/${json.id}/${decision}`, alex, { comment: `${decision}: 1 < 2` })
      expect(status).toBe(200)
      return json.id as string
    }
    const later = await ask('later', 'approve', { startsAt: new Date(sandbox.now() + 600_000).toISOString() })
    const denied = await ask('denied', 'deny')
    const used = await ask('used', 'approve')
    const vended = await sandbox.vend(dana, { profile: 'logs-read', parameters: { bucket: 'acme-used-logs' }, requestId: used })
    expect(vended.status).toBe(201)
    sandbox.settle()
    const { text } = await signedIn(newJar(), '/', 'second-developer')
    const part = (title: string) => text.split('<h2>').find((one) => one.startsWith(`${title}</h2>`)) ?? ''
    expect(part('Approved, starts later')).toMatch(new RegExp(`/decide/${later}">logs-read</a>.*, starts <time`))
    expect(part('Approved, starts later')).toContain('<code>bucket=acme-later-logs</code>')
    expect(part('Recently decided')).toMatch(
      new RegExp(`/decide/${denied}">[\\s\\S]*denied</span> by Avery Approver.*: \u2068?deny: 1 &lt; 2`),
    )
    expect(part('Live sessions')).toMatch(/started <time[\s\S]*<code>bucket=acme-used-logs<\/code>/)
    expect(part('Live sessions')).toContain(`href="/decide/${used}"`)
    expect(part('Approved, ready to use')).toContain(`stint console logs-read -p bucket=acme-used-logs --request ${used}`)
    sandbox.advance(3 * 86_400_000)
    expect((await signedIn(newJar(), '/', 'second-developer')).text).not.toContain('Recently decided')
    sandbox.advance(-3 * 86_400_000)
  })
  test('a session that is older than 20 requests can be ended on a page', async () => {
    const token = () => sandbox.token('developer')
    const first = await sandbox.vend(await token(), { profile: 'staging-power', justification: 'x' })
    for (let more = 0; more < 20; more++) await sandbox.vend(await token(), { profile: 'staging-power', justification: 'x' })
    sandbox.settle()
    const jar = newJar()
    const page = await signedIn(jar, '/', 'developer')
    expect(page.text).not.toContain(first.json.id)
    const [, link = ''] = /href="(\/\?cursor=[^"]+)">Older requests and sessions/.exec(page.text) ?? []
    const older = await go(jar, link)
    expect([older.status, older.text.includes(first.json.id), older.text.includes('/access/')]).toEqual([200, true, false])
    const ended = await go(jar, '/end', { csrf: formIn(older).csrf ?? '', session: first.json.id })
    expect(ended.text).toContain('The session has ended. Its access usually ends within seconds')
    // The policy of the role had no room for it.
    const row = {
      request: first.json.requestId,
      issuedAt: sandbox.now(),
      until: sandbox.now() + 600_000,
      notedAt: sandbox.now(),
      state: 'full',
    }
    const key = { pk: denyKey('arn:aws:iam::444455556666:role/stint/PowerUser'), sk: sessionSuffix(first.json.id) }
    await sandbox.aws.dynamo.direct('PutItem', { TableName: tables.side, Item: marshall({ ...key, ...row }) })
    const again = await go(jar, '/end', { csrf: formIn(ended).csrf ?? '', session: first.json.id })
    expect(again.text).toContain('so its credentials work until they expire. <span data-as="clock">Its credentials stop working by')
  })
  test('a request with a narrower policy has no button that could not work', async () => {
    const narrow = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:ListBucket', Resource: 'arn:aws:s3:::acme-audit-logs' }],
    }
    await approved({ parameters: { bucket: 'acme-audit-logs' }, narrow })
    const { text } = await signedIn(newJar(), '/', 'developer')
    expect(text).toContain('Start its session with the API')
    expect(text).not.toContain('-p bucket=acme-audit-logs')
  })
  test('the timeline of a break-glass session reads from the request to the review, each event with its proof', async () => {
    const oncall = await sandbox.token('oncall')
    const ok = async (method: string, path: string, token: string, body?: object) => {
      const answer = await sandbox.call(method, path, token, body)
      expect([path, answer.status < 300, answer.text]).toEqual([path, true, answer.text])
      return answer.json
    }
    const { id } = await ok('POST', '/requests', oncall, { profile: 'break-glass', justification: 'Orders are down' })
    await ok('POST', `/requests/${id}/approve`, await sandbox.token('approver'), {})
    const session = await ok('POST', '/sessions', oncall, { profile: 'break-glass', requestId: id })
    await sandbox.ship()
    await ok('POST', `/sessions/${session.id}/credentials`, oncall, {})
    await ok('DELETE', `/sessions/${session.id}`, oncall)
    const jar = newJar()
    const page = await signedIn(jar, `/decide/${id}`, 'approver')
    const form = { ...formIn(page), act: 'review', comment: 'Rolled back' }
    expect((await go(jar, `/decide/${id}`, form)).text).toContain('You completed the review.')
    const steps = [
      ...[/Approval requested.*Olu/, /Approved<td>.*Avery/, /Credentials issued/, /Credentials renewed/],
      ...[/Session ended/, /Break-glass reviewed: .*Rolled back.*Avery/],
    ]
    const auditor = newJar()
    await signedIn(auditor, '/', 'auditor')
    const rowsOf = async () => {
      const [head = '', ...rows] = (await go(auditor, `/activity?request=${id}`)).text.split('<tr><td>')
      expect(head).toContain('<span class="badge high">break-glass</span> ')
      return rows
    }
    const read = async () => {
      const rows = await rowsOf()
      return steps.map((step) => rows.findIndex((row) => step.test(row)))
    }
    const places = await read()
    expect(places).toEqual([...places].sort((one, other) => one - other))
    expect(places).not.toContain(-1)
    const proofs = (rows: readonly string[]) => places.map((at) => /(Receipt|In the log|Not yet in the log)/.exec(rows[at] ?? '')?.[1])
    expect(proofs(await rowsOf()).at(-1)).toBe('Not yet in the log')
    await sandbox.ship()
    const rows = await rowsOf()
    expect(proofs(rows)).toEqual(steps.map(() => 'Receipt'))
    for (const at of places) {
      const receipt = await go(auditor, /href="([^"]*)">Receipt/.exec(rows[at] ?? '')?.[1] ?? '')
      expect(receipt.text.startsWith('c2sp.org/tlog-proof@v1')).toBe(true)
    }
  })
})

test.each(['/foo', '/access', '/decide/', '/activity/x', '/access/a/b'])('an unknown address is a page in a browser: %s', async (path) => {
  const page = await go(newJar(), path, undefined, { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' })
  expect([page.status, page.headers.get('content-type'), codeOf(page)]).toEqual([404, 'text/html; charset=UTF-8', 'route-unknown'])
  expect(page.text).toMatch(/<h1>Page not found<\/h1>[\s\S]*<a class="button" href="\/">My access<\/a>/)
  const api = await go(newJar(), path, undefined, { accept: '*/*' })
  expect([api.status, api.headers.get('content-type')]).toEqual([404, 'application/problem+json'])
})

describe('a refusal on a page', () => {
  test.each([
    ['a request', '/decide/req_00000000000000000000000000', 'Check the address, or ask the person who sent it to you.'],
    ['a profile', '/access/nothing', 'My access lists the profiles that you can see.'],
  ])('speaks to a person: %s', async (_what, path, next) => {
    const jar = newJar()
    await signedIn(jar, '/', 'developer')
    const { text } = await go(jar, path)
    expect(text).toContain(next)
    expect(text).not.toMatch(/GET \/|POST \/|openapi/)
  })
  test('shows the next step that the refusal names', async () => {
    const jar = newJar()
    const { json } = await sandbox.vend(await sandbox.token('developer'), { profile: 'staging-power' })
    const form = formIn(await signedIn(jar, '/', 'developer'))
    const page = await go(jar, `/decide/${json.requestId}`, { csrf: form.csrf ?? '', act: 'extend' })
    expect([page.status, page.text.includes('Start a new session.')]).toEqual([409, true])
  })
  test('what is too long says so, and not how a body is sent', async () => {
    const [id, jar] = [await ask(), newJar()]
    const form = formIn(await signedIn(jar, `/decide/${id}`, 'approver'))
    const page = await go(jar, `/decide/${id}`, { ...form, act: 'deny', comment: 'x'.repeat(300) })
    expect(page.text).toMatch(/The comment is too long\. The maximum is 256 bytes\./)
    expect(page.text).not.toContain('body-invalid')
  })
})

test('reviews that are due have pages of their own', async () => {
  const jar = newJar()
  await signedIn(jar, '/', 'approver')
  const page = await go(jar, '/decide?review=needed')
  expect([page.status, page.text.includes('Break-glass reviews'), page.text.includes('Waiting for you')]).toEqual([200, true, false])
})
