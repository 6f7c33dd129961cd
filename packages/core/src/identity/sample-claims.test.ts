/** Tokens that Stint makes itself are of the kind that its own check of tokens wants from the issuer. */
import { describe, expect, test } from 'vitest'
import type { Dialect, Issuer } from '../config/shape.ts'
import type { JsonObject } from '../json.ts'
import { type Claims, fillClaims, putClaim } from './sample-claims.ts'
import { tokenUseFault } from './token-use.ts'

const issuer = (change: Partial<Issuer>) =>
  ({ url: 'https://issuer.example', kind: 'human', tokenUse: 'id', audiences: ['app', 'other'], ...change }) as Issuer
const filled = (change: Partial<Issuer>, into: Claims = { sub: 'dana' }, given: JsonObject = {}): Claims => {
  fillClaims(into, issuer(change), 'dana', given)
  return into
}

describe('a token of the kind that the issuer should issue', () => {
  test.each<[Dialect, 'id' | 'access', object]>([
    ['rfc9068', 'id', {}],
    ['rfc9068', 'access', {}],
    ['cognito', 'id', { token_use: 'id' }],
    ['cognito', 'access', { token_use: 'access', username: 'test', client_id: 'app' }],
    ['okta', 'id', {}],
    ['okta', 'access', { cid: 'test', uid: 'test' }],
    ['entra', 'id', {}],
    ['entra', 'access', { azp: 'test', scp: 'test' }],
    ['keycloak', 'id', { typ: 'ID' }],
    ['keycloak', 'access', { typ: 'Bearer' }],
    ['auth0', 'id', {}],
    ['auth0', 'access', { azp: 'test' }],
  ])('of %s, for %s tokens', (dialect, tokenUse, marks) => {
    const claims = filled({ dialect, tokenUse })
    expect(claims).toEqual({ sub: 'dana', ...marks })
    expect(tokenUseFault(issuer({ dialect, tokenUse }), tokenUse === 'access' ? 'at+jwt' : 'JWT', claims)).toBeUndefined()
  })
  test('keeps the markers that the caller has', () =>
    expect(filled({ dialect: 'cognito' }, { token_use: 'access' })).toEqual({ token_use: 'access' }))
  test('is known by the URL of the issuer', () =>
    expect(filled({ url: 'https://acme.okta.com', tokenUse: 'access' })).toEqual({ sub: 'dana', cid: 'test', uid: 'test' }))
})

describe('a token of an issuer', () => {
  test('with a pinned tenant is of this tenant', () => expect(filled({ tenant: { tid: 't-1' } })).toEqual({ sub: 'dana', tid: 't-1' }))
  test('whose identity is another claim has it', () =>
    expect(filled({ identityClaim: 'oid' as never })).toEqual({ sub: 'dana', oid: 'dana' }))
  test('keeps what the caller gives', () =>
    expect(filled({ tenant: { tid: 't-1' } }, { tid: 't-2' }, { tid: 't-2' })).toEqual({ tid: 't-2' }))
})

describe('a claim', () => {
  const put = (ref: string, into: Claims = {}, given: JsonObject = {}) => {
    putClaim(into, ref as never, 'x', given)
    return into
  }
  test.each<[string, Claims, object]>([
    ['alone', put('team'), { team: 'x' }],
    ['inside an object that is missing', put('/org/team/name'), { org: { team: { name: 'x' } } }],
    ['beside others of its object', put('/org/team', { org: { unit: 'y' } }), { org: { unit: 'y', team: 'x' } }],
    ['in place of a text', put('/org/team', { org: 'acme' }), { org: { team: 'x' } }],
    ['that is there already', put('/org/team', { org: { team: 'y' } }), { org: { team: 'y' } }],
    ['of an object that the caller gives', put('/org/team', {}, { org: {} }), {}],
    ['beside what the caller gives', put('/org/team', {}, { other: {} }), { org: { team: 'x' } }],
  ])('%s', (_where, claims, expected) => expect(claims).toEqual(expected))
  test('does not change the object that it is put into', () => {
    const org = { unit: 'y' }
    put('/org/team', { org })
    expect(org).toEqual({ unit: 'y' })
  })
})
