/**
 * What counts as a finding, by the shapes of AWS's own documentation: "Logging IAM and AWS STS API calls with AWS CloudTrail" (IAM), "AWS
 * Management Console sign-in events" (CloudTrail), "Logging IAM Roles Anywhere API calls", "Logging Amazon EKS API calls" (eks-auth).
 */
import { describe, expect, test } from 'vitest'
import { reconcile } from './reconcile.ts'
import type { TrailRecord } from './records.ts'
import { Sessions } from './sessions.ts'

const AT = '2026-11-24T10:00:00Z'
const NAME = 'Dana-req_00000000000000000000000000.00000000'
const ARN = `arn:aws:sts::111122223333:assumed-role/ReadOnly/${NAME}`
const ROLE = 'arn:aws:iam::111122223333:role/stint/ReadOnly'
const mallory = { type: 'IAMUser', arn: 'arn:aws:iam::111122223333:user/mallory', accountId: '111122223333' }

function log(): Sessions {
  const sessions = new Sessions()
  const common = { request: 'req_00000000000000000000000000', session: 'req_00000000000000000000000000.00000000', at: AT }
  sessions.take({
    ...common,
    type: 'session.reserved',
    role: ROLE,
    sessionName: NAME,
    sourceIdentity: 'acme.dana',
    expiresAt: '2026-11-24T10:30:00Z',
  } as never)
  sessions.take({ ...common, type: 'session.issued', accessKeyId: 'ASIAISSUED', sends: 1 } as never)
  sessions.take({ request: 'req_11111111111111111111111111', type: 'request.erased', at: AT } as never)
  return sessions
}
const record = (eventSource: string, eventName: string, more: object = {}): TrailRecord => ({
  eventID: `${eventName} ${JSON.stringify(more)}`,
  eventTime: '2026-11-24T10:05:00Z',
  eventSource: `${eventSource}.amazonaws.com`,
  eventName,
  awsRegion: 'eu-central-1',
  recipientAccountId: '111122223333',
  ...more,
})
const by = (arn: string, more: object = {}) => ({ userIdentity: { type: 'AssumedRole', arn, ...more } })
const own = (more: object = {}) => by(ARN, { sessionContext: { sourceIdentity: 'acme.dana' }, ...more })
const entered = record('sts', 'AssumeRole', {
  eventTime: AT,
  userIdentity: { type: 'AWSAccount', accountId: '246813579024' },
  requestParameters: { roleArn: ROLE, roleSessionName: NAME, sourceIdentity: 'acme.dana' },
  responseElements: { credentials: { accessKeyId: 'ASIAISSUED' } },
})
async function* list(records: readonly TrailRecord[]) {
  yield* records
}
const judged = (records: readonly TrailRecord[], options: Parameters<typeof reconcile>[2] = {}) =>
  reconcile(log(), list([entered, ...records]), options)

