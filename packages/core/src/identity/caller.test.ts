/** The caller of a token and the caller of a Slack link, each in full. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Issuer } from '../config/shape.ts'
import { config, NOW } from '../testing/fixtures.ts'
import { linkedCaller, signedInWithin, toCaller } from './caller.ts'
import { linkedOf } from './link.ts'
import { ownIdentity } from './shown.ts'
import { storedSubject } from './subject.ts'

const issuer = config().issuers.people as Issuer
const token = { raw: 'a.b.c', signingInput: 'a.b', header: { alg: 'ES256' }, unverifiedClaims: {}, unverifiedIssuer: issuer.url }
const hash = createHash('sha256').update('a.b').digest('hex')
const claims = { sub: 'dana', aud: 'stint', iat: NOW / 1000 - 60, exp: NOW / 1000 + 600 }
const LONG = 'x'.repeat(300)

const make = (payload: object, change: Partial<Issuer> = {}) => {
  const made = toCaller('people', { ...issuer, ...change }, token, { ...claims, ...payload } as never)
  if (made.outcome !== 'done') throw new Error(made.detail)
  return made.value
}

test('the caller of a token', () =>
  expect(make({})).toEqual({
    issuer: 'people',
    issuerKey: 'acme',
    subject: 'dana',
    kind: 'human',
    name: 'dana',
    identity: 'dana',
    groups: [],
    claims,
    groupsOmitted: false,
    mfa: false,
    token: { issuedAt: NOW - 60_000, expiresAt: NOW + 600_000, hash, once: `hash:${hash}`, audience: '"stint"' },
  }))

describe('the caller of a token has', () => {
  test.each<[string, object, Partial<Issuer>, object]>([
    ['the strings of its groups', { roles: ['a', 7, null, 'b'] }, { groupsClaim: 'roles' }, { groups: ['a', 'b'] }],
    ['no groups of a claim that is not a list', { roles: 'a' }, { groupsClaim: 'roles' }, { groups: [] }],
    ['no groups of a claim that the config does not name', { groups: ['a'] }, {}, { groups: [] }],
    ['groups that are omitted: hasgroups', { hasgroups: true }, { groupsClaim: 'groups' }, { groupsOmitted: true }],
    ['groups that are omitted: hasgroups as a string', { hasgroups: 'true' }, { groupsClaim: 'groups' }, { groupsOmitted: true }],
    [
      'groups that are omitted: a distributed claim',
      { _claim_names: { groups: 'src1' } },
      { groupsClaim: 'groups' },
      { groupsOmitted: true },
    ],
    ['no groups omitted: hasgroups is false', { hasgroups: false }, { groupsClaim: 'groups' }, { groupsOmitted: false }],
    [
      'no groups omitted: another distributed claim',
      { _claim_names: { address: 's' } },
      { groupsClaim: 'groups' },
      { groupsOmitted: false },
    ],
    ['no groups omitted: there are some', { hasgroups: true, groups: ['a'] }, { groupsClaim: 'groups' }, { groupsOmitted: false }],
    ['the time of a sign-in', { auth_time: NOW / 1000 - 30 }, {}, { signedInAt: NOW - 30_000 }],
    [
      'times with a fraction, in whole milliseconds',
      { iat: NOW / 1000 - 0.000_4, exp: NOW / 1000 + 600.123_456_8, auth_time: NOW / 1000 - 0.5 },
      {},
      { signedInAt: NOW - 500, token: expect.objectContaining({ issuedAt: NOW - 1, expiresAt: NOW + 600_123 }) },
    ],
    ['its jti', { jti: 'j-1' }, {}, { token: expect.objectContaining({ once: 'jti:j-1' }) }],
    ['no jti that is empty', { jti: '' }, {}, { token: expect.objectContaining({ once: `hash:${hash}` }) }],
    ['no jti that is a number', { jti: 7 }, {}, { token: expect.objectContaining({ once: `hash:${hash}` }) }],
    ['a list of audiences', { aud: ['a', 'b'] }, {}, { token: expect.objectContaining({ audience: '["a","b"]' }) }],
    ['its audience before its client', { client_id: 'client-1' }, {}, { token: expect.objectContaining({ audience: '"stint"' }) }],
    [
      'its client for an audience',
      { aud: undefined, client_id: 'client-1' },
      {},
      { token: expect.objectContaining({ audience: '"client-1"' }) },
    ],
    ['no audience', { aud: undefined }, {}, { token: expect.objectContaining({ audience: 'null' }) }],
    ['a long subject, and its digest', { sub: LONG }, {}, { subject: storedSubject(LONG), fullSubject: LONG, identity: LONG }],
    ['a name of at most 128 characters', { name: 'n'.repeat(129) }, { nameClaim: 'name' }, { name: 'n'.repeat(128) }],
    ['a subject for a name, of at most 128 characters', { sub: LONG }, {}, { name: 'x'.repeat(128) }],
    ['no second factor: acr is not a string', { acr: 7 }, { mfaAcr: [7] as never }, { mfa: false }],
  ])('%s', (_name, payload, change, expected) => expect(make(payload, change)).toMatchObject(expected))
  test.each<[string, object]>([
    ['no time of a sign-in that is a string', { auth_time: '1' }],
    ['no full subject beside a short one', {}],
  ])('%s', (_name, payload) => {
    expect(make(payload)).not.toHaveProperty('signedInAt')
    expect(make(payload)).not.toHaveProperty('fullSubject')
  })
})

test.each<[string, object, string]>([
  ['missing', {}, 'the identity claim oid is missing'],
  ['empty', { oid: '' }, 'the identity claim oid is invalid'],
])('an identity claim that is %s is refused', (_name, payload, operator) =>
  expect(toCaller('people', { ...issuer, identityClaim: 'oid' }, token, { ...claims, ...payload } as never)).toMatchObject({
    outcome: 'refused',
    code: 'token-invalid',
    operator,
    evidence: { next: 'Configure your issuer to send this claim, in 1 to 2,048 characters.' },
  }),
)

describe('the caller of a Slack link', () => {
  const link = { caller: { issuer: 'people', subject: 'dana', name: 'Dana', kind: 'human' }, identity: 'o-1' } as const
  const call = { hash: 'b'.repeat(64), now: NOW }
  test('did not sign in, and has the identity of the link', () =>
    expect(linkedCaller(issuer, link, { sub: 'dana', team: 'web' }, call)).toEqual({
      issuer: 'people',
      issuerKey: 'acme',
      subject: 'dana',
      kind: 'human',
      name: 'Dana',
      identity: 'o-1',
      groups: [],
      claims: { sub: 'dana', team: 'web', iss: 'https://login.acme.example' },
      groupsOmitted: false,
      mfa: false,
      token: { issuedAt: NOW, expiresAt: NOW, hash: call.hash, once: `hash:${call.hash}`, audience: 'null' },
    }))
  test('has the full subject as its claim', () => {
    const stored = { ...link, caller: { ...link.caller, subject: storedSubject(LONG) }, fullSubject: LONG }
    expect(linkedCaller(issuer, stored, { sub: 'ignored' }, call)).toMatchObject({
      subject: storedSubject(LONG),
      fullSubject: LONG,
      claims: { sub: LONG },
    })
  })
  test.each<[string, Partial<Issuer>, object, readonly string[]]>([
    ['the strings of its groups', { groupsClaim: 'groups' }, { groups: ['a', 7, 'b'] }, ['a', 'b']],
    ['no groups of a claim that is not a list', { groupsClaim: 'groups' }, { groups: 'a' }, []],
    ['no groups of a claim that the config does not name', {}, { groups: ['a'] }, []],
  ])('has %s', (_name, change, found, groups) =>
    expect(linkedCaller({ ...issuer, ...change }, link, found as never, call).groups).toEqual(groups),
  )
})

test('a link stores who the token named', () => {
  expect(linkedOf(make({}))).toEqual({
    caller: { issuer: 'people', subject: 'dana', name: 'dana', kind: 'human' },
    identity: 'dana',
  })
  expect(linkedOf(make({ sub: LONG }))).toMatchObject({ caller: { subject: storedSubject(LONG) }, fullSubject: LONG })
})

test('the caller’s identity in AWS has the key of the issuer', () => expect(ownIdentity(make({}))).toBe('acme.dana'))

test.each<[string, number | undefined, boolean]>([
  ['no sign-in', undefined, false],
  ['just recent enough', NOW - 60_000, true],
  ['a millisecond too old', NOW - 60_001, false],
  ['now', NOW, true],
  ['in the future, within the clock grace', NOW + 10_000, true],
  ['in the future, beyond it', NOW + 10_001, false],
])('a sign-in within a minute: %s', (_name, signedInAt, expected) =>
  expect(signedInWithin(signedInAt === undefined ? {} : { signedInAt }, 60, NOW)).toBe(expected),
)
