/**
 * The attack corpus: every forgery and malformation of `corpus/` against the broker over HTTP, at each of the three endpoints that
 * take a token. Each is refused with the code
 * that its row says, tells nothing of itself back, asks nobody outside, writes nothing before identity, reaches no
 * AssumeRole; and each class has honest tokens that pass, so that no row is refused for another reason.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readdirSync, readFileSync } from 'node:fs'
import { type ClientRequest, createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { ProblemCode } from '@stint/core/problem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exchange, type Raw, type RawAnswer } from '../support/http.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { AUDIENCE } from './attack.config.ts'
import { expand, fill, forge, makeKeys, type Recipe, type World } from './forge.ts'

type Corpus = { readonly class: string; readonly why: string; readonly controls: readonly Recipe[]; readonly attacks: readonly Recipe[] }
const folder = fileURLToPath(new URL('./corpus/', import.meta.url))
const corpora = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .sort()
  .map((name) => JSON.parse(readFileSync(`${folder}${name}`, 'utf8')) as Corpus)

const keys = makeKeys()
let sandbox: TestSandbox
let servers: Server[]
let world: World
let evilHits = 0
const asked = new Map<string, number>()
/** Whom anything in this process asked, by `host:port`. */
const hosts = new Set<string>()
const watch = (message: unknown) => {
  const { request } = message as { request: ClientRequest }
  const host = request.getHeader('host')
  if (host !== undefined) hosts.add(String(host)) // the rows' own calls say theirs in another way
}

const serve = (answer: (path: string) => string): Promise<{ server: Server; url: string }> =>
  new Promise((resolve) => {
    const server = createServer((request, response) => void response.end(answer(request.url ?? '')))
    server.listen(0, '127.0.0.1', () => resolve({ server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }))
  })

beforeAll(async () => {
  const lab = await serve((path) => {
    asked.set(path, (asked.get(path) ?? 0) + 1)
    return JSON.stringify({ keys: (path === '/other/jwks' ? keys.other : keys.lab).map(({ jwk }) => jwk) })
  })
  const evil = await serve(() => {
    evilHits++
    return JSON.stringify({ keys: [{ ...keys.find('stranger').jwk, kid: 'stranger' }] })
  })
  servers = [lab.server, evil.server]
  const names = ['lab', 'id', 'cognito', 'okta', 'entra', 'tenanted', 'narrow', 'other']
  sandbox = await testSandbox({
    config: fileURLToPath(new URL('./attack.config.ts', import.meta.url)),
    bindings: {
      ...Object.fromEntries(names.map((name) => [`ISSUER_${name.toUpperCase()}`, `${lab.url}/${name}`])),
      JWKS: `${lab.url}/jwks`,
      OTHER_JWKS: `${lab.url}/other/jwks`,
    },
  })
  world = { lab: lab.url, evil: evil.url, audience: AUDIENCE, now: sandbox.now, subject: 'dana', find: keys.find }
  subscribe('http.client.request.start', watch)
})
afterAll(async () => {
  unsubscribe('http.client.request.start', watch)
  await sandbox.close()
  for (const server of servers) server.close()
  const wide = Math.max(...corpora.map(({ class: name }) => name.length))
  const rows = corpora.map(
    ({ class: name, attacks, controls }) => [name, attacks.flatMap(expand).length, controls.flatMap(expand).length] as const,
  )
  console.log(
    rows
      .map(
        ([name, attacks, controls]) =>
          `${name.padEnd(wide)} ${String(attacks).padStart(4)} refused ${String(controls).padStart(3)} controls`,
      )
      .join('\n'),
  )
  console.log(`${rows.reduce((sum, [, attacks]) => sum + attacks, 0)} attacks in ${rows.length} classes`)
})

const assumed = () => sandbox.aws.server.calls.filter(({ action }) => action === 'AssumeRole').length
const items = () => sandbox.aws.dynamo.records.filter(({ table }) => table === 'stint').length

/** The endpoints that take a token. A row that says how it is shown has one. */
const endpoints = ['/sessions', '/credentials', '/token'] as const
type Endpoint = (typeof endpoints)[number]
const endpointsOf = ({ headers, path, body }: Recipe): readonly Endpoint[] => (headers || path || body ? ['/sessions'] : endpoints)

let serial = 0
async function show(recipe: Recipe, endpoint: Endpoint) {
  // A caller of its own for each row that passes identity: refusals are capped per caller.
  const subject = recipe.code === 'profile-unknown' ? `dana-${++serial}` : 'dana'
  const here = { ...world, subject }
  const token = forge(recipe, here)
  const inText = (text: string) => String(fill(text, recipe, here)).replaceAll('$TOKEN', token)
  const profile = recipe.profile ?? 'in'
  const bearer = recipe.headers?.flatMap(([name, value]) => [name, inText(value)]) ?? ['authorization', `Bearer ${token}`]
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    resource: `urn:stint:profile:${profile}`,
  })
  const calls: Record<Endpoint, Raw> = {
    '/sessions': {
      method: 'POST',
      path: recipe.path === undefined ? '/sessions' : inText(recipe.path),
      headers: ['content-type', 'application/json', ...bearer],
      body: recipe.body === undefined ? JSON.stringify({ profile }) : inText(recipe.body),
    },
    '/credentials': { path: `/credentials/${profile}`, headers: bearer },
    '/token': { method: 'POST', path: '/token', headers: ['content-type', 'application/x-www-form-urlencoded'], body: String(form) },
  }
  return { answer: await exchange(sandbox.urls.broker, calls[endpoint]), token }
}

