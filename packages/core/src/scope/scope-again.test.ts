/** The scope of an earlier request once more: the same terms or none. */
import { describe, expect, test } from 'vitest'
import { param, text } from '../config/define.ts'
import type { Profile } from '../config/shape.ts'
import type { Caller } from '../identity/caller.ts'
import { caller, profile, rules } from '../testing/fixtures.ts'
import { scopeAgain } from './scope-again.ts'
import { type AccessInput, resolveScope, type Scope } from './terms.ts'

const reading: Partial<Profile> = {
  parameters: { bucket: { pattern: '[a-z*]+', max: 20 } },
  policy: [{ Effect: 'Allow', Action: 's3:Get*', Resource: text`arn:aws:s3:::${param('bucket')}/*` }],
}
const logs = { parameters: { bucket: 'logs' } }
const narrow = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: ['s3:GetObject'], Resource: ['arn:aws:s3:::logs/x'] }] }

function first(change: Partial<Profile> = reading, ask: Partial<AccessInput> = logs, uses = 1): Scope {
  const made = profile(change)
  const scope = resolveScope(rules({ reader: made }), made, caller(), { profile: 'reader', ...ask }, uses)
  if (scope.outcome !== 'done') throw new Error(`${scope.code}: ${scope.detail}`)
  return scope.value
}
function again(
  { terms, termsHash }: Pick<Scope, 'terms' | 'termsHash'>,
  {
    change = reading,
    who = {},
    ask = {},
  }: { change?: Partial<Profile>; who?: Partial<Caller>; ask?: Parameters<typeof scopeAgain>[4] } = {},
) {
  const made = profile(change)
  return scopeAgain(rules({ reader: made }), made, caller(who), { terms, termsHash }, ask)
}

describe('the same scope', () => {
  test.each<[string, Partial<Profile>, Partial<AccessInput>, number]>([
    ['with its parameters', reading, logs, 1],
    ['with what the caller narrowed', reading, { ...logs, narrow }, 1],
    ['with its number of uses', reading, logs, 8],
    ['without parameters', {}, {}, 1],
  ])('is made again: %s', (_name, change, asked, uses) => {
    const before = first(change, asked, uses)
    expect(again(before, { change })).toMatchObject({ outcome: 'done', value: { terms: before.terms, termsHash: before.termsHash } })
  })
  test('is made again, although the stored form of what was narrowed is longer than AWS takes', () => {
    const keys = Object.fromEntries(Array.from({ length: 150 }, (_none, at) => [`a:${at}`, 'x']))
    const Statement = [{ Effect: 'Deny', Action: 's3:GetObject', Resource: '*', Condition: { StringEquals: keys } }]
    const change: Partial<Profile> = { policy: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }] }
    const before = first(change, { narrow: { Version: '2012-10-17', Statement } })
    expect(JSON.stringify(before.terms.narrow).length).toBeGreaterThan(2048)
    expect(again(before, { change })).toMatchObject({ outcome: 'done', value: { termsHash: before.termsHash } })
  })
  test('has the duration, the justification and the ticket of this call', () => {
    const before = first(reading, { ...logs, duration: '10m', justification: 'first', ticket: 'OPS-1' })
    const ask = { duration: '20m', justification: 'second', ticket: 'OPS-2' }
    expect(again(before, { ask })).toMatchObject({ value: { duration: 1200, justification: 'second', ticket: 'OPS-2' } })
    const { value } = again(before) as { value: Scope }
    expect([value.duration, value.justification, value.ticket]).toEqual([1800, undefined, undefined])
  })
})

describe('other terms', () => {
  const role = 'arn:aws:iam::111122223333:role/stint/Reader'
  test.each<[string, Parameters<typeof again>[1], object]>([
    [
      'a policy that changed',
      { change: { ...reading, policy: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] } },
      { policy: expect.anything() },
    ],
    [
      'a longer session',
      { change: { ...reading, duration: { default: '30m', max: '2h' } } },
      { maxDuration: { approved: 3600, now: 7200 } },
    ],
    [
      'another caller',
      { who: { subject: 'eve' } },
      { caller: { approved: { issuer: 'people', subject: 'dana' }, now: { issuer: 'people', subject: 'eve' } } },
    ],
  ])('are refused, with what changed: %s', (_name, now, changed) =>
    expect(again(first(), now)).toEqual({
      outcome: 'refused',
      code: 'terms-changed',
      detail: 'The terms have changed since the session began.',
      evidence: { changed },
    }),
  )
  test('are told by the hash, whatever the terms beside it say', () => {
    const before = first()
    expect(again({ terms: before.terms, termsHash: 'b'.repeat(64) })).toMatchObject({ code: 'terms-changed', evidence: { changed: {} } })
    expect(again({ terms: { ...before.terms, role: `${role}2` }, termsHash: before.termsHash })).toMatchObject({ outcome: 'done' })
  })
})

test.each<[string, Parameters<typeof again>[1], string]>([
  [
    'a parameter that its profile no longer takes',
    { change: { ...reading, parameters: { bucket: { pattern: '[0-9]+', max: 20 } } } },
    'parameter-invalid',
  ],
  ['a justification that is missing', { change: { ...reading, justification: 'required' } }, 'justification-required'],
  ['a ticket that is none', { ask: { ticket: 'a b' } }, 'body-invalid'],
  ['a duration that is too long', { ask: { duration: '2h' } }, 'duration-invalid'],
])('a call that would be refused anyway has its own refusal: %s', (_name, now, code) =>
  expect(again(first(), now)).toMatchObject({ outcome: 'refused', code }),
)
