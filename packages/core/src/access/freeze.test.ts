/** What can be frozen, in the form that events carry, and which freezes apply to whom. */
import { describe, expect, test } from 'vitest'
import { caller } from '../testing/fixtures.ts'
import {
  type FreezeScope,
  formatFreezeName,
  formatScope,
  freezeId,
  freezeIdOf,
  parseFreezeName,
  parseScope,
  scopesOfPerson,
  scopesOfSession,
} from './freeze.ts'

describe('a scope as a string', () => {
  test.each<[string, FreezeScope]>([
    ['all', { kind: 'all' }],
    ['issuer#people', { kind: 'issuer', id: 'people' }],
    ['person#eve', { kind: 'person', id: 'eve' }],
    ['person#people#sam', { kind: 'person', id: 'people#sam' }],
    ['profile#deploy', { kind: 'profile', id: 'deploy' }],
    ['target#prod', { kind: 'target', id: 'prod' }],
    ['subject#people#dana', { kind: 'subject', issuer: 'people', id: 'dana' }],
    ['subject#people#a#b#', { kind: 'subject', issuer: 'people', id: 'a#b#' }],
  ])('%s is written and read', (text, scope) => {
    expect(formatScope(scope)).toBe(text)
    expect(parseScope(text)).toEqual(scope)
  })
  test('a string that was cut off names nothing', () => {
    expect(parseScope('subject')).toEqual({ kind: 'subject', issuer: '', id: '' })
    expect(parseScope('')).toEqual({ kind: '', id: '' })
  })
})

// Computed from the definition of the digest, by other code.
test.each<[FreezeScope, string]>([
  [{ kind: 'all' }, 'frz_qbawrzd5b2jen5n9jhx80g078e'],
  [{ kind: 'profile', id: 'deploy' }, 'frz_9jch0ge8hzchkk53rq3kr26m1h'],
  [{ kind: 'subject', issuer: 'people', id: 'dana' }, 'frz_4tpg2kb3z99gjzpyt51h3f9d07'],
])('the freeze of %j has one ID', (scope, id) => {
  expect(freezeId(scope)).toBe(id)
  expect(freezeIdOf(formatScope(scope))).toBe(id)
})

describe('the name of one particular freeze', () => {
  const id = `frz_${'0123456789abcdefghjkmnpqrs'}` as const
  test.each([0, 2, 10, 999_999_999])('generation %i is written and read', (generation) => {
    expect(formatFreezeName({ id, generation })).toBe(`${id}@${generation}`)
    expect(parseFreezeName(`${id}@${generation}`)).toEqual({ id, generation })
  })
  test.each([
    '',
    id,
    `${id}@`,
    `${id}@x`,
    `${id}@1x`,
    `${id}@01`,
    `${id}@-1`,
    `${id}@1000000000`,
    `${id}@1 `,
    ` ${id}@1`,
    `${id}0@1`,
    `${id.slice(0, -1)}@1`,
    `${id.slice(0, -1)}u@1`,
    `req_${id.slice(4)}@1`,
  ])('"%s" is refused', (text) => expect(parseFreezeName(text)).toBeUndefined())
})

const rules = {
  issuers: { people: {}, ci: { actorClaim: 'actor_id' } },
  people: {
    eve: [
      { issuer: 'people', subject: 'eve' },
      { issuer: 'other', subject: 'eve-2' },
      { issuer: 'ci', actor: '77' },
    ],
    robot: [{ issuer: 'ci', subject: 'job' }],
    self: [
      { issuer: 'ci', subject: 'own' },
      { issuer: 'ci', actor: '78' },
    ],
  },
} as never
const job = (subject: string, actor?: string) =>
  caller({ issuer: 'ci', subject, kind: 'workload', claims: actor === undefined ? {} : { actor_id: actor } })

describe('a session is stopped by a freeze of', () => {
  const scopes = (who: ReturnType<typeof caller>) => scopesOfSession(rules, who, 'deploy', 'prod').map(formatScope)
  test.each([
    [
      'an undeclared person',
      caller({ subject: 'sam' }),
      ['all', 'issuer#people', 'subject#people#sam', 'person#people#sam', 'profile#deploy', 'target#prod'],
    ],
    [
      'a declared person',
      caller({ subject: 'eve' }),
      ['all', 'issuer#people', 'subject#people#eve', 'person#eve', 'profile#deploy', 'target#prod'],
    ],
    ['a job of an unknown person', job('x', '79'), ['all', 'issuer#ci', 'subject#ci#x', 'person#ci#x', 'profile#deploy', 'target#prod']],
    [
      'a job that a declared person triggered',
      job('job', '77'),
      ['all', 'issuer#ci', 'subject#ci#job', 'person#robot', 'person#eve', 'profile#deploy', 'target#prod'],
    ],
    [
      'a job declared as the person who triggered it',
      job('own', '78'),
      ['all', 'issuer#ci', 'subject#ci#own', 'person#self', 'profile#deploy', 'target#prod'],
    ],
  ])('%s', (_name, who, expected) => expect(scopes(who)).toEqual(expected))
})

describe('asking, approving and releasing are stopped by a freeze of', () => {
  const scopes = (who: Parameters<typeof scopesOfPerson>[1]) => scopesOfPerson(rules, who).map(formatScope)
  test.each<[string, Parameters<typeof scopesOfPerson>[1], readonly string[]]>([
    ['an undeclared person', { issuer: 'people', subject: 'sam' }, ['person#people#sam', 'issuer#people', 'subject#people#sam']],
    [
      'any identity of a declared person, once each',
      { issuer: 'people', subject: 'eve' },
      ['person#eve', 'issuer#people', 'issuer#other', 'issuer#ci', 'subject#people#eve', 'subject#other#eve-2'],
    ],
    ['a job of an unknown person', job('x'), ['person#ci#x', 'issuer#ci', 'subject#ci#x']],
    [
      'a job and the person who triggered it',
      job('job', '77'),
      [
        ...['person#robot', 'person#eve', 'issuer#ci', 'issuer#people', 'issuer#other'],
        ...['subject#ci#job', 'subject#people#eve', 'subject#other#eve-2'],
      ],
    ],
    ['a job declared as the person who triggered it', job('own', '78'), ['person#self', 'issuer#ci', 'subject#ci#own']],
    ['a stored identity, whose claims are not known', { issuer: 'ci', subject: 'job' }, ['person#robot', 'issuer#ci', 'subject#ci#job']],
  ])('%s', (_name, who, expected) => expect(scopes(who)).toEqual(expected))
})