describe('the session of an intent', () => {
  test('has what it did in the console, where each service has keys of its own', async () => {
    const { findings, activity, matched } = await judged([
      record('signin', 'GetSigninToken', { ...own({ accessKeyId: 'ASIAISSUED' }), awsRegion: 'us-east-1', readOnly: false }),
      record('signin', 'ConsoleLogin', {
        ...own(),
        awsRegion: 'us-east-1',
        readOnly: false,
        responseElements: { ConsoleLogin: 'Success' },
      }),
      record('s3', 'DeleteBucket', { ...own({ accessKeyId: 'ASIACONSOLE1' }), readOnly: false }),
      record('iam', 'CreateUser', { ...own({ accessKeyId: 'ASIACONSOLE2' }), readOnly: false, errorCode: 'AccessDenied' }),
      record('s3', 'ListBuckets', { ...own({ accessKeyId: 'ASIACONSOLE1' }), readOnly: true }),
    ])
    expect([findings, matched]).toEqual([[], 1])
    expect(activity).toEqual([
      expect.objectContaining({
        request: 'req_00000000000000000000000000',
        accessKeyId: 'ASIAISSUED',
        services: { signin: 2, s3: 2, iam: 1 },
        regions: ['eu-central-1', 'us-east-1'],
        reads: 1,
        writes: 2,
        denied: 1,
        console: true,
      }),
    ])
  })
  test.each<[string, TrailRecord]>([
    ['a call without a session context', record('s3', 'GetObject', by(ARN))],
    ['a call at the very end', record('s3', 'GetObject', { ...own(), eventTime: '2026-11-24T10:30:00Z' })],
    [
      'an expired call that AWS denied',
      record('s3', 'GetObject', { ...own(), eventTime: '2026-11-24T11:30:00Z', errorCode: 'ExpiredToken' }),
    ],
    [
      'the issued key in another role',
      record('s3', 'GetObject', by('arn:aws:sts::111122223333:assumed-role/Other/x', { accessKeyId: 'ASIAISSUED' })),
    ],
    [
      'a session of an erased request',
      record('s3', 'GetObject', by('arn:aws:sts::111122223333:assumed-role/ReadOnly/Sam-req_11111111111111111111111111.00000000')),
    ],
    ['a call of the role itself in a resource', record('s3', 'GetObject', { resources: [{ ARN: ROLE }], userIdentity: mallory })],
  ])('%s is no finding', async (_what, one) => expect((await judged([one])).findings).toEqual([]))
})

