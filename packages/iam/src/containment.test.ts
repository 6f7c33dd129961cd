/**
 * Containment: rows that must be proved, rows that must not, and a property: what is proved holds for every request.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contains } from './containment.ts'
import { contextOf } from './context.ts'
import { evaluate } from './evaluate.ts'
import { parsePolicy, policy } from './parse.ts'
import { compile, covers, matches } from './pattern.ts'
import type { Statement, StatementJson } from './policy.ts'

/** `s3:*` on everything, but for what is said. */
function one(json: Partial<StatementJson>): Statement {
  const action = json.NotAction === undefined ? { Action: 's3:*' } : {}
  const resource = json.NotResource === undefined ? { Resource: '*' } : {}
  return policy({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...action, ...resource, ...json }] }, 'session')
    .statements[0] as Statement
}

describe('an Allow within an Allow', () => {
  test.each<[string, Partial<StatementJson>, Partial<StatementJson>, boolean]>([
    ['the same', {}, {}, true],
    ['fewer actions', { Action: 's3:*' }, { Action: ['s3:GetObject', 's3:Put*'] }, true],
    ['another service', { Action: 's3:*' }, { Action: 'sts:AssumeRole' }, false],
    ['more actions', { Action: 's3:Get*' }, { Action: 's3:*' }, false],
    ['case of an action does not matter', { Action: 's3:GetObject' }, { Action: 'S3:GETOBJECT' }, true],
    ['a prefix of the resource', { Resource: 'arn:aws:s3:::b/*' }, { Resource: 'arn:aws:s3:::b/logs/*' }, true],
    ['one of several actions', { Action: ['s3:Put*', 's3:Get*'] }, { Action: 's3:GetObject' }, true],
    ['one of several resources', { Resource: ['arn:aws:s3:::c/*', 'arn:aws:s3:::b/*'] }, { Resource: 'arn:aws:s3:::b/k' }, true],
    ['one resource too many', { Resource: 'arn:aws:s3:::b/*' }, { Resource: ['arn:aws:s3:::b/k', 'arn:aws:s3:::c/k'] }, false],
    ['another resource', { Resource: 'arn:aws:s3:::b/*' }, { Resource: 'arn:aws:s3:::c/*' }, false],
    ['everything, within a bucket', { Resource: 'arn:aws:s3:::b/*' }, { Resource: '*' }, false],
    ['? within *', { Resource: 'arn:aws:s3:::b/*' }, { Resource: 'arn:aws:s3:::b/?' }, true],
    ['* within ?', { Resource: 'arn:aws:s3:::b/?' }, { Resource: 'arn:aws:s3:::b/*' }, false],
    [
      'a wildcard that would swallow colons is not trusted',
      { Resource: 'arn:aws:sqs:*:111122223333:q' },
      { Resource: 'arn:aws:sqs:eu::111122223333:q' },
      false,
    ],
    ['a variable proves nothing', { Resource: 'arn:aws:s3:::${aws:userid}/*' }, { Resource: 'arn:aws:s3:::me/*' }, false],
    [
      'a condition that is kept',
      { Condition: { StringEquals: { 'aws:k': ['a', 'b'] } } },
      { Condition: { StringEquals: { 'aws:k': 'a' } } },
      true,
    ],
    ['a condition that is dropped', { Condition: { StringEquals: { 'aws:k': 'a' } } }, {}, false],
    [
      'a condition that is loosened',
      { Condition: { StringEquals: { 'aws:k': 'a' } } },
      { Condition: { StringEquals: { 'aws:k': ['a', 'b'] } } },
      false,
    ],
    [
      'one of two conditions that is dropped',
      { Condition: { StringEquals: { 'aws:k': 'a', 'aws:l': 'b' } } },
      { Condition: { StringEquals: { 'aws:k': 'a' } } },
      false,
    ],
    [
      'one of two operators that is dropped',
      { Condition: { StringEquals: { 'aws:k': 'a' }, StringLike: { 'aws:l': 'b*' } } },
      { Condition: { StringEquals: { 'aws:k': 'a' } } },
      false,
    ],
    [
      'a condition on another key',
      { Condition: { StringEquals: { 'aws:k': 'a' } } },
      { Condition: { StringEquals: { 'aws:l': 'a' } } },
      false,
    ],
    [
      'the case of a condition key does not matter',
      { Condition: { StringEquals: { 'aws:Key': 'a' } } },
      { Condition: { StringEquals: { 'AWS:key': 'a' } } },
      true,
    ],
    ['a condition more', {}, { Condition: { StringEquals: { 'aws:k': 'a' } } }, true],
    [
      'of a negated operator more values are stricter',
      { Condition: { StringNotEquals: { 'aws:k': 'a' } } },
      { Condition: { StringNotEquals: { 'aws:k': ['a', 'b'] } } },
      true,
    ],
    [
      'and fewer are looser',
      { Condition: { StringNotEquals: { 'aws:k': ['a', 'b'] } } },
      { Condition: { StringNotEquals: { 'aws:k': 'a' } } },
      false,
    ],
    [
      'another operator proves nothing',
      { Condition: { StringLike: { 'aws:k': 'a*' } } },
      { Condition: { StringEquals: { 'aws:k': 'ab' } } },
      false,
    ],
    ['NotAction holds a plain action that it does not leave out', { NotAction: 'iam:*' }, { Action: 's3:GetObject' }, true],
    ['NotAction does not hold what it leaves out', { NotAction: 's3:*' }, { Action: 's3:GetObject' }, false],
    ['whichever of several it is', { NotAction: ['iam:*', 's3:*'] }, { Action: 's3:GetObject' }, false],
    ['NotAction and a wildcard are not proved', { NotAction: 'iam:*' }, { Action: '*' }, false],
    ['NotAction within NotAction leaves out more', { NotAction: 'iam:*' }, { NotAction: ['iam:*', 's3:*'] }, true],
    ['NotAction within a list', { Action: 's3:*' }, { NotAction: 's3:Put*' }, false],
    ['NotResource within a list', { Resource: 'arn:aws:s3:::b/*' }, { NotResource: 'arn:aws:s3:::c/*' }, false],
    ['a Deny is in no Allow', {}, { Effect: 'Deny' }, false],
    ['an Allow is in no Deny', { Effect: 'Deny' }, {}, false],
  ])('%s', (_name, wide, narrow, expected) => {
    expect(contains(one(wide), one(narrow))).toBe(expected)
  })
})

