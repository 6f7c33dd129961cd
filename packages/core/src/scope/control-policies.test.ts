import { evaluate, parsePolicy, policy } from '@stint/iam'
import { describe, expect, test } from 'vitest'
import { controlPolicies } from './control-policies.ts'

/** AWS's limit, in characters. */
const MOST = 5120
/** The longest that a source identity can be. */
const named = (number: number) => `pe.${String(number).padStart(61, 'x')}`
const many = Array.from({ length: 200 }, (_none, number) => named(number))

test('one policy, without white space', () =>
  expect(controlPolicies(['pe.dana', 'pe.dana-home', 'pe.dana'])).toEqual([
    '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:SourceIdentity":["pe.dana","pe.dana-home"]}}}]}',
  ]))
test('nothing to deny is no policy', () => expect(controlPolicies([])).toEqual([]))
test('many are split: each policy is within the limit and as full as it can be, and none is lost', () => {
  const policies = controlPolicies(many)
  const listed = policies.map((text) => [JSON.parse(text).Statement[0].Condition.StringEquals['aws:SourceIdentity']].flat())
  expect(listed.flat()).toEqual(many)
  for (const text of policies) expect(text.length).toBeLessThanOrEqual(MOST)
  for (const text of policies.slice(0, -1)) expect(text.length + named(0).length + 3).toBeGreaterThan(MOST)
})
test.each([
  [MOST, 1],
  [MOST + 1, 2],
])('two that fill %i characters together are in as many policies as needed: %i', (characters, expected) => {
  const [empty] = controlPolicies(['a', ''])
  const names = ['a', 'b'.repeat(characters - (empty as string).length)]
  expect(controlPolicies(names)).toHaveLength(expected)
})

describe('what they deny', () => {
  const everything = policy({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }, 'identity')
  const verdict = (sourceIdentities: readonly string[], context: Record<string, string>) =>
    evaluate({
      principal: { arn: 'arn:aws:sts::111122223333:assumed-role/Any/session', account: '111122223333' },
      action: 'ec2:TerminateInstances',
      resource: { arn: 'arn:aws:ec2:eu-central-1:111122223333:instance/i-0', account: '111122223333' },
      context,
      identity: [everything],
      organization: [[everything, ...controlPolicies(sourceIdentities).map((text) => policy(JSON.parse(text), 'identity'))]],
    }).verdict
  test.each<[string, readonly string[], Record<string, string>, string]>([
    ['a source identity of the person', ['pe.dana', 'en.1'], { 'aws:SourceIdentity': 'en.1' }, 'explicit-deny'],
    ['one in the last of several policies', many, { 'aws:SourceIdentity': many[199] as string }, 'explicit-deny'],
    ['another person', ['pe.dana'], { 'aws:SourceIdentity': 'pe.dana2' }, 'allow'],
    ['the same name in other letters, which is another identity', ['pe.dana'], { 'aws:SourceIdentity': 'pe.Dana' }, 'allow'],
    ['a session without a source identity', ['pe.dana'], {}, 'allow'],
  ])('%s', (_name, sourceIdentities, context, expected) => expect(verdict(sourceIdentities, context)).toBe(expected))
  test('AWS takes them', () => {
    for (const text of controlPolicies(many)) expect(parsePolicy(JSON.parse(text), 'identity').ok).toBe(true)
  })
})
