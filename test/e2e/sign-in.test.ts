/** What a token endpoint gives out, judged: both tokens must be of one person, of the issuer that was asked, for this sign-in. */
import { randomBytes } from 'node:crypto'
import { getBytes } from '@stint/broker/adapters/https'
import { issuerKeys } from '@stint/broker/adapters/jwks'
import { beginSignIn, endSignIn, type Fresh } from '@stint/broker/web/sign-in'
import type { Rules } from '@stint/core/config/shape'
import { loadRules, portsFrom } from '@stint/sandbox'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LAB_CONFIG, type Lab, startLab } from '../support/lab.ts'

const CALLBACK = 'https://stint.acme.example/sign-in/callback'
const client = { authorizationEndpoint: 'https://login.acme.example/authorize', tokenEndpoint: 'https://login.acme.example/token' }

let lab: Lab
let rules: Rules
beforeAll(async () => {
  lab = await startLab()
  rules = { ...(await loadRules(LAB_CONFIG, portsFrom(20_000), lab.bindings)), signIn: { lab: { ...client, clientId: 'web' } } }
})
afterAll(() => lab.close())

function begun(fresh: Fresh = false, now = Date.now()) {
  const issuer = rules.issuers.lab
  if (!issuer) throw new Error('the config has no lab')
  return beginSignIn('lab', issuer, { ...client, clientId: 'web' }, CALLBACK, '/link', { mfa: false, fresh }, now, randomBytes)
}

/** The whole way but for the browser; the issuer answers with these claims, and sends the browser back with these parameters. */
async function signedIn(access: object, id: object, back: Record<string, string> = {}): Promise<readonly unknown[]> {
  const { pending } = begun()
  const answer = {
    access_token: await lab.token({ sub: 'ada', ...access }),
    id_token: await lab.token({ sub: 'ada', aud: 'web', nonce: pending.nonce, ...id }, { typ: 'JWT' }),
    token_type: 'Bearer',
  }
  const ended = await endSignIn({
    broker: { rules, keys: issuerKeys({ clock: Date.now, get: getBytes }) },
    pending,
    query: new URLSearchParams({ code: 'x', state: pending.state, ...back }),
    callback: CALLBACK,
    secret: undefined,
    fetch: async () => Response.json(answer),
    now: Date.now(),
  })
  return ended.outcome === 'refused' ? [ended.code, ended.detail] : ['done', ended.value.token === answer.access_token]
}

const twoPeople = ['token-invalid', 'The issuer returned tokens of two different people.']
const notToItsEnd = ['token-invalid', 'Sign-in did not complete. Start again.']
test.each<[string, () => object, () => object, readonly unknown[]]>([
  ['both tokens of one person', () => ({}), () => ({}), ['done', true]],
  ['an access token of somebody else', () => ({ sub: 'eve' }), () => ({}), twoPeople],
  ['an ID token of somebody else', () => ({}), () => ({ sub: 'eve' }), twoPeople],
  ['an access token of another issuer that we trust, of the same name', () => ({ iss: lab.issuers.once }), () => ({}), twoPeople],
  ['an ID token of another issuer', () => ({}), () => ({ iss: lab.issuers.once }), notToItsEnd],
  ['an ID token of another sign-in', () => ({}), () => ({ nonce: 'another' }), notToItsEnd],
  ['an ID token for another client', () => ({}), () => ({ aud: 'another' }), notToItsEnd],
])('%s', async (_what, access, id, expected) => expect(await signedIn(access(), id())).toEqual(expected))

// What the browser brings back must belong to this sign-in (RFC 6749 §10.12) and come from this issuer (RFC 9207).
test.each<[string, Record<string, string>]>([
  ['the state of another sign-in', { state: 'A'.repeat(43) }],
  ['the name of another issuer', { iss: 'https://login.other.example' }],
])('%s', async (_what, back) => expect(await signedIn({}, {}, back)).toEqual(notToItsEnd))

test('requests only openid, with a challenge, a state and a nonce of its own', () => {
  const [one, other] = [begun(), begun()].map(({ url }) => new URL(url).searchParams)
  expect([one?.get('scope'), one?.get('response_type'), one?.get('code_challenge_method')]).toEqual(['openid', 'code', 'S256'])
  for (const name of ['state', 'nonce', 'code_challenge']) {
    expect(one?.get(name)).toMatch(/^[\w-]{43}$/)
    expect(one?.get(name)).not.toBe(other?.get(name))
  }
})