describe('nothing is proved about an ARN that is not complete, since AWS would complete it', () => {
  const statement = (not: boolean, ...names: string[]): Statement => ({ ...one({}), resources: { not, names } })
  test.each<[string, Statement, Statement]>([
    ['an object of what is left out', statement(true, 'arn:aws:s3', 'arn:aws:sqs:*:*:*'), statement(false, 'arn:aws:s3:::b/k')],
    ['left out in one field', statement(true, 'arn:aws:s3:*'), statement(false, 'arn:aws:s3:::b/k')],
    ['narrowed by what is incomplete', statement(true, 'arn:aws:s3:::b/*'), statement(false, 'arn:aws:s3')],
    ['the same on both sides', statement(false, 'arn:aws:s3:*'), statement(false, 'arn:aws:s3:*')],
    ['within everything', statement(false, '*'), statement(false, 'arn:aws:s3')],
    ['beside one that is complete', statement(true, 'arn:aws:sqs:*:*:*', 'arn:aws'), statement(false, 'arn:aws:s3:::b')],
    ['a service with a wildcard', statement(false, 'arn:aws:s3*:::b'), statement(false, 'arn:aws:s3:::b')],
    ['a partition that there is not', statement(true, 'arn:amazon:s3:::b'), statement(false, 'arn:aws:s3:::b')],
    ['both leave out', statement(true, 'arn:aws:s3'), statement(true, 'arn:aws:s3')],
    ['no ARN', statement(true, 'b/k'), statement(false, 'arn:aws:s3:::b/k')],
  ])('%s', (_name, wide, narrow) => expect(contains(wide, narrow)).toBe(false))

  test('a variable of one version is plain text in the other', () => {
    const of = (variables: boolean): Statement => ({ ...one({ Condition: { StringEquals: { 'aws:k': '${aws:userid}' } } }), variables })
    expect([contains(of(true), of(true)), contains(of(true), of(false)), contains(of(false), of(true))]).toEqual([true, false, false])
    expect(contains(one({}), { ...one({}), variables: false })).toBe(true)
  })
})

