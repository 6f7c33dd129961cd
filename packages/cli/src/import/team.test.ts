/** AWS TEAM's tables: who needs whose approval, and that Stint never asks for less. */
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import type { Directory } from './identity-center.ts'
import { emptyMapping, type Mapping } from './mapping.ts'
import { verdictOf } from './rules.ts'
import { eligibilityTable, translateTeam } from './team.ts'

const [A, B] = ['310000000001', '310000000002']
const ARN = 'arn:aws:sso:::permissionSet/ssoins-1/ps-read'
const mapping: Mapping = {
  ...emptyMapping,
  groups: { g1: 'engineers', g2: 'contractors', lead: 'leads' },
  people: { u1: 'sub-1' },
  ous: { 'ou-1': [A, B] },
}
const directory = (map: Mapping): Directory => ({
  file: 'center.json',
  mapping: map,
  partition: 'aws',
  documents: new Map(),
  center: {
    PermissionSets: [
      {
        PermissionSet: { Name: 'Read', PermissionSetArn: ARN, Description: '', SessionDuration: 'PT1H' },
        AttachedManagedPolicies: [{ Arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }],
        CustomerManagedPolicyReferences: [],
        InlinePolicy: '',
        PermissionsBoundary: null,
      },
    ],
    AccountAssignments: [],
    Groups: [],
    Users: [],
  },
})
type Given = {
  readonly items: readonly object[]
  readonly approvers?: readonly { id: string; groupIds: string[] }[]
  readonly settings?: readonly object[]
  readonly map?: Mapping
}
const item = (more: object = {}) => ({
  id: 'g1',
  name: 'Engineers',
  type: 'Group' as const,
  accounts: [{ id: A, name: 'a' }],
  ous: [],
  permissions: [{ id: ARN, name: 'Read' }],
  approvalRequired: false,
  duration: 4,
  ...more,
})
const leads = [{ id: A, groupIds: ['lead'] }]
const imported = ({ items, approvers = [], settings = [], map = mapping }: Given) =>
  translateTeam({ file: 'eligibility.json', eligibility: items as never, approvers, settings: settings as never }, directory(map))

