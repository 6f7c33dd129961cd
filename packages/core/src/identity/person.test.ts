import { describe, expect, test } from 'vitest'
import { caller } from '../testing/fixtures.ts'
import { identitiesOf, personOf, triggeredBy } from './person.ts'
import { storedSubject } from './subject.ts'

const LONG = `CN=${'Ė'.repeat(200)},O=Acme`
const people = {
  eve: [
    { issuer: 'people', subject: 'eve' },
    { issuer: 'people', subject: 'eve-admin' },
    { issuer: 'ci', actor: '77' },
    { issuer: 'people', subject: LONG },
  ],
}

describe('personOf', () => {
  test.each([
    ['two declared identities are one person', 'people', 'eve-admin', 'eve'],
    ['another issuer’s subject of that name is not', 'ci', 'eve', 'ci#eve'],
    ['an actor’s id is no subject', 'ci', '77', 'ci#77'],
    ['letters in another case are another', 'people', 'Eve', 'people#Eve'],
    ['a long subject, as it is stored', 'people', storedSubject(LONG), 'eve'],
    ['another long one', 'people', storedSubject(`${LONG}x`), `people#${storedSubject(`${LONG}x`)}`],
    ['undeclared', 'people', 'sam', 'people#sam'],
    ['an empty subject belongs to no person', 'people', '', 'people#'],
  ])('%s', (_name, issuer, subject, person) => expect(personOf({ people }, { issuer, subject })).toBe(person))
  test('the identities of a person have subjects as they are stored', () =>
    expect(identitiesOf({ people }, 'eve')).toContainEqual({ issuer: 'people', subject: storedSubject(LONG) }))
  test('without declarations each identity is its own person', () => expect(personOf({}, { issuer: 'a', subject: 'b' })).toBe('a#b'))
})

describe('triggeredBy', () => {
  const issuers = { ci: { actorClaim: 'actor_id' } } as never
  const job = (claims: object) => caller({ issuer: 'ci', kind: 'workload', claims: claims as never })
  test.each([
    ['a known actor', { actor_id: '77' }, 'eve'],
    ['an unknown one', { actor_id: '78' }, undefined],
    ['an empty one', { actor_id: '' }, undefined],
    ['a number', { actor_id: 77 }, undefined],
    ['none', {}, undefined],
    ['a first run at GitHub', { actor_id: '77', run_attempt: '1' }, 'eve'],
    ['a re-run, whose actor is not in the token', { actor_id: '77', run_attempt: '2' }, undefined],
  ])('%s', (_name, claims, person) => expect(triggeredBy({ people, issuers }, job(claims))).toBe(person))
  test('an actor ID of one issuer is unknown at another', () => {
    const both = { ci: { actorClaim: 'actor_id' }, other: { actorClaim: 'actor_id' } } as never
    expect(
      triggeredBy({ people, issuers: both }, caller({ issuer: 'other', kind: 'workload', claims: { actor_id: '77' } })),
    ).toBeUndefined()
  })
  test.each(['', 77])('%j is not an actor, even if the config declares it', (actor) =>
    expect(triggeredBy({ people: { odd: [{ issuer: 'ci', actor: actor as string }] }, issuers }, job({ actor_id: actor }))).toBeUndefined(),
  )
  test('an issuer that the config no longer has names no person', () =>
    expect(triggeredBy({ people, issuers: {} }, job({ actor_id: '77' }))).toBeUndefined())
  test('without declarations a person has no identities', () => expect(identitiesOf({}, 'eve')).toEqual([]))
  test('a person who is not declared has no identities', () => expect(identitiesOf({ people }, 'sam')).toEqual([]))
  test('an issuer without actorClaim names no person', () => {
    expect(triggeredBy({ people, issuers: { ci: {} } as never }, job({ actor_id: '77' }))).toBeUndefined()
  })
})
