/** The permission to assume, at one target and at thousands: each policy within IAM's limit, each target in it, nothing else. */
import { evaluate, policy } from '@stint/iam'
import { describe, expect, test } from 'vitest'
import { assumePolicies, revokerPolicies } from './assume.ts'

const account = (at: number) => String(100_000_000_000 + at * 7919).slice(0, 12)
const targetsOf = (count: number, role = 'stint/Deploy') =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [
      `t-${at}`,
      { account: account(at), roleArn: `arn:aws:iam::${account(at)}:role/${role}`, externalId: 'x', region: 'eu-central-1' },
    ]),
  )
const targetRoles = { path: '/stint/', organization: 'o-acme1234' }

const may = (texts: readonly string[], action: string, arn: string, context = {}) =>
  evaluate({
    principal: { arn: 'arn:aws:sts::123456789012:assumed-role/stint-vend/x', account: '123456789012' },
    action,
    resource: { arn, account: '123456789012' },
    context,
    identity: texts.map((text) => policy(JSON.parse(text), 'identity')),
  }).allowed

describe.each([1, 500, 900])('%i targets', (count) => {
  const texts = assumePolicies({ targets: targetsOf(count) })
  test('fit into at most eight policies of 6,000 characters', () => {
    expect(texts.length).toBeLessThanOrEqual(8)
    expect(Math.max(...texts.map(({ length }) => length))).toBeLessThanOrEqual(6000)
  })
  test('allow each role to be assumed, tagged and named, and no other role', () => {
    for (const at of [0, Math.floor(count / 2), count - 1])
      for (const action of ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'])
        expect(may(texts, action, `arn:aws:iam::${account(at)}:role/stint/Deploy`)).toBe(true)
    expect(texts.join('').match(/arn:aws:iam::/g)).toHaveLength(count)
    for (const arn of [
      `arn:aws:iam::${account(count)}:role/stint/Deploy`,
      `arn:aws:iam::${account(0)}:role/stint/Deployer`,
      `arn:aws:iam::${account(0)}:role/Admin`,
    ])
      expect(may(texts, 'sts:AssumeRole', arn)).toBe(false)
    expect(may(texts, 'sts:AssumeRoleWithWebIdentity', `arn:aws:iam::${account(0)}:role/stint/Deploy`)).toBe(false)
  })
  test('one more at the end changes only the last policy', () => {
    const before = texts.slice(0, -1)
    expect(
      assumePolicies({ targets: { ...targetsOf(count), 'a-new-one': targetsOf(count + 1)[`t-${count}`] as never } }).slice(
        0,
        before.length,
      ),
    ).toEqual(before)
  })
  test('fill each policy before the next', () => {
    const lengths = texts.map(({ length }) => length)
    for (const length of lengths.slice(0, -1)) expect(length).toBeGreaterThan(5900)
  })
})

describe('5,000 targets', () => {
  test('do not fit: the config must set targetRoles', () => {
    expect(() => assumePolicies({ targets: targetsOf(5000) })).toThrow(/5000 targets need \d\d policies, .* targetRoles/)
  })
  test('allow all roles under one path, within your organization', () => {
    const texts = assumePolicies({ targets: targetsOf(5000), targetRoles })
    expect(texts).toHaveLength(1)
    const ours = { 'aws:ResourceOrgID': 'o-acme1234' }
    expect(may(texts, 'sts:AssumeRole', `arn:aws:iam::${account(4999)}:role/stint/Deploy`, ours)).toBe(true)
    expect(may(texts, 'sts:AssumeRole', `arn:aws:iam::${account(4999)}:role/stint/Deploy`, { 'aws:ResourceOrgID': 'o-other' })).toBe(false)
    expect(may(texts, 'sts:AssumeRole', `arn:aws:iam::${account(4999)}:role/stint/Deploy`)).toBe(false)
    expect(may(texts, 'sts:AssumeRole', `arn:aws:iam::${account(4999)}:role/Admin`, ours)).toBe(false)
  })
})

test('names a role of several targets once, in other partitions as well', () => {
  const shared = { account: '1', roleArn: 'arn:aws-us-gov:iam::111122223333:role/stint/A', externalId: 'x', region: 'us-gov-west-1' }
  expect(
    assumePolicies({ targets: { a: shared, b: shared } })
      .join('')
      .match(/role\/stint\/A/g),
  ).toHaveLength(1)
  expect(assumePolicies({ targets: { a: shared }, targetRoles })[0]).toContain('arn:aws-us-gov:iam::*:role/stint/*')
})

describe('the revokers', () => {
  const [on, off] = [targetsOf(1), targetsOf(2)]
  const targets = { ...off, 't-0': { ...(on['t-0'] as (typeof on)['x']), revocation: true as const } } as never
  test('of targets with revocation may be assumed, and nothing else', () => {
    const texts = revokerPolicies({ targets })
    const role = (at: number) => `arn:aws:iam::${account(at)}:role/stint/Deploy`
    expect([`${role(0)}-revoker`, `${role(1)}-revoker`, role(0), role(1)].map((arn) => may(texts, 'sts:AssumeRole', arn))).toEqual([
      true,
      false,
      false,
      false,
    ])
    expect(may(texts, 'sts:TagSession', `${role(0)}-revoker`)).toBe(false)
  })
  test('by their ending, if the roles are allowed by their path', () => {
    const texts = revokerPolicies({ targets, targetRoles })
    const ours = { 'aws:ResourceOrgID': 'o-acme1234' }
    expect(may(texts, 'sts:AssumeRole', `arn:aws:iam::${account(0)}:role/stint/Deploy-revoker`, ours)).toBe(true)
    expect(may(texts, 'sts:AssumeRole', `arn:aws:iam::${account(0)}:role/stint/Deploy`, ours)).toBe(false)
  })
  test('need no policy if there are none', () => expect(revokerPolicies({ targets: off })).toEqual([]))
})