describe('an eligibility', () => {
  test('without approval: equal', () => {
    const [rule] = imported({ items: [item()] })
    expect(rule).toMatchObject({ name: 'eligibility of Engineers for Read', account: A, notes: [] })
    expect(rule?.access[0]).toMatchObject({
      role: 'stint/Read',
      eligible: [{ issuer: 'people', claims: { groups: { includes: 'engineers' } } }],
      duration: { default: '1h', max: '4h', renew: '1h' },
      justification: 'required',
    })
    expect(rule?.access[0]?.approval).toBeUndefined()
  })
  test('with approval: equal, and sessions end with the window', () => {
    const [rule] = imported({ items: [item({ approvalRequired: true, duration: 1 })], approvers: leads, settings: [{ expiry: 2 }] })
    expect(rule?.notes).toEqual([])
    expect(rule?.access[0]).toMatchObject({
      duration: { default: '1h', max: '1h', renew: '1h' },
      approval: {
        rules: [{ by: [{ issuer: 'people', claims: { groups: { includes: 'leads' } } }], count: 1 }],
        expiresAfter: '2h',
        window: '1h',
        maxUses: 3,
      },
    })
  })
  test('of a user, an organizational unit and settings without comments', () => {
    const rules = imported({
      items: [item({ id: 'u1', type: 'User', accounts: [], ous: [{ id: 'ou-1' }] })],
      settings: [{ comments: false }],
    })
    expect(rules.map(({ account }) => account)).toEqual([A, B])
    expect(rules[0]?.access[0]?.eligible).toEqual([{ issuer: 'people', claims: { sub: 'sub-1' } }])
    expect(rules[0]?.access[0]?.justification).toBeUndefined()
  })
  test('takes the approvers of the organizational unit if the account has none', () => {
    const approvers = [
      { id: A, groupIds: [] },
      { id: 'ou-1', groupIds: ['lead'] },
    ]
    expect(imported({ items: [item({ approvalRequired: true })], approvers }).map(verdictOf)).toEqual(['equal'])
  })

  test.each<[string, Given, RegExp]>([
    [
      'approval of another eligibility',
      { items: [item(), item({ id: 'g2', approvalRequired: true })], approvers: leads },
      /another eligibility for this permission set and account/,
    ],
    [
      'approval of another eligibility, in an organizational unit without a mapping',
      { items: [item(), item({ id: 'g2', approvalRequired: true, accounts: [], ous: [{ id: 'ou-9' }] })], approvers: leads },
      /another eligibility/,
    ],
    [
      'an organizational unit without a mapping',
      { items: [item({ ous: [{ id: 'ou-9', name: 'Prod' }] })] },
      /unit Prod are not in the mapping: ous\.ou-9/,
    ],
    ['more than twelve hours', { items: [item({ duration: 24 })], settings: [{ duration: 48 }] }, /at most 12 hours, not 1d/],
    [
      'approvals that the settings turn off',
      { items: [item({ approvalRequired: true })], approvers: leads, settings: [{ approval: false }] },
      /turn approvals off/,
    ],
    [
      'an approver group without a mapping',
      { items: [item({ approvalRequired: true })], approvers: [{ id: A, groupIds: ['lead', 'gone'] }] },
      /groups\.gone/,
    ],
    ['an account that is none', { items: [item({ accounts: [{ id: A }, { id: '*' }] })] }, /'\*' is not an account ID/],
  ])('%s: narrower', (_name, given, why) => {
    const [rule] = imported(given)
    expect(rule && verdictOf(rule)).toBe('narrower')
    expect(rule?.notes.join('\n')).toMatch(why)
    // Whatever makes it narrower, approval is never lost.
    if (given.approvers) expect(rule?.access[0]?.approval).toBeDefined()
  })

  test.each<[string, Given, RegExp]>([
    ['a group without a mapping', { items: [item({ id: 'g9' })] }, /groups\.g9/],
    ['a user without a mapping', { items: [item({ id: 'u9', type: 'User' })] }, /people\.u9/],
    ['no approvers', { items: [item({ approvalRequired: true })] }, /has no approvers/],
    [
      'approvers without a mapping',
      { items: [item({ approvalRequired: true })], approvers: [{ id: A, groupIds: ['gone'] }] },
      /has no approvers/,
    ],
    [
      'a permission set that is not in the file',
      { items: [item({ permissions: [{ id: 'arn:gone', name: 'Gone' }] })] },
      /not in the file of Identity Center/,
    ],
    ['no account', { items: [item({ accounts: [] })] }, /names no account/],
    ['no permission set', { items: [item({ permissions: null })] }, /names no permission set/],
  ])('%s: needs a decision', (_name, given, why) => {
    const rules = imported(given)
    expect(rules.map(verdictOf)).toEqual(['needs a decision'])
    expect(rules[0]?.notes.join('\n')).toMatch(why)
  })

  test('lasts no longer than the settings allow', () => {
    const max = (settings: readonly object[]) => imported({ items: [item({ duration: 11 })], settings })[0]?.access[0]?.duration.max
    expect([max([]), max([{ duration: 2 }]), max([{ duration: 20 }])]).toEqual(['9h', '2h', '11h'])
  })
})

describe('a table', () => {
  const row = {
    id: { S: 'g1' },
    type: { S: 'Group' },
    approvalRequired: { BOOL: true },
    duration: { S: '4' },
    accounts: { L: [{ M: { id: { S: A } } }] },
  }
  test('is read with the types of DynamoDB', () => {
    expect(v.parse(eligibilityTable, { Items: [row], Count: 1 }).Items[0]).toMatchObject({
      id: 'g1',
      duration: 4,
      accounts: [{ id: A }],
      approvalRequired: true,
    })
  })
  test.each<[string, unknown]>([
    ['without types', { Items: [{ ...row, id: 'g1' }] }],
    ['with two types', { Items: [{ ...row, id: { S: 'g1', N: '1' } }] }],
    ['without a decision on approval', { Items: [{ ...row, approvalRequired: { NULL: true } }] }],
    ['with a duration of nothing', { Items: [{ ...row, duration: { S: '0' } }] }],
    ['of another kind', { Items: [{ ...row, type: { S: 'OU' } }] }],
    ['that is incomplete', { Items: [row], LastEvaluatedKey: { id: { S: 'g1' } } }],
  ])('is refused %s', (_name, table) => expect(v.safeParse(eligibilityTable, table).success).toBe(false))
})
