import { createECDH, createPrivateKey, sign, verify } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { issuerKeys } from '@stint/broker/adapters/jwks'
import { handleVend } from '@stint/broker/http/vend'
import type { Broker } from '@stint/broker/ports/broker'
import { bearerOf, identify } from '@stint/broker/vend/identify'
import type { Profile } from '@stint/core/config/shape'
import { durationSeconds } from '@stint/core/duration'
import { problems } from '@stint/core/problem'
import { portsFrom } from '@stint/sandbox/ports'
import { loadRules } from '@stint/sandbox/sandbox'
import { must, type Target } from '../engine.ts'

const rules = await loadRules(fileURLToPath(new URL('../../../stint.config.ts', import.meta.url)), portsFrom(4400))
const issuer = rules.issuers.people
if (!issuer) throw new Error('the config has no issuer people')
const NOW = 1_800_000_000_000
const SECONDS = NOW / 1000
// The same key in every process, or a seed of the fuzzer would not give the same inputs.
const JWK = publicJwk(Buffer.alloc(32, 9))
const PRIVATE_KEY = createPrivateKey({ key: { ...JWK, d: Buffer.alloc(32, 9).toString('base64url') }, format: 'jwk' })
const keySet = Buffer.from(JSON.stringify({ keys: [{ ...JWK, kid: 'k', alg: 'ES256', use: 'sig' }] }))
const keys = issuerKeys({ clock: () => NOW, get: async () => keySet })

