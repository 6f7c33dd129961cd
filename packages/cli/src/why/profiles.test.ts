/** Which profile allows a call: what is certain, what depends, what does not help, and the order. */
import { describe, expect, test } from 'vitest'
import type { ProfileView } from '../broker/views.ts'
import { commandOf } from './command.ts'
import { type Call, candidates, eligible, isMinting } from './profiles.ts'

const ACCOUNT = '111122223333'
const view = (id: string, more: Partial<ProfileView> = {}): ProfileView => ({
  id,
  account: ACCOUNT,
  region: 'eu-central-1',
  roleArn: `arn:aws:iam::${ACCOUNT}:role/stint/Read`,
  access: 'allowed',
  missing: [],
  duration: { default: '30m', max: '1h' },
  parameters: {},
  justification: 'optional',
  ...more,
})
const allow = (Action: string | string[], Resource: unknown = '*', more: object = {}) => ({ Effect: 'Allow', Action, Resource, ...more })
const deny = (Action: string | string[], Resource: unknown = '*', more: object = {}) => ({
  ...allow(Action, Resource, more),
  Effect: 'Deny',
})
const get: Call = { action: 's3:GetObject', resource: 'arn:aws:s3:::acme-orders-logs/2026/x.gz', account: ACCOUNT }
const onBucket = { join: ['arn:aws:s3:::', { param: 'bucket' }, '/*'] }
const bucket = { bucket: { pattern: 'acme-[a-z0-9-]+-logs', max: 63 } }
const mfa = { Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } }

describe('a profile', () => {
  test.each<[string, Partial<ProfileView>, { readonly resource?: string | undefined }, string | undefined]>([
    ['that allows the action on all', { policy: [allow('s3:GetObject')] }, {}, 'allows'],
    ['that allows it on this resource', { policy: [allow('s3:Get*', 'arn:aws:s3:::acme-orders-logs/*')] }, {}, 'allows'],
    ['that allows it on another', { policy: [allow('s3:Get*', 'arn:aws:s3:::acme-web/*')] }, {}, undefined],
    ['that allows another action', { policy: [allow('s3:ListBucket')] }, {}, undefined],
    ['that denies it', { policy: [allow('s3:*'), deny('s3:GetObject')] }, {}, undefined],
    ['that denies it on this resource', { policy: [allow('s3:*'), deny('s3:*', 'arn:aws:s3:::acme-orders-*')] }, {}, undefined],
    ['that denies it on another', { policy: [allow('s3:*'), deny('s3:*', 'arn:aws:s3:::acme-web/*')] }, {}, 'allows'],
    ['that allows it on a condition', { policy: [allow('s3:*', '*', mfa)] }, {}, 'conditional'],
    ['that denies it on a condition', { policy: [allow('s3:*'), deny('s3:*', '*', mfa)] }, {}, 'conditional'],
    ['that denies it on a condition of another action', { policy: [allow('s3:*'), deny('ec2:*', '*', mfa)] }, {}, 'allows'],
    ['that allows it by a policy variable', { policy: [allow('s3:*', 'arn:aws:s3:::${aws:PrincipalTag/team}/*')] }, {}, 'conditional'],
    ['that allows all but another', { policy: [{ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }] }, {}, 'allows'],
    ['with a parameter that fits', { policy: [allow('s3:*', onBucket)], parameters: bucket }, {}, 'allows'],
    [
      'with a parameter that does not fit',
      { policy: [allow('s3:*', onBucket)], parameters: { bucket: { pattern: 'acme-web', max: 63 } } },
      {},
      undefined,
    ],
    [
      'with a parameter that is too long',
      { policy: [allow('s3:*', onBucket)], parameters: { bucket: { pattern: '.*', max: 5 } } },
      {},
      undefined,
    ],
    ['without a policy', {}, {}, 'role'],
    ['with managed policies', { policyArns: ['arn:aws:iam::aws:policy/SecurityAudit'] }, {}, 'managed'],
    ['with managed policies and a Deny', { policyArns: ['arn:aws:iam::aws:policy/X'], policy: [deny('s3:*')] }, {}, undefined],
    ['with managed policies and an Allow', { policyArns: ['arn:aws:iam::aws:policy/X'], policy: [allow('s3:*')] }, {}, 'allows'],
    [
      'for a call whose resource is not known',
      { policy: [allow('s3:*', 'arn:aws:s3:::acme-web/*')] },
      { resource: undefined },
      'conditional',
    ],
    ['that denies all of a call whose resource is not known', { policy: [allow('*'), deny('s3:*')] }, { resource: undefined }, undefined],
    ['for an action without resources, on all', { policy: [allow('s3:*')] }, { resource: '*' }, 'allows'],
    ['for an action without resources, on some', { policy: [allow('s3:*', 'arn:aws:s3:::x/*')] }, { resource: '*' }, undefined],
    ['whose policy is no policy', { policy: [{ Effect: 'Perhaps' }] }, {}, undefined],
  ])('%s', (_name, profile, call, expected) => {
    const { resource, ...rest } = { ...get, ...call }
    const asked = { ...rest, ...(resource === undefined ? {} : { resource }) }
    expect(candidates([view('p', profile)], asked)[0]?.certainty).toBe(expected)
  })
})

