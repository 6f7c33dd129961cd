/**
 * What a token must be, beyond its signature. Rows stand in the order in which faults are told. Those marked ⚑ are the
 * ones that aws-jwt-verify alone lets through.
 */
import { describe, expect, test } from 'vitest'
import type { Issuer } from '../config/shape.ts'
import { toCaller } from './caller.ts'
import { checkClaims, checkHeader, MAX_TOKEN_BYTES, parseToken, shownClaim, type UnverifiedToken } from './token.ts'
import { dialectOf } from './token-use.ts'

const NOW = Date.UTC(2026, 10, 24, 12)
const seconds = NOW / 1000

const issuer: Issuer = {
  url: 'https://login.acme.example',
  jwksUri: 'https://login.acme.example/jwks',
  key: 'acme',
  kind: 'human',
  audiences: ['stint'],
  tokenUse: 'any',
  algorithms: ['ES256'],
}
const claims = { iss: issuer.url, sub: 'dana', aud: 'stint', iat: seconds - 60, exp: seconds + 600 }

const encode = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const jwt = (header: unknown, payload: unknown, signature = 'c2ln') => `${encode(header)}.${encode(payload)}.${signature}`
const header = { alg: 'ES256', kid: 'k1' }
const header64 = encode(header)

const faultOf = (raw: string): string => {
  const parsed = parseToken(raw)
  return parsed.outcome === 'done' ? 'accepted' : (parsed.operator ?? '')
}

describe('parseToken', () => {
  test.each<[string, string, string]>([
    ['a token', jwt(header, claims), 'accepted'],
    ['too long to verify', jwt(header, { ...claims, pad: 'x'.repeat(2 * MAX_TOKEN_BYTES) }), 'too long'],
    ['too long, but verified so that its holder is told', jwt(header, { ...claims, pad: 'x'.repeat(MAX_TOKEN_BYTES) }), 'accepted'],
    ['two segments', 'a.b', 'three segments'],
    ['four segments', `${jwt(header, claims)}.x`, 'three segments'],
    ['an empty signature', `${encode(header)}.${encode(claims)}.`, 'three segments'],
    ['⚑ trailing =', `${jwt(header, claims)}=`, 'base64url'],
    ['base64 with + and /', jwt(header, claims, '+/+/'), 'base64url'],
    ['bits beyond the last byte', jwt(header, claims, 'c2h'), 'base64url'],
    ['white space', `${jwt(header, claims)} `, 'base64url'],
    ['a header that is not JSON', jwt('nope', claims), 'header: not-json'],
    ['a header that is a list', jwt([], claims), 'header: not an object'],
    ['no alg', jwt({ kid: 'k1' }, claims), 'no alg'],
    ['alg that is a number', jwt({ alg: 1 }, claims), 'no alg'],
    ['a kid of 256 characters', jwt({ ...header, kid: 'k'.repeat(256) }, claims), 'accepted'],
    ['a kid of 257 characters', jwt({ ...header, kid: 'k'.repeat(257) }, claims), 'invalid kid'],
    ['a typ that is a number', jwt({ ...header, typ: 7 }, claims), 'invalid typ'],
    ['a payload that is a list', jwt(header, []), 'payload: not an object'],
    ['a header that is not base64url', `+.${encode(claims)}.c2ln`, 'base64url'],
    ['a payload that is not base64url', `${encode(header)}.+.c2ln`, 'base64url'],
    ['a kid that is an object', jwt({ ...header, kid: {} }, claims), 'invalid kid'],
    ['⚑ crit', jwt({ ...header, crit: ['exp'] }, claims), 'critical'],
    ['⚑ b64', jwt({ ...header, b64: false }, claims), 'critical'],
    ['a duplicate in the header', jwt('{"alg":"ES256","alg":"none"}', claims), 'duplicate-member'],
    ['a duplicate claim', jwt(header, '{"iss":"a","sub":"x","sub":"y"}'), 'duplicate-member'],
    ['__proto__ among the claims', jwt(header, '{"iss":"a","__proto__":{}}'), 'forbidden-member'],
    ['no iss', jwt(header, { sub: 'x' }), 'no iss'],
    ['iss that is a list', jwt(header, { iss: [issuer.url] }), 'no iss'],
  ])('%s', (_name, raw, fault) => expect(faultOf(raw)).toContain(fault))
})