describe('who goes around Stint', () => {
  const assumed = (role = ROLE) => ({ requestParameters: { roleArn: role, roleSessionName: 'mallory' }, userIdentity: mallory })
  test.each<[string, TrailRecord, RegExp]>([
    ['AssumeRole', record('sts', 'AssumeRole', assumed()), /user\/mallory assumed .*ReadOnly as mallory by AssumeRole/],
    [
      'AssumeRole by a service',
      record('sts', 'AssumeRole', { ...assumed(), userIdentity: { type: 'AWSService', principalId: 'lambda.amazonaws.com' } }),
      /lambda\.amazonaws\.com assumed/,
    ],
    [
      'AssumeRoleWithSAML',
      record('sts', 'AssumeRoleWithSAML', { ...assumed(), userIdentity: { type: 'SAMLUser', principalId: 'idp:mallory' } }),
      /idp:mallory .* by AssumeRoleWithSAML/,
    ],
    ['AssumeRoleWithWebIdentity', record('sts', 'AssumeRoleWithWebIdentity', assumed()), /by AssumeRoleWithWebIdentity/],
    [
      'IAM Roles Anywhere',
      record('rolesanywhere', 'CreateSession', {
        requestParameters: { roleArn: ROLE, profileArn: 'x' },
        userIdentity: { type: 'AWSAccount', principalId: 'CN=host' },
      }),
      /CN=host assumed .* by CreateSession/,
    ],
    [
      'EKS Pod Identity',
      record('eks-auth', 'AssumeRoleForPodIdentity', {
        requestParameters: { clusterName: 'c' },
        responseElements: { assumedRoleUser: { arn: 'arn:aws:sts::111122223333:assumed-role/ReadOnly/eks-c-pod' } },
        userIdentity: mallory,
      }),
      /by AssumeRoleForPodIdentity/,
    ],
    [
      'Switch role in the console',
      record('signin', 'SwitchRole', by('arn:aws:sts::111122223333:assumed-role/ReadOnly/mallory')),
      /assumed-role\/ReadOnly\/mallory assumed .* by SwitchRole/,
    ],
    [
      'a sign-in of an unknown session',
      record('signin', 'ConsoleLogin', by('arn:aws:sts::111122223333:assumed-role/ReadOnly/mallory')),
      /mallory was used, but .* \(1 call\)/,
    ],
    [
      'a call of an unknown session',
      record('s3', 'GetObject', by('arn:aws:sts::111122223333:assumed-role/ReadOnly/mallory')),
      /mallory was used, but the audit log has no such session/,
    ],
    [
      'a role in another partition',
      record('s3', 'GetObject', by('arn:aws-us-gov:sts::111122223333:assumed-role/ReadOnly/mallory')),
      /was used, but/,
    ],
    [
      'a known name in another role',
      record('s3', 'GetObject', by(`arn:aws:sts::999999999999:assumed-role/New/${NAME}`)),
      /New\/Dana\S+ was used, but the audit log has no such session/,
    ],
    ['a role that only --role names', record('sts', 'AssumeRole', assumed('arn:aws:iam::999999999999:role/New')), /role\/New/],
  ])('%s', async (_what, one, words) => {
    const { findings } = await judged([one], { roles: ['arn:aws:iam::999999999999:role/New'] })
    expect(findings.map(({ kind, what }) => `${kind}: ${what}`).join('\n')).toMatch(new RegExp(`^around: .*${words.source}`, 'm'))
  })
  test('many calls of one unknown session are one finding, at the time of the first', async () => {
    const calls = ['10:09', '10:07', '10:08'].map((time) =>
      record('s3', 'GetObject', { ...by('arn:aws:sts::111122223333:assumed-role/ReadOnly/mallory'), eventTime: `2026-11-24T${time}:00Z` }),
    )
    expect((await judged(calls)).findings).toEqual([
      { kind: 'around', at: '2026-11-24T10:07:00Z', what: expect.stringMatching(/ \(3 calls\)$/) },
    ])
  })
  test.each<[string, TrailRecord, RegExp]>([
    [
      'another source identity',
      record('s3', 'GetObject', by(ARN, { sessionContext: { sourceIdentity: 'acme.mallory' } })),
      /has source identity acme\.mallory, but the intent has acme\.dana/,
    ],
    [
      'a use after the end',
      record('s3', 'GetObject', { ...own(), eventTime: '2026-11-24T10:40:00Z' }),
      /was used after the end of its session/,
    ],
    [
      'the name in another role',
      record('sts', 'AssumeRole', {
        eventTime: AT,
        requestParameters: { roleArn: 'arn:aws:iam::999999999999:role/New', roleSessionName: NAME, sourceIdentity: 'acme.dana' },
        userIdentity: mallory,
      }),
      /but the intent has role 111122223333\/ReadOnly/,
    ],
  ])('%s is a mismatch', async (_what, one, words) => {
    const { findings } = await judged([one], { roles: ['arn:aws:iam::999999999999:role/New'] })
    expect(findings).toEqual([expect.objectContaining({ kind: 'mismatch', what: expect.stringMatching(words) })])
  })
})