/** The status of each refusal that a row may expect, except at /token, where it is always 400. */
const statusOf: { readonly [code: string]: number } = {
  'body-invalid': 400,
  'token-missing': 401,
  'token-invalid': 401,
  'token-expired': 401,
  'profile-unknown': 404,
}

/** All that a forger learns. Only the holder of a good signature is told why a token is refused. */
const FORGED = 'The token is malformed, forged, or not meant for this broker.'

/** The classes with tokens that the lab's own issuers signed. No row of another class may be told a reason. */
const signedClasses: readonly string[] = ['typ and token use', 'time games', 'audience shapes', 'claim type confusion', 'size bombs']

/** What a refusal looks like at a endpoint: each speaks to readers of its own. */
function expectRefusal(
  endpoint: Endpoint,
  wanted: readonly ProblemCode[],
  { status, headers, text }: RawAnswer,
  className: string,
): ProblemCode {
  const body = JSON.parse(text) as Record<string, string>
  const code = (body.code ?? body.Code) as ProblemCode
  expect(wanted).toContain(code)
  expect(status).toBe(endpoint === '/token' ? 400 : statusOf[code])
  expect(headers['content-type']).toBe(endpoint === '/sessions' ? 'application/problem+json' : 'application/json')
  if (endpoint === '/token') expect(body.error).toBe(code === 'profile-unknown' ? 'invalid_target' : 'invalid_request')
  const said = body.detail ?? body.error_description ?? body.Message
  if (code === 'token-invalid' && !said?.includes(FORGED)) {
    expect(signedClasses).toContain(className)
    expect(said).toContain('Your issuer signed this token, but this broker does not accept it: ')
  }
  return code
}

test('the corpus has at least 300 attacks, none of them twice', () => {
  const all = corpora.flatMap(({ class: name, attacks }) => attacks.flatMap(expand).map((recipe) => `${name}: ${JSON.stringify(recipe)}`))
  expect(all.length).toBeGreaterThanOrEqual(300)
  expect(all.filter((row, index) => all.indexOf(row) !== index)).toEqual([])
})

describe.each(corpora.map((corpus) => [corpus.class, corpus] as const))('%s', (_name, corpus) => {
  test.each(corpus.controls.flatMap(expand).map((recipe) => [recipe.name, recipe] as const))('honest: %s', async (_row, recipe) => {
    for (const endpoint of endpointsOf(recipe)) {
      const { answer } = await show(recipe, endpoint)
      expect([answer.status, answer.status < 300 ? '' : answer.text]).toEqual([endpoint === '/sessions' ? 201 : 200, ''])
    }
  })

  test.each(corpus.attacks.flatMap(expand).map((recipe) => [recipe.name, recipe] as const))('%s', async (_row, recipe) => {
    const wanted = [recipe.code ?? 'token-invalid'].flat() as readonly ProblemCode[]
    for (const endpoint of endpointsOf(recipe)) {
      const before = { assumed: assumed(), items: items(), log: sandbox.log.length }
      const { answer, token } = await show(recipe, endpoint)
      // An empty text is no token at all, and there is a form for a token that is missing.
      const code = expectRefusal(endpoint, token === '' ? [...wanted, 'body-invalid'] : wanted, answer, corpus.class)
      expect(assumed()).toBe(before.assumed)
      // Before identity nothing is written; after it, one refusal.
      expect(items() - before.items).toBe(code === 'profile-unknown' ? 1 : 0)
      // Nothing of the token comes back, and none of it is in the log.
      for (const part of token.split('.').filter((text) => text.length > 20)) {
        expect(answer.text).not.toContain(part)
        expect(JSON.stringify(sandbox.log.slice(before.log))).not.toContain(part)
      }
      expect(JSON.stringify(sandbox.log.at(-1)).length).toBeLessThan(600)
    }
  })
})

test('nobody outside was asked, whatever a token said', () => {
  expect(evilHits).toBe(0)
  const known = [sandbox.urls.broker, sandbox.urls.issuer, sandbox.urls.aws, world.lab].map((url) => new URL(url).host)
  expect([...hosts].filter((host) => !known.includes(host))).toEqual([])
  expect(hosts.has(new URL(world.lab).host)).toBe(true) // the watch does see what is asked
  expect([...asked.keys()].sort()).toEqual(['/jwks', '/other/jwks'])
})