describe('only profiles that help are looked at:', () => {
  test.each<[string, Partial<ProfileView>, Partial<Call>, boolean]>([
    ['one in the account', {}, {}, true],
    ['one that needs approval', { access: 'needs-approval' }, {}, true],
    ['not one that the caller cannot enter', { access: 'refused' }, {}, false],
    ['not one in another account', { account: '444455556666' }, {}, false],
    ['one in the account of the resource', { account: '444455556666' }, { resource: 'arn:aws:sqs:eu-west-1:444455556666:q' }, true],
    ['not one on a role that denies the call itself', {}, { deniedRole: 'Read' }, false],
    ['one on another role', { roleArn: `arn:aws:iam::${ACCOUNT}:role/stint/Write` }, { deniedRole: 'Read' }, true],
  ])('%s', (_name, profile, call, expected) => {
    expect(eligible([view('p', profile)], { ...get, ...call })).toHaveLength(expected ? 1 : 0)
  })
})

test('the narrowest comes first: by what it allows, then without approval, then by name', () => {
  const all = [
    view('role-1'),
    view('managed-1', { policyArns: ['arn:aws:iam::aws:policy/X'] }),
    view('wide', { policy: [allow('*')] }),
    view('middle', { policy: [allow('s3:*')] }),
    view('narrow-b', { policy: [allow('s3:GetObject', 'arn:aws:s3:::acme-orders-logs/*')] }),
    view('narrow-a', { policy: [allow('s3:GetObject', 'arn:aws:s3:::acme-orders-logs/*')], access: 'needs-approval' }),
    view('maybe', { policy: [allow('s3:GetObject', '*', mfa)] }),
  ]
  const order = ['narrow-b', 'narrow-a', 'middle', 'wide', 'maybe', 'managed-1', 'role-1']
  expect(candidates(all, get).map(({ profile }) => profile.id)).toEqual(order)
  expect(candidates(all.toReversed(), get).map(({ profile }) => profile.id)).toEqual(order)
})

test.each([
  ['iam:CreateAccessKey', true],
  ['sts:AssumeRole', true],
  ['s3:GetObject', false],
])('%s creates lasting credentials: %s, and then no profile is said to allow it', (action, expected) => {
  expect(isMinting(action)).toBe(expected)
  expect(candidates([view('p')], { ...get, action })).toHaveLength(expected ? 0 : 1)
})

describe('the command', () => {
  const commandFor = (profile: Partial<ProfileView>, call: Partial<Call> = {}) =>
    candidates([view('p', profile)], { ...get, ...call }).map(commandOf)[0]
  test('has the parameters of the call', () => {
    expect(commandFor({ policy: [allow('s3:*', onBucket)], parameters: bucket })).toBe('stint exec p -p bucket=acme-orders-logs -- COMMAND')
  })
  test('has a placeholder for a parameter that the call does not determine', () => {
    expect(commandFor({ parameters: bucket, justification: 'required' })).toBe("stint exec p -p bucket=… -j '…' -- COMMAND")
  })
  test('requests what needs approval', () => {
    expect(commandFor({ access: 'needs-approval' })).toBe('stint request p --wait')
  })
  test('quotes a value that a shell would read', () => {
    const parameters = { bucket: { pattern: '.*', max: 63 } }
    const resource = "arn:aws:s3:::a'b;rm -rf 'x/k"
    expect(commandFor({ policy: [allow('s3:*', onBucket)], parameters }, { resource })).toBe(
      `stint exec p -p 'bucket=a'\\''b;rm -rf '\\''x' -- COMMAND`,
    )
  })
})