describe('changes to Stint’s roles', () => {
  const change = (eventName: string, parameters: object = {}, more: object = {}) =>
    record('iam', eventName, {
      requestParameters: { roleName: 'ReadOnly', ...parameters },
      userIdentity: mallory,
      awsRegion: 'us-east-1',
      ...more,
    })
  test.each([
    'UpdateAssumeRolePolicy',
    'PutRolePolicy',
    'DeleteRolePolicy',
    'AttachRolePolicy',
    'DetachRolePolicy',
    'PutRolePermissionsBoundary',
    'DeleteRolePermissionsBoundary',
    'UpdateRole',
    'DeleteRole',
    'CreateRole',
    'TagRole',
    'UntagRole',
  ])('%s', async (name) => {
    const { findings } = await judged([change(name)])
    expect(findings).toEqual([
      { kind: 'changed', at: '2026-11-24T10:05:00Z', what: `${mallory.arn} called ${name} on role 111122223333/ReadOnly` },
    ])
  })
  test('a new version of a policy that was attached', async () => {
    const policyArn = 'arn:aws:iam::111122223333:policy/p'
    const { findings } = await judged([
      change('AttachRolePolicy', { policyArn }),
      record('iam', 'CreatePolicyVersion', { requestParameters: { policyArn, setAsDefault: true }, userIdentity: mallory }),
      record('iam', 'CreatePolicyVersion', { requestParameters: { policyArn: `${policyArn}2` }, userIdentity: mallory }),
    ])
    expect(findings.map(({ what }) => what)).toEqual([
      `${mallory.arn} called AttachRolePolicy on role 111122223333/ReadOnly (${policyArn})`,
      `${mallory.arn} called CreatePolicyVersion on policy ${policyArn}, which was attached to a role of Stint`,
    ])
  })
  test.each<[string, TrailRecord]>([
    ['a role of the same name in another account', change('PutRolePolicy', {}, { recipientAccountId: '999999999999' })],
    ['another role', change('PutRolePolicy', { roleName: 'Other' })],
    ['a look at it', change('GetRole')],
    ['a change by the pipeline', change('PutRolePolicy', {}, by('arn:aws:sts::111122223333:assumed-role/Pipeline/run-1'))],
    ['a change by an administrator', change('PutRolePolicy', {}, { userIdentity: { arn: 'arn:aws:iam::111122223333:user/admin' } })],
  ])('%s is no finding', async (_what, one) => {
    const admins = ['arn:aws:iam::111122223333:role/ci/Pipeline', 'arn:aws:iam::111122223333:user/admin']
    expect((await judged([one], { admins })).findings).toEqual([])
  })
  describe('the policy that denies ended sessions', () => {
    const document = (...effects: string[]) =>
      JSON.stringify({ Statement: effects.map((Effect) => ({ Effect, Action: '*', Resource: '*' })) })
    const written = (parameters: object = {}, role = 'ReadOnly-revoker', session = 'stint-end') =>
      change(
        'PutRolePolicy',
        { policyName: 'stint-end', policyDocument: document('Deny'), ...parameters },
        by(`arn:aws:sts::111122223333:assumed-role/${role}/${session}`),
      )
    test('is no finding', async () => expect((await judged([written()])).findings).toEqual([]))
    test.each<[string, TrailRecord]>([
      ['grants, too', written({ policyDocument: document('Deny', 'Allow') })],
      ['denies nothing', written({ policyDocument: document() })],
      ['is not JSON', written({ policyDocument: '{' })],
      ['is not in the record', written({ policyDocument: undefined })],
      ['has another name', written({ policyName: 'other' })],
      ['was written by another role', written({}, 'Deploy-revoker')],
      ['was written in another session of the revoker', written({}, 'ReadOnly-revoker', 'mallory')],
      [
        'was deleted',
        change('DeleteRolePolicy', { policyName: 'stint-end' }, by('arn:aws:sts::111122223333:assumed-role/ReadOnly-revoker/stint-end')),
      ],
    ])('is a finding if it %s', async (_what, one) => {
      expect((await judged([one])).findings).toMatchObject([{ kind: 'changed' }])
    })
  })
  test('one that AWS denied is counted', async () => {
    const { findings, deniedAttempts } = await judged([change('PutRolePolicy', {}, { errorCode: 'AccessDenied' })])
    expect([findings, deniedAttempts]).toEqual([[], 1])
  })
})