test('nothing is proved about a statement without resources, or a condition without values', () => {
  const trust: StatementJson = { Effect: 'Allow', Principal: '*', Action: 'sts:AssumeRole' }
  const [enter] = policy({ Version: '2012-10-17', Statement: trust }, 'trust').statements as [Statement]
  const session = one({ Action: 'sts:AssumeRole' })
  expect([contains(session, enter), contains(enter, session)]).toEqual([false, false])
  const empty: Statement = { ...one({}), conditions: { StringEquals: { 'aws:k': [] } } }
  expect(contains(one({ Condition: { StringEquals: { 'aws:k': 'a' } } }), empty)).toBe(false)
})

const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 6 })
const word = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 })
const plain = (text: string) => compile(text, { context: contextOf({}), variables: false, wildcards: true }) ?? []

test('covers is sound: what the narrow pattern matches, the wide one matches', () => {
  fc.assert(
    fc.property(
      pattern,
      pattern,
      word,
      (wide, narrow, text) => !covers(wide, narrow) || !matches(plain(narrow), text) || matches(plain(wide), text),
    ),
    { numRuns: 20_000 },
  )
})

test('covers finds every pattern within itself and within *', () => {
  fc.assert(fc.property(pattern, (text) => covers(text, text) && covers('*', text)))
})

test('matches behaves like a regular expression', () => {
  const asRegExp = (text: string) => new RegExp(`^${text.replaceAll('?', '.').replaceAll('*', '.*')}$`)
  fc.assert(
    fc.property(pattern, word, (text, value) => matches(plain(text), value) === asRegExp(text).test(value)),
    { numRuns: 20_000 },
  )
})

test('contains is sound: a request that the narrow statement allows, the wide one allows', () => {
  const service = fc.constantFrom('s3:GetObject', 's3:Get*', 's3:*', '*', 's3:?etObject', 's3:PutObject')
  const arn = fc.constantFrom('*', 'arn:aws:s3:::b/*', 'arn:aws:s3:::b/k', 'arn:aws:s3:::*', 'arn:aws:s3:::b/?', 'arn:*:s3:::b/k')
  const condition = fc.constantFrom(
    undefined,
    { StringEquals: { 'aws:k': 'a' } },
    { StringEquals: { 'aws:k': ['a', 'b'] } },
    { StringNotEquals: { 'aws:k': ['a', 'b'] } },
    { StringNotEquals: { 'aws:k': 'a' } },
    { StringLikeIfExists: { 'aws:k': 'a*' } },
  )
  const statement = fc.record({
    actionMember: fc.constantFrom('Action', 'NotAction'),
    actions: fc.array(service, { minLength: 1, maxLength: 2 }),
    resourceMember: fc.constantFrom('Resource', 'NotResource'),
    resources: fc.array(arn, { minLength: 1, maxLength: 2 }),
    condition,
  })
  const request = fc.record({
    action: fc.constantFrom('s3:GetObject', 's3:PutObject', 's3:DeleteObject', 'iam:GetRole'),
    arn: fc.constantFrom('arn:aws:s3:::b/k', 'arn:aws:s3:::b/long', 'arn:aws:s3:::c/k'),
    k: fc.constantFrom(undefined, 'a', 'b', 'c'),
  })
  const parse = (made: { actionMember: string; actions: string[]; resourceMember: string; resources: string[]; condition: unknown }) => {
    const json = {
      Effect: 'Allow',
      [made.actionMember]: made.actions,
      [made.resourceMember]: made.resources,
      ...(made.condition ? { Condition: made.condition } : {}),
    }
    const parsed = parsePolicy({ Version: '2012-10-17', Statement: [json] }, 'session')
    if (!parsed.ok) throw new Error(parsed.faults.join())
    return parsed.policy
  }
  let proved = 0
  fc.assert(
    fc.property(statement, statement, request, (wide, narrow, asked) => {
      const [outer, inner] = [parse(wide), parse(narrow)]
      if (!contains(outer.statements[0] as Statement, inner.statements[0] as Statement)) return true
      proved++
      const allows = (identity: typeof outer) =>
        evaluate({
          principal: { arn: 'arn:aws:iam::1:user/u', account: '1' },
          action: asked.action,
          resource: { arn: asked.arn, account: '1' },
          context: { 'aws:k': asked.k },
          identity: [identity],
        }).allowed
      return !allows(inner) || allows(outer)
    }),
    { numRuns: 20_000 },
  )
  expect(proved).toBeGreaterThan(500)
})