const encode = (text: string | Buffer) => Buffer.from(text).toString('base64url')
const HEADER = { alg: 'ES256', kid: 'k', typ: 'at+jwt' }
const CLAIMS = {
  iss: issuer.url,
  sub: 'dana',
  aud: issuer.audiences[0],
  iat: SECONDS - 10,
  exp: SECONDS + 600,
  name: 'Dana',
  groups: ['developers'],
}
function signed(header: string | Buffer, payload: string | Buffer): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${sign('sha256', Buffer.from(input), { key: PRIVATE_KEY, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}
/** Of the header and the claims above. ECDSA draws a number for each signature, so this one was made once. */
const SIGNATURE = 'QoMMyLbUB_NZHiPMPnfFr6D-5M_rjLTzuqllr_G5EDeMSeEevTRjLlCedq290asg3i4jKyRRP-Bu27ceJESZIw'
const good = `${encode(JSON.stringify(HEADER))}.${encode(JSON.stringify(CLAIMS))}.${SIGNATURE}`

function publicJwk(d: Buffer) {
  const curve = createECDH('prime256v1')
  curve.setPrivateKey(d)
  const point = curve.getPublicKey()
  return { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') }
}

/** Either a token, or `sign`, a header and a payload, which the issuer then signs: what gets past the signature. */
export const token: Target = {
  name: 'token',
  oracle:
    'Whatever bytes come, the outcome is a typed refusal, or a caller whose token a second implementation verifies, whose claims a second reading accepts, and whose subject, name, groups, second factor and time of sign-in it finds, too.',
  seeds: [
    good,
    `sign\n${JSON.stringify(HEADER)}\n${JSON.stringify(CLAIMS)}`,
    `sign\n${JSON.stringify(HEADER)}\n${JSON.stringify({ ...CLAIMS, aud: ['x', CLAIMS.aud], nbf: SECONDS, amr: ['mfa'], auth_time: SECONDS })}`,
    `${encode('{"alg":"none"}')}.${encode(JSON.stringify(CLAIMS))}.`,
    `sign\n${JSON.stringify({ ...HEADER, crit: ['exp'] })}\n${JSON.stringify(CLAIMS)}`,
    `sign\n${JSON.stringify(HEADER)}\n${JSON.stringify({ ...CLAIMS, iat: SECONDS - 900, exp: SECONDS - 300 })}`,
  ],
  words: [
    '.',
    '"',
    ',',
    ':',
    '{}',
    '[]',
    'null',
    '"exp":',
    '"iat":',
    '"nbf":',
    '"aud":',
    '"sub":',
    '"iss":',
    '"crit":[]',
    '"b64":false',
    '"none"',
    '"HS256"',
    '"ES256"',
    `${SECONDS + 600}`,
    `${SECONDS - 600}`,
    '1e400',
    '-1',
    '=',
    '\\u0000',
    '"groups":',
    String(CLAIMS.aud),
    issuer.url,
  ],
  async run(input) {
    const [mode, header = '', ...payload] = Buffer.from(input).toString('latin1').split('\n')
    const raw =
      mode === 'sign'
        ? signed(Buffer.from(header, 'latin1'), Buffer.from(payload.join('\n'), 'latin1'))
        : Buffer.from(input).toString('latin1')
    const result = await identify({ rules, keys }, bearerOf([`Bearer ${raw}`]), NOW)
    if (result.outcome === 'refused') {
      must(Object.hasOwn(problems, result.code), 'a refusal without a code of the catalogue')
      must(raw.length < 40 || !result.detail.includes(raw), 'a refusal repeats the token')
      return `${result.code} ${(result.operator ?? result.detail).replaceAll(/[^a-z ]/gi, '').slice(0, 40)}`
    }
    const [first = '', second = '', third = '', ...more] = raw.split('.')
    must(more.length === 0, 'more than three segments')
    must(
      verify(
        'sha256',
        Buffer.from(`${first}.${second}`),
        { key: JWK, format: 'jwk', dsaEncoding: 'ieee-p1363' },
        Buffer.from(third, 'base64url'),
      ),
      'a second implementation refuses the signature',
    )
    must(Buffer.from(third, 'base64url').toString('base64url') === third, 'another spelling of the signature is accepted')
    const [head, claims] = [first, second].map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')))
    must(head.alg === 'ES256' && head.kid === 'k' && !('crit' in head) && !('b64' in head), 'a header that must be refused')
    must(claims.iss === issuer.url && [claims.aud].flat().includes(CLAIMS.aud), 'another issuer or audience')
    must(
      claims.exp * 1000 > NOW - 10_000 && claims.iat * 1000 <= NOW + 60_000 && claims.exp - claims.iat <= 3600,
      'a time that must be refused',
    )
    must(claims.nbf === undefined || claims.nbf * 1000 <= NOW + 60_000, 'nbf is in the future')
    must(typeof claims.sub === 'string' && claims.sub !== '' && result.value.issuer === 'people', 'a caller without a subject')
    must(/^(application\/)?at\+jwt$/i.test(head.typ ?? ''), 'another type than that of an access token')
    must(
      [first, second].every((part) => hasEachNameOnce(Buffer.from(part, 'base64url').toString('utf8'))),
      'a name occurs twice',
    )
    const { subject, fullSubject, name, groups, mfa, signedInAt } = result.value
    must((fullSubject ?? subject) === claims.sub, 'another subject')
    // A number is its digits, and nothing else than a string is a name.
    const given = typeof claims.name === 'number' || typeof claims.name === 'string' ? String(claims.name) : ''
    must(!/^[ -~]{1,128}$/.test(given) || name === given, 'another name')
    const listed = Array.isArray(claims.groups) ? claims.groups.filter((one: unknown) => typeof one === 'string') : []
    must(JSON.stringify(groups) === JSON.stringify(listed), 'other groups')
    const acr = ['phr', 'phrh'].includes(claims.acr)
    must(mfa === (acr || (Array.isArray(claims.amr) && claims.amr.includes('mfa'))), 'another second factor')
    const signedIn = typeof claims.auth_time === 'number' ? Math.floor(claims.auth_time * 1000) : undefined
    must(signedInAt === signedIn, 'another time of sign-in')
    return `caller ${result.value.mfa} ${result.value.groups.length > 1} ${result.value.fullSubject === undefined}`
  },
}

/** Whether the text has as many names as what it parses to: of two equal ones, JSON.parse keeps the last. */
function hasEachNameOnce(text: string): boolean {
  const inText = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1
  const namesIn = (value: unknown): number =>
    typeof value !== 'object' || value === null
      ? 0
      : Object.values(value).reduce((sum: number, one) => sum + namesIn(one), Array.isArray(value) ? 0 : Object.keys(value).length)
  return inText === namesIn(JSON.parse(text))
}

// ── From a body to a decision ────────────────────────────────────────────────────────────────────────────────────────

/** The rules of this config, read a second time; the token above has neither a second factor nor a time of sign-in. */
function mayUse(profile: Profile): boolean {
  return profile.eligible.some(
    ({ issuer: from, claims, mfa, authAge, sourceIp }) =>
      from === 'people' &&
      !mfa &&
      authAge === undefined &&
      sourceIp === undefined &&
      Object.entries(claims).every(
        ([name, matcher]) =>
          name === 'groups' && typeof matcher === 'object' && 'includes' in matcher && CLAIMS.groups.includes(String(matcher.includes)),
      ),
  )
}

type Scope = {
  readonly duration: number
  readonly terms: { readonly profile: string; readonly parameters?: Record<string, string>; readonly policy: readonly Statement[] }
}
type Statement = { readonly Effect: string; readonly Action?: Names; readonly Resource?: Names; readonly [member: string]: unknown }
type Names = string | readonly string[]
type Intent = { readonly scope: Scope }
let intents: Intent[] = []
const logged: { code?: string; reason?: string; error?: string }[] = []
const silent = { outcome: 'unknown', cause: 'fuzz' } as const
/** The decision ends at the first write, which never happens. */
const ledger = new Proxy({} as Broker['ledger'], {
  get: (_ledger, name) => async (intent: Intent) => {
    if (name === 'reserve') intents.push(intent)
    return silent
  },
})
const broker: Broker = {
  rules,
  build: 'fuzz',
  clock: () => NOW,
  random: (count) => new Uint8Array(count).fill(7),
  sleep: async () => {},
  keys,
  ledger,
  sts: { assumeRole: () => Promise.reject(new Error('AWS was called without a reservation')) },
  log: (line) => void logged.push(line),
}

export const body: Target = {
  name: 'body',
  oracle:
    'No body makes the vend path fail; a refusal has a code of the catalogue; and what is reserved is a profile that a second reading of the rules allows, within its duration, its parameters and, if the caller narrowed it, its policy.',
  seeds: [
    '{"profile":"staging-power"}',
    '{"profile":"logs-read","parameters":{"bucket":"acme-web-logs"},"duration":"30m"}',
    '{"profile":"security-audit"}',
    '{"profile":"staging-power","narrow":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]},"format":"env"}',
    '{"profile":"logs-read","parameters":{"bucket":"acme-a-logs"},"narrow":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-a-logs/2026/*"}]}}',
    '{"profile":"prod-break-glass","justification":"x"}',
    '{"profile":"staging-power","request":"req_x","duration":"1h"}',
  ],
  words: [
    '"profile":',
    '"parameters":{',
    '"duration":',
    '"narrow":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":',
    '"s3:*"',
    '"s3:ListBucket"',
    '"Resource":"*"',
    '"NotResource":',
    '"NotAction":',
    ',{"Effect":"Deny","Action":"*","Resource":"*"}',
    '"justification":',
    '"format":',
    '"request":',
    '"1h"',
    '"59s"',
    '"2h"',
    '900',
    '-1',
    '1e9',
    'null',
    '[]',
    '{}',
    '"',
    ',',
    '\\u0000',
    '__proto__',
    'constructor',
    'staging-power',
    'logs-read',
    'security-audit',
    'acme-*-logs',
    '🚀',
  ],
  async run(input) {
    intents = []
    logged.length = 0
    const reply = await handleVend(broker, {
      method: 'POST',
      path: '/sessions',
      query: '',
      headers: new Map([
        ['authorization', [`Bearer ${good}`]],
        ['content-type', ['application/json']],
      ]),
      body: input,
      sourceIp: '203.0.113.7',
    })
    must(reply.status >= 400, 'an answer that cannot be')
    // The format of the refusal is the one that the body asks for, so the code is taken from JSON only where it is JSON.
    const problem = /json/.test(reply.headers['content-type'] ?? '') && !intents.length ? JSON.parse(reply.body) : {}
    const code = (problem.code ?? problem.Code ?? logged.at(-1)?.code) as keyof typeof problems | undefined
    must(!logged.some(({ error }) => error), `the vend path failed: ${logged.find(({ error }) => error)?.error}`)
    must(code !== undefined && Object.hasOwn(problems, code), `a code that is not in the catalogue: ${code}`)
    must(!reply.body.includes(good), 'an answer repeats the token')
    for (const { scope } of intents) {
      const { profile: id, parameters = {} } = scope.terms
      const profile = rules.profiles.find(id)
      must(profile !== undefined && mayUse(profile), 'a profile is reserved that the rules do not allow')
      must(JSON.parse(Buffer.from(input).toString('utf8')).profile === id, 'another profile is reserved')
      must(scope.duration >= 60 && scope.duration <= durationSeconds(profile.duration.max), 'a duration that the profile does not allow')
      for (const [name, { pattern, max }] of Object.entries(profile.parameters ?? {})) {
        const value = parameters[name] ?? ''
        must(value.length <= max && new RegExp(`^(?:${pattern})$`).test(value), 'a parameter that its pattern does not allow')
      }
    }
    for (const { scope } of intents)
      if (scope.terms.profile === 'logs-read') must(isWithinLogs(scope.terms), 'a statement that the profile does not allow')
    return `${code} ${intents.length} ${String(logged.at(-1)?.reason ?? '')
      .replaceAll(/'[^']*'|[^a-z ]/gi, '')
      .slice(0, 50)}`
  },
}

/** The two statements of `logs-read`, read a second time: each Allow has the action of one of them, spelled out, on its resources. */
function isWithinLogs({ policy, parameters = {} }: Scope['terms']): boolean {
  const bucket = `arn:aws:s3:::${parameters.bucket}`
  const all = (names: Names | undefined, fits: (name: string) => boolean) => {
    const list = [names ?? []].flat()
    return list.length > 0 && list.every(fits)
  }
  const only = (statement: Statement, action: string, fits: (resource: string) => boolean) =>
    all(statement.Action, (name) => name.toLowerCase() === action) && all(statement.Resource, fits)
  return policy.every(
    (statement) =>
      statement.Effect === 'Deny' ||
      only(statement, 's3:listbucket', (resource) => resource === bucket) ||
      only(statement, 's3:getobject', (resource) => resource.startsWith(`${bucket}/`)),
  )
}