test('accounts without records are silent, and so is everything if there are none', async () => {
  const none = await reconcile(log(), list([]))
  expect([none.records, none.silent, none.findings]).toEqual([0, ['111122223333'], []])
})
test('the period is that of all records, in whatever order they come', async () => {
  const at = (eventTime: string) => record('s3', 'ListBuckets', { eventTime, userIdentity: mallory })
  const { span } = await judged([at('2026-11-24T12:00:00Z'), at('2026-11-23T00:00:00Z'), at('2026-11-24T11:00:00Z')])
  expect(span).toEqual({ first: '2026-11-23T00:00:00Z', last: '2026-11-24T12:00:00Z' })
})
test('an account is judged by its own records, not by those of the account that entered it', async () => {
  const { silent, matched, findings } = await reconcile(log(), list([{ ...entered, recipientAccountId: '246813579024' }]))
  expect([matched, findings, silent]).toEqual([1, [], ['111122223333']])
})
test('so is the account of a role that only --role names', async () => {
  expect((await judged([], { roles: ['arn:aws:iam::999999999999:role/New'] })).silent).toEqual(['999999999999'])
})
test('copies of one record count once, and a policy is followed whatever comes first', async () => {
  const policyArn = 'arn:aws:iam::111122223333:policy/p'
  const change = (eventName: string, requestParameters: object) =>
    record('iam', eventName, { requestParameters, userIdentity: mallory, awsRegion: 'us-east-1' })
  const version = change('CreatePolicyVersion', { policyArn })
  const attach = change('AttachRolePolicy', { roleName: 'ReadOnly', policyArn })
  const { findings } = await judged([version, version, attach, attach])
  expect(findings.map(({ what }) => what.replace(/ on .*/, ''))).toEqual([
    `${mallory.arn} called AttachRolePolicy`,
    `${mallory.arn} called CreatePolicyVersion`,
  ])
})

describe('renewals', () => {
  const request = 'req_00000000000000000000000000'
  const session = `${request}.00000000`
  const minutes = (count: number) => `2026-11-24T10:${String(count).padStart(2, '0')}:00Z`
  const event = (type: string, at: string, more: object = {}) => ({ request, session, type, at, ...more }) as never
  const renewed = (): Sessions => {
    const sessions = log()
    sessions.take(event('session.renewal-reserved', minutes(20), { set: 'aaaaaaaa' }))
    sessions.take(event('session.renewed', minutes(20), { set: 'aaaaaaaa', accessKeyId: 'ASIARENEWED', sends: 1 }))
    sessions.take(event('session.renewal-reserved', minutes(25), { set: 'bbbbbbbb' }))
    sessions.take(event('session.renewal-failed', minutes(25), { set: 'bbbbbbbb', sends: 1 }))
    return sessions
  }
  const enteredAt = (eventTime: string, accessKeyId: string): TrailRecord => ({
    ...entered,
    eventID: `${eventTime} ${accessKeyId}`,
    eventTime,
    responseElements: { credentials: { accessKeyId } },
  })
  const later = record('s3', 'ListBuckets', { ...own(), eventTime: minutes(59), readOnly: true })
  const judgedWith = async (records: readonly TrailRecord[]) => reconcile(renewed(), list([entered, ...records, later]))
  const kinds = async (...records: TrailRecord[]) => (await judgedWith(records)).findings.map(({ kind, what }) => `${kind}: ${what}`)

  test('are matched, each by its own access key', async () => {
    const { matched, dropped, findings } = await judgedWith([enteredAt(minutes(20), 'ASIARENEWED'), enteredAt(minutes(25), 'ASIAFAILED')])
    expect([matched, dropped]).toEqual([2, 1])
    expect(findings.filter(({ kind }) => kind !== 'mismatch')).toEqual([])
  })
  test('that AWS never saw are findings', async () => {
    expect(await kinds()).toContainEqual(expect.stringMatching(/^unseen: session req_0+\.0+ \(ASIARENEWED\) was issued, but/))
  })
  test('that no intent explains are findings', async () => {
    const all = await kinds(
      enteredAt(minutes(20), 'ASIARENEWED'),
      enteredAt(minutes(25), 'ASIAFAILED'),
      enteredAt(minutes(25), 'ASIASTRANGE'),
    )
    expect(all).toContainEqual(expect.stringContaining('got ASIASTRANGE: more sessions than Stint requested (3)'))
  })
  test('at another time than their intents are findings', async () => {
    expect(await kinds(enteredAt(minutes(28), 'ASIARENEWED'))).toContainEqual(expect.stringContaining('long before or after'))
    expect(await kinds(enteredAt(minutes(10), 'ASIASTRANGE'))).toContainEqual(expect.stringContaining('long before or after'))
  })
})