const token = (payload: object, typ?: string): UnverifiedToken => {
  const parsed = parseToken(jwt(typ === undefined ? header : { ...header, typ }, payload))
  if (parsed.outcome !== 'done') throw new Error(parsed.operator)
  return parsed.value
}

describe('checkHeader', () => {
  test.each([
    ['none', 'none'],
    ['HS256', 'HS256'],
    ['an algorithm of another issuer', 'RS256'],
    ['PS256', 'PS256'],
    ['the right one in the wrong case', 'es256'],
  ])('%s is refused', (_name, alg) => {
    const parsed = parseToken(jwt({ alg, kid: 'k1' }, claims))
    expect(parsed.outcome === 'done' && checkHeader(issuer, parsed.value)?.operator).toContain('not allowed')
  })
  test('an algorithm is shown in at most 40 characters', () => {
    const parsed = parseToken(jwt({ alg: 'x'.repeat(60), kid: 'k1' }, claims))
    expect(parsed.outcome === 'done' && checkHeader(issuer, parsed.value)?.operator).toBe(`algorithm ${'x'.repeat(40)} is not allowed`)
  })
  test('a token without kid is refused', () => {
    const parsed = parseToken(jwt({ alg: 'ES256' }, claims))
    expect(parsed.outcome === 'done' && checkHeader(issuer, parsed.value)?.operator).toContain('no kid')
  })
})

const check = (change: Partial<Issuer>, payload: object, typ?: string) => {
  const checked = checkClaims({ ...issuer, ...change }, token({ ...claims, ...payload }, typ), NOW)
  return checked.outcome === 'done' ? 'accepted' : `${checked.code} ${checked.operator ?? ''}`
}

describe('checkClaims', () => {
  test.each<[string, Partial<Issuer>, object, string | undefined, string]>([
    ['a good token', {}, {}, undefined, 'accepted'],
    ['typ JWT', {}, {}, 'JWT', 'accepted'],
    ['typ in lower case', {}, {}, 'jwt', 'accepted'],
    ['⚑ another typ', {}, {}, 'dpop+jwt', 'typ'],
    ['an unsupported media type', {}, {}, 'application/jwt', 'typ'],
    ['⚑ a logout token', {}, {}, 'logout+jwt', 'typ'],
    ['access demands at+jwt', { tokenUse: 'access' }, {}, 'JWT', 'not marked as an access token'],
    ['access takes at+jwt', { tokenUse: 'access' }, {}, 'at+jwt', 'accepted'],
    ['access takes the full media type', { tokenUse: 'access' }, {}, 'application/at+jwt', 'accepted'],
    ['id refuses an access token', { tokenUse: 'id' }, {}, 'at+jwt', 'an access token where'],
    ['aud missing', {}, { aud: undefined }, undefined, 'aud'],
    ['aud of another', {}, { aud: 'other' }, undefined, 'aud is "other", which is not'],
    ['aud with a slash more', {}, { aud: 'stint/' }, undefined, 'aud is "stint/", which is not'],
    ['aud as a list that has us', {}, { aud: ['other', 'stint'] }, undefined, 'accepted'],
    ['aud as a list with a number', {}, { aud: ['stint', 1] }, undefined, 'aud is not a string'],
    ['aud as an object', {}, { aud: { stint: true } }, undefined, 'aud is not a string'],
    ['⚑ sub missing', {}, { sub: undefined }, undefined, 'sub'],
    ['sub empty', {}, { sub: '' }, undefined, 'sub'],
    ['sub that is a number', {}, { sub: 7 }, undefined, 'sub'],
    ['⚑ sub beyond ASCII', {}, { sub: 'dän' }, undefined, 'accepted'],
    ['⚑ sub of 2,048 characters', {}, { sub: 'é'.repeat(2048) }, undefined, 'accepted'],
    ['sub too long', {}, { sub: 'x'.repeat(2049) }, undefined, 'sub'],
    ['sub with a line feed', {}, { sub: 'dana\n' }, undefined, 'sub'],
    ['⚑ exp missing', {}, { exp: undefined }, undefined, 'exp is missing'],
    ['exp as a string', {}, { exp: String(seconds + 600) }, undefined, 'exp'],
    ['exp beyond any calendar', {}, { exp: 1e15 }, undefined, 'exp'],
    ['iat missing', {}, { iat: undefined }, undefined, 'iat is missing'],
    ['⚑ iat in the future', {}, { iat: seconds + 11 }, undefined, 'ahead of the broker'],
    ['iat at the end of the grace', {}, { iat: seconds + 10 }, undefined, 'accepted'],
    ['exp of 0', {}, { exp: 0 }, undefined, 'exp must be a number'],
    ['exp after the year 9999', {}, { exp: 253_402_300_800 }, undefined, 'exp must be a number'],
    ['exp below zero', {}, { exp: -1 }, undefined, 'exp must be a number'],
    ['exp equal to iat', {}, { exp: seconds - 60 }, undefined, 'exp is not after iat'],
    ['typ of the media type with more before it', {}, {}, 'x-application/at+jwt', 'typ x-application/at+jwt is not allowed'],
    ['typ of the media type with more after it', {}, {}, 'application/at+jwt2', 'typ application/at+jwt2 is not allowed'],
    ['a long typ', {}, {}, 'x'.repeat(60), `typ ${'x'.repeat(40)} is not allowed`],
    ['any takes an access token', {}, {}, 'at+jwt', 'accepted'],
    ['two audiences, of which the first is ours', {}, { aud: ['stint', 'other'] }, undefined, 'accepted'],
    ['iat within the grace', {}, { iat: seconds + 9 }, undefined, 'accepted'],
    ['iat 30 s ahead, within the skew of its issuer', { clockSkew: '60s' }, { iat: seconds + 30 }, undefined, 'accepted'],
    ['iat 5 s ahead of an issuer without skew', { clockSkew: '1s' }, { iat: seconds + 5 }, undefined, 'ahead of the broker'],
    ['nbf in the future', {}, { nbf: seconds + 11 }, undefined, 'ahead of the broker'],
    ['nbf within the grace', {}, { nbf: seconds + 9 }, undefined, 'accepted'],
    ['nbf as a string', {}, { nbf: '0' }, undefined, 'nbf must be a number'],
    ['exp before iat', {}, { exp: seconds - 61 }, undefined, 'exp is not after iat'],
    ['⚑ a life of more than a day', {}, { iat: seconds - 60, exp: seconds - 60 + 86_401 }, undefined, 'lifetime is too long'],
    ['a life of a day', {}, { iat: seconds - 60, exp: seconds - 60 + 86_400 }, undefined, 'accepted'],
    ['a workload’s life of more than an hour', { kind: 'workload' }, { exp: seconds + 3600 }, undefined, 'lifetime is too long'],
    ['a life longer than configured', { maxTokenLife: '5m' }, {}, undefined, 'lifetime is too long'],
    ['another tenant', { tenant: { owner_id: '65' } }, { owner_id: '66' }, undefined, 'not the pinned tenant'],
    ['a tenant’s id as a number', { tenant: { owner_id: '65' } }, { owner_id: 65 }, undefined, 'not the pinned tenant'],
    ['no tenant', { tenant: { owner_id: '65' } }, {}, undefined, 'not the pinned tenant'],
    ['our tenant', { tenant: { owner_id: '65' } }, { owner_id: '65' }, undefined, 'accepted'],
    ['expired just beyond the grace', {}, { exp: seconds - 10 }, undefined, 'token-expired'],
    ['expired within the grace', {}, { exp: seconds - 9 }, undefined, 'accepted'],
    ['expired and of another audience', {}, { exp: seconds - 30, aud: 'other' }, undefined, 'token-invalid'],
  ])('%s', (_name, change, payload, typ, fault) => expect(check(change, payload, typ)).toContain(fault))

  // What the holder of a validly signed token is told. Situations: aws-actions/configure-aws-credentials and vault-plugin-auth-jwt issues
  // about audiences; Kubernetes "TokenRequest" and GitLab "ID tokens" for lives; Entra "groups overage" for sizes; RFC 8725 §3.11 for typ.
  test.each<[string, Partial<Issuer>, object, string | undefined, string, string]>([
    [
      'an audience with a slash more',
      {},
      { aud: 'stint/' },
      undefined,
      'aud is "stint/", which is not an audience of this broker',
      'the audience "stint"',
    ],
    ['the default audience of AWS', {}, { aud: 'sts.amazonaws.com' }, undefined, 'aud is "sts.amazonaws.com"', 'the audience "stint"'],
    ['one of two audiences', { audiences: ['a', 'b'] }, { aud: ['c', 'd'] }, undefined, 'aud is ["c","d"]', '"a" or "b"'],
    ['no audience', {}, { aud: undefined }, undefined, 'aud is not a string', 'the audience "stint"'],
    ['a life of two days', {}, { exp: seconds + 172_740 }, undefined, 'exp - iat is 172800 s. The limit is 86400 s', 'maxTokenLife'],
    [
      'a Kubernetes token of a day',
      { kind: 'workload' },
      { exp: seconds + 86_340 },
      undefined,
      'is 86400 s. The limit is 3600 s',
      'maxTokenLife',
    ],
    ['iat 30 s ahead', {}, { iat: seconds + 30 }, undefined, "iat is 30 s ahead of the broker's clock", 'clock'],
    ['nbf 90 s ahead', {}, { nbf: seconds + 90 }, undefined, "nbf is 90 s ahead of the broker's clock", 'clock'],
    [
      'iat 61 s ahead of a skew of a minute',
      { clockSkew: '60s' },
      { iat: seconds + 61 },
      undefined,
      "is 61 s ahead of the broker's clock. The limit is 60 s",
      'clockSkew',
    ],
    ['iat in milliseconds', {}, { iat: NOW }, undefined, 'iat must be a number of seconds since 1970, not 17', 'seconds since 1970'],
    ['an ID token', { tokenUse: 'access' }, {}, 'JWT', 'typ at+jwt', 'Send the access token'],
    ['a logout token', {}, {}, 'logout+jwt', 'typ logout+jwt is not allowed', 'Send the ID or access token'],
    ['a subject of 3,000 characters', {}, { sub: 'x'.repeat(3000) }, undefined, '1 to 2,048 characters', 'such a sub'],
    ['a subject with a line feed', {}, { sub: 'dana\neve' }, undefined, 'and no control characters, not "dana\\neve"', 'such a sub'],
    [
      'another owner',
      { tenant: { owner_id: '65' } },
      { owner_id: '66' },
      undefined,
      'owner_id is not the pinned tenant, but "66"',
      'organization',
    ],
    ['no owner', { tenant: { owner_id: '65' } }, {}, undefined, 'but missing', 'organization'],
    [
      '200 groups and more',
      {},
      { groups: Array(450).fill('0f4c2b1a-6d3e-4b5f-8a7c-9d0e1f2a3b4c') },
      undefined,
      'The limit is 16384',
      'fewer claims',
    ],
  ])('tells the holder of %s', (_name, change, payload, typ, what, next) => {
    const refusal = checkClaims({ ...issuer, ...change }, token({ ...claims, ...payload }, typ), NOW)
    expect(refusal).toMatchObject({ outcome: 'refused', code: 'token-invalid', detail: expect.stringContaining(what) })
    expect(refusal).toMatchObject({ evidence: { next: expect.stringContaining(next) } })
  })
  test('never tells the pinned tenant, nor a long claim whole', () => {
    const pinned = checkClaims({ ...issuer, tenant: { tid: 'our-tenant' } }, token({ ...claims, tid: 'x'.repeat(500) }), NOW)
    expect(JSON.stringify(pinned)).not.toContain('our-tenant')
    expect((pinned as { detail: string }).detail.length).toBeLessThan(220)
  })
  test('takes 200 groups of Entra ID (learn.microsoft.com, "Configure group claims": at most 200 in a JWT)', () => {
    const groups = Array(200).fill('0f4c2b1a-6d3e-4b5f-8a7c-9d0e1f2a3b4c')
    expect(checkClaims(issuer, token({ ...claims, groups }), NOW).outcome).toBe('done')
  })
  test('verifies a token that is as long as allowed', () => {
    const room = 2 * MAX_TOKEN_BYTES - header64.length - '..c2ln'.length
    expect(faultOf(`${header64}.${'A'.repeat(room)}.c2ln`)).not.toContain('too long')
    expect(faultOf(`${header64}.${'A'.repeat(room + 1)}.c2ln`)).toContain('too long')
  })
  test('takes a token of exactly the limit', () => {
    const whole = token(claims)
    const of = (length: number) => checkClaims(issuer, { ...whole, raw: 'x'.repeat(length) }, NOW).outcome
    expect([of(MAX_TOKEN_BYTES), of(MAX_TOKEN_BYTES + 1)]).toEqual(['done', 'refused'])
  })
  test('shows a claim of 80 characters whole', () => {
    expect(shownClaim('x'.repeat(78))).toBe(`"${'x'.repeat(78)}"`)
    expect(shownClaim('x'.repeat(79))).toBe(`"${'x'.repeat(78)}…`)
  })
  test('says how long ago a token expired', () =>
    expect(checkClaims(issuer, token({ ...claims, exp: seconds - 30 }), NOW)).toMatchObject({ detail: 'The token expired 30 s ago.' }))

  const cognito = { url: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Abc', audiences: ['client-1'] } as const
  test.each<[string, Partial<Issuer>, object, string]>([
    ['Cognito: an ID token', { tokenUse: 'id' }, { token_use: 'id', aud: 'client-1' }, 'accepted'],
    [
      'Cognito: an access token where an ID token is required',
      { tokenUse: 'id' },
      { token_use: 'access', aud: undefined, client_id: 'client-1', username: 'dana' },
      'an access token where an id token is required',
    ],
    [
      'Cognito: an access token has its client in client_id',
      { tokenUse: 'access' },
      { token_use: 'access', aud: undefined, client_id: 'client-1', username: 'dana' },
      'accepted',
    ],
    [
      'Cognito: an access token of another client',
      { tokenUse: 'access' },
      { token_use: 'access', aud: undefined, client_id: 'client-2', username: 'dana' },
      'client_id is "client-2", which is not',
    ],
    [
      'Cognito: an ID token where an access token is required',
      { tokenUse: 'access' },
      { token_use: 'id', aud: 'client-1' },
      'an id token where an access token is required',
    ],
    [
      'Cognito: an ID token cannot use client_id for aud',
      { tokenUse: 'id' },
      { token_use: 'id', aud: undefined, client_id: 'client-1' },
      'aud',
    ],
    [
      'Cognito: an access token that has an aud',
      { tokenUse: 'access' },
      { token_use: 'access', aud: 'x', client_id: 'client-1', username: 'd' },
      'aud is "x"',
    ],
    ['Cognito: another token_use', {}, { token_use: 'refresh', aud: 'client-1' }, 'those of neither an ID token nor'],
    ['Cognito: no token_use', {}, { aud: 'client-1' }, 'those of neither an ID token nor'],
    [
      'another issuer’s client_id is no audience',
      { url: issuer.url, tokenUse: 'any' },
      { token_use: 'access', aud: undefined, client_id: 'client-1', username: 'dana' },
      'aud',
    ],
  ])('%s', (_name, change, payload, fault) => expect(check({ ...cognito, ...change }, payload)).toContain(fault))
})

describe('issuers that mark tokens in their own way', () => {
  const [okta, entra] = ['okta', 'entra'].map((dialect) => ({ dialect: dialect as 'okta' }))
  const [keycloak, auth0] = [{ dialect: 'keycloak' as const }, { dialect: 'auth0' as const }]
  test.each<[string, Partial<Issuer>, object, string]>([
    ['Okta: an access token', { ...okta, tokenUse: 'access' }, { cid: 'c', uid: 'u', scp: ['openid'] }, 'accepted'],
    ['Okta: an ID token', { ...okta, tokenUse: 'id' }, { amr: ['pwd'], at_hash: 'h' }, 'accepted'],
    ['Okta: an ID token for access', { ...okta, tokenUse: 'access' }, { amr: ['pwd'], at_hash: 'h' }, 'an id token where an access'],
    ['Okta: an access token for ID', { ...okta, tokenUse: 'id' }, { cid: 'c', uid: 'u', scp: ['openid'] }, 'an access token where an id'],
    ['Okta: both at once', okta ?? {}, { cid: 'c', uid: 'u', nonce: 'n' }, 'neither'],
    ['Okta: scopes without a client', okta ?? {}, { scp: ['openid'] }, 'neither'],
    ['Okta: an application is not a person', { ...okta, tokenUse: 'access' }, { cid: 'c', scp: ['x'] }, 'of an application'],
    ['Okta: an application as a workload', { ...okta, tokenUse: 'access', kind: 'workload' }, { cid: 'c', scp: ['x'] }, 'accepted'],
    ['Okta: an access token with at_hash', okta ?? {}, { cid: 'c', uid: 'u', at_hash: 'h' }, 'neither'],
    ['Okta: an access token with c_hash', okta ?? {}, { cid: 'c', uid: 'u', c_hash: 'h' }, 'neither'],
    ['Entra: scopes without a client', entra ?? {}, { scp: 'use' }, 'neither'],
    ['Auth0: scopes without a client', auth0, { scope: 'openid' }, 'neither'],
    ['Auth0: a client and a sign-in', auth0, { client_id: 'c', nonce: 'n' }, 'neither'],
    ['Auth0: a subject that holds the mark of an application', auth0, { azp: 'c', sub: 'c@clients.example' }, 'accepted'],
    [
      'Keycloak: a user whose name holds the mark of a service account',
      keycloak,
      { typ: 'Bearer', preferred_username: 'my-service-account-x' },
      'accepted',
    ],
    ['Keycloak: an ID token of a service account', keycloak, { typ: 'ID', clientHost: 'h' }, 'accepted'],
    ['Entra: an access token', { ...entra, tokenUse: 'access' }, { azp: 'a', scp: 'use' }, 'accepted'],
    ['Entra: an ID token', { ...entra, tokenUse: 'id' }, { nonce: 'n', oid: 'o' }, 'accepted'],
    ['Entra: an ID token for access', { ...entra, tokenUse: 'access' }, { nonce: 'n' }, 'an id token where an access'],
    ['Entra: an access token for ID', { ...entra, tokenUse: 'id' }, { azp: 'a', scp: 'use' }, 'an access token where an id'],
    ['Entra: an access token with a nonce', entra ?? {}, { azp: 'a', scp: 'use', nonce: 'n' }, 'neither'],
    ['Entra: an application is not a person', entra ?? {}, { azp: 'a', roles: ['Admin'] }, 'of an application'],
    ['Entra: an application that says so', entra ?? {}, { azp: 'a', scp: 'x', idtyp: 'app' }, 'of an application'],
    [
      'Keycloak: an access token',
      { ...keycloak, tokenUse: 'access' },
      { typ: 'Bearer', azp: 'cli', preferred_username: 'ann' },
      'accepted',
    ],
    ['Keycloak: an ID token for access', { ...keycloak, tokenUse: 'access' }, { typ: 'ID' }, 'an id token where an access'],
    ['Keycloak: a refresh token for any', keycloak, { typ: 'Refresh' }, 'neither'],
    ['Keycloak: an offline token for any', keycloak, { typ: 'Offline' }, 'neither'],
    ['Keycloak: a logout token for any', keycloak, { typ: 'Logout' }, 'neither'],
    ['Keycloak: no typ for any', keycloak, {}, 'neither'],
    ['Keycloak: a service account', keycloak, { typ: 'Bearer', preferred_username: 'service-account-ci' }, 'of an application'],
    ['Keycloak: a service account by its host', keycloak, { typ: 'Bearer', clientHost: '10.0.0.1' }, 'of an application'],
    ['Keycloak: a service account as a workload', { ...keycloak, kind: 'workload' }, { typ: 'Bearer', clientHost: 'h' }, 'accepted'],
    ['Auth0: an access token', { ...auth0, tokenUse: 'access' }, { azp: 'c', scope: 'openid' }, 'accepted'],
    ['Auth0: an access token of the RFC 9068 profile', { ...auth0, tokenUse: 'access' }, { client_id: 'c' }, 'accepted'],
    ['Auth0: an ID token for access', { ...auth0, tokenUse: 'access' }, { nonce: 'n', sid: 's' }, 'an id token where an access'],
    ['Auth0: an access token for ID', { ...auth0, tokenUse: 'id' }, { azp: 'c', scope: 'openid' }, 'an access token where an id'],
    ['Auth0: a logout token for any', auth0, { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }, 'logout'],
    ['Auth0: an application', auth0, { azp: 'c', sub: 'c@clients' }, 'of an application'],
    ['Auth0: an application that says so', auth0, { azp: 'c', gty: 'client-credentials' }, 'of an application'],
    ['any issuer: a logout token with typ JWT', {}, { events: {} }, 'logout'],
    ['Entra v1: an access token', { ...entra, tokenUse: 'access' }, { appid: 'a', scp: 'use' }, 'accepted'],
    ['Cognito: a client is not a person', { dialect: 'cognito', tokenUse: 'access' }, { token_use: 'access' }, 'of an application'],
  ])('%s', (_name, change, payload, fault) => expect(check(change, payload)).toContain(fault))
})

test('Okta: the claims of an ID token marked as an access token', () =>
  expect(check({ dialect: 'okta' }, { at_hash: 'h' }, 'at+jwt')).toContain('the claims are those of an ID token, typ is at+jwt'))
test('Okta: an access token that is marked as one', () =>
  expect(check({ dialect: 'okta' }, { cid: 'c', uid: 'u' }, 'at+jwt')).toBe('accepted'))

describe('the dialect of an issuer', () => {
  test.each<[string, string]>([
    ['https://acme.okta.com', 'okta'],
    ['https://acme.okta.com/oauth2/default', 'okta'],
    ['https://acme.oktapreview.com/', 'okta'],
    ['https://acme.okta-emea.com', 'okta'],
    ['https://acme.okta.com.example', 'rfc9068'],
    ['https://login.example/https://acme.okta.com', 'rfc9068'],
    ['https://login.microsoftonline.com/t/v2.0', 'entra'],
    ['https://sts.windows.net/t/', 'entra'],
    ['https://login.example/https://sts.windows.net/t/', 'rfc9068'],
    ['https://sso.example/realms/acme', 'keycloak'],
    ['https://sso.example/realms/acme/x', 'rfc9068'],
    ['https://acme.eu.auth0.com/', 'auth0'],
    ['https://acme.auth0.com/x', 'rfc9068'],
    ['https://login.example/https://acme.auth0.com/', 'rfc9068'],
    ['https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Abc', 'cognito'],
    ['https://cognito-idp.eu-central-1.amazonaws-com.example/x', 'rfc9068'],
    ['https://login.acme.example', 'rfc9068'],
  ])('%s is %s', (url, dialect) => expect(dialectOf({ url })).toBe(dialect))
  test('is the one that the config names', () => expect(dialectOf({ url: 'https://acme.okta.com', dialect: 'auth0' })).toBe('auth0'))
})

describe('toCaller', () => {
  const make = (change: Partial<Issuer>, payload: object) => {
    const parsed = token({ ...claims, ...payload })
    return toCaller('people', { ...issuer, ...change }, parsed, parsed.unverifiedClaims)
  }
  test('the name falls back to the subject, groups to none', () => {
    expect(make({ nameClaim: 'name', groupsClaim: 'groups' }, {})).toMatchObject({
      outcome: 'done',
      value: { name: 'dana', groups: [], identity: 'dana', mfa: false },
    })
  })
  test.each([
    [{ amr: ['pwd', 'mfa'] }, true],
    [{ amr: ['pwd'] }, false],
    [{ amr: 'mfa' }, false],
    [{ acr: 'phrh' }, true],
    [{ acr: 'loa1' }, false],
  ])('%j is a second factor: %s', (payload, mfa) => expect(make({}, payload)).toMatchObject({ value: { mfa } }))
  test.each<[string, Partial<Issuer>, object, boolean]>([
    ['an acr that the issuer declares', { mfaAcr: ['urn:okta:loa:2fa:any'] }, { acr: 'urn:okta:loa:2fa:any' }, true],
    ['an acr that is not listed', { mfaAcr: ['urn:okta:loa:2fa:any'] }, { acr: 'phr' }, false],
    ['a list of acr', {}, { acr: ['phr'] }, false],
  ])('%s', (_name, change, payload, mfa) => expect(make(change, payload)).toMatchObject({ value: { mfa } }))
  test.each<[string, Issuer['nameClaim'], object, string]>([
    ['several claims', ['repository', 'ref'], { repository: 'acme/web', ref: 'refs/heads/main' }, 'acme/web:refs/heads/main'],
    ['one of several missing', ['repository', 'ref'], { repository: 'acme/web' }, 'acme/web:'],
    ['all missing', ['repository', 'ref'], {}, 'dana'],
    ['a number', ['build'], { build: 7 }, '7'],
    ['an object', 'name', { name: {} }, 'dana'],
  ])('a name of %s', (_name, nameClaim, payload, name) => {
    expect(make(nameClaim === undefined ? {} : { nameClaim }, payload)).toMatchObject({ value: { name } })
  })
  test('a declared identity claim must be there', () => {
    expect(make({ identityClaim: 'oid' }, {})).toMatchObject({ outcome: 'refused', code: 'token-invalid' })
    expect(make({ identityClaim: 'oid' }, { oid: 'o-1' })).toMatchObject({ value: { identity: 'o-1', subject: 'dana' } })
  })
  test('the hash is of what is signed, not of the signature', () => {
    const [a, b] = ['c2ln', 'c2lo'].map((signature) => parseToken(jwt(header, claims, signature)))
    if (a?.outcome !== 'done' || b?.outcome !== 'done') throw new Error('unreachable')
    const hashOf = (parsed: UnverifiedToken) => toCaller('people', issuer, parsed, parsed.unverifiedClaims)
    expect(hashOf(a.value)).toMatchObject({ value: { token: { hash: expect.stringMatching(/^[0-9a-f]{64}$/) } } })
    expect((hashOf(a.value) as any).value.token.hash).toBe((hashOf(b.value) as any).value.token.hash)
  })
})
