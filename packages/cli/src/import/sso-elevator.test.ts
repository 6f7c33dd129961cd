/** SSO Elevator's statements: who may request, who approves, and that Stint never asks for less. */
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import type { Directory } from './identity-center.ts'
import { emptyMapping, type Mapping } from './mapping.ts'
import { verdictOf } from './rules.ts'
import { elevatorVariables, translateElevator } from './sso-elevator.ts'

const [A, B] = ['310000000001', '310000000002']
const mapping: Mapping = {
  ...emptyMapping,
  everyone: 'employees',
  accounts: [A, B],
  groups: { g1: 'infra' },
  people: { 'lead@acme.example': 'sub-lead', 'cto@acme.example': 'sub-cto' },
}
const set = (Name: string) => ({
  PermissionSet: { Name, PermissionSetArn: `arn:${Name}`, Description: '', SessionDuration: 'PT1H' },
  AttachedManagedPolicies: [{ Arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }],
  CustomerManagedPolicyReferences: [],
  InlinePolicy: '',
  PermissionsBoundary: null,
})
const directory = (map: Mapping): Directory => ({
  file: 'center.json',
  mapping: map,
  partition: 'aws',
  documents: new Map(),
  center: { PermissionSets: [set('Read'), set('Admin')], AccountAssignments: [], Groups: [], Users: [] },
})
const statement = (more: object = {}) => ({
  ResourceType: 'Account',
  Resource: A,
  PermissionSet: 'Read',
  Approvers: 'lead@acme.example',
  ...more,
})
const imported = (variables: object, map = mapping) =>
  translateElevator(
    { file: 'a.tfvars', variables: v.parse(elevatorVariables, { max_permissions_duration_time: 4, ...variables }) },
    directory(map),
  )

const person = (sub: string) => ({ issuer: 'people', claims: { sub } })
const group = (value: string) => ({ issuer: 'people', claims: { groups: { includes: value } } })

describe('a statement', () => {
  test('with an approver: equal, and sessions end with the window', () => {
    const [rule] = imported({ config: [statement()], request_expiration_hours: 2 })
    expect(rule).toMatchObject({ name: 'statement 1 for Read', account: A, notes: [] })
    expect(rule?.access[0]).toMatchObject({
      eligible: [group('employees')],
      duration: { default: '1h', max: '4h', renew: '1h' },
      approval: { rules: [{ by: [person('sub-lead')], count: 1 }], expiresAfter: '2h', window: '4h', maxUses: 3 },
      justification: 'required',
    })
  })
  test('without approval: equal', () => {
    const [rule] = imported({ config: [statement({ Approvers: [], ApprovalIsNotRequired: true })] })
    expect(rule?.notes).toEqual([])
    expect(rule?.access[0]?.approval).toBeUndefined()
  })
  test('for every permission set and account', () => {
    const rules = imported({ config: [statement({ Resource: '*', PermissionSet: '*' })] })
    expect(rules.map(({ name, account }) => `${name} ${account}`)).toEqual([
      `statement 1 for Read ${A}`,
      `statement 1 for Read ${B}`,
      `statement 1 for Admin ${A}`,
      `statement 1 for Admin ${B}`,
    ])
  })
  test('with requesters of its own', () => {
    const [rule] = imported({ config: [statement({ AllowedGroups: ['g1'], AllowedUsers: ['cto@acme.example'] })] })
    expect(rule?.access[0]?.eligible).toEqual([group('infra'), person('sub-cto')])
  })
  test('also has the approvers of statements for everyone', () => {
    const [rule] = imported({ config: [statement(), statement({ Resource: '*', Approvers: ['cto@acme.example'] })] })
    expect(rule?.notes).toEqual([])
    expect(rule?.access[0]?.approval?.rules[0]?.by).toEqual([person('sub-cto'), person('sub-lead')])
  })
  test('lasts as long as the longest entry of the list that replaces the maximum', () => {
    const max = (list: string[]) => imported({ config: [statement()], permission_duration_list_override: list })[0]?.access[0]?.duration.max
    expect([max([]), max(['00:30', '02:15']), max(['00:05'])]).toEqual(['4h', '2h15m', '5m'])
  })

  test.each<[string, object, RegExp, boolean]>([
    ['self-approval', { config: [statement({ AllowSelfApproval: true })] }, /cannot approve their own/, true],
    [
      'an explicit false elsewhere',
      { config: [statement({ ApprovalIsNotRequired: true, AllowSelfApproval: true }), statement({ ApprovalIsNotRequired: false })] },
      /own requests/,
      true,
    ],
    [
      'approvers of a statement with other requesters',
      { config: [statement(), statement({ Approvers: ['cto@acme.example'], AllowedGroups: ['g1'] })] },
      /requesters of their own/,
      true,
    ],
    [
      'an approver without a mapping',
      { config: [statement({ Approvers: ['lead@acme.example', 'new@acme.example'] })] },
      /people\.new@acme\.example/,
      true,
    ],
    ['a requester without a mapping', { config: [statement({ AllowedGroups: ['g1', 'g9'] })] }, /groups\.g9/, true],
    [
      'more than twelve hours',
      { config: [statement({ ApprovalIsNotRequired: true })], max_permissions_duration_time: 24 },
      /12 hours, not 1d/,
      false,
    ],
  ])('with %s: narrower', (_name, variables, why, approval) => {
    const [rule] = imported(variables)
    expect(rule && verdictOf(rule)).toBe('narrower')
    expect(rule?.notes.join('\n')).toMatch(why)
    expect(rule?.access[0]?.approval !== undefined).toBe(approval)
  })

  test.each<[string, object, RegExp, Mapping?]>([
    ['everyone, without a group of everyone', { config: [statement()] }, /mapping: everyone/, { ...mapping, everyone: undefined }],
    ['every account, without a list', { config: [statement({ Resource: '*' })] }, /mapping: accounts/, { ...mapping, accounts: [] }],
    ['no approvers', { config: [statement({ Approvers: [] })] }, /has no approvers/],
    ['approvers without a mapping', { config: [statement({ Approvers: ['new@acme.example'] })] }, /has no approvers/],
    ['requesters without a mapping', { config: [statement({ AllowedUsers: ['new@acme.example'] })] }, /people\.new@acme\.example/],
    ['a permission set that is not in the file', { config: [statement({ PermissionSet: 'Gone' })] }, /not in the file of Identity Center/],
    [
      'a group to join',
      { config: [], group_config: [{ Resource: ['g1'], Approvers: ['lead@acme.example'] }] },
      /does not change who is in a group/,
    ],
  ])('with %s: needs a decision', (_name, variables, why, map) => {
    const rules = imported(variables, map)
    expect(rules.map(verdictOf)).toEqual(['needs a decision'])
    expect(rules[0]?.notes.join('\n')).toMatch(why)
  })

  test.each<[string, object]>([
    ['a property that is not known, which could be a limit', statement({ AllowedHours: '9-17' })],
    ['another type of resource', statement({ ResourceType: 'OU' })],
    ['an account that is none', statement({ Resource: 'account_id' })],
    ['an approver that is no address', statement({ Approvers: 'lead' })],
  ])('with %s is refused', (_name, one) => expect(v.safeParse(elevatorVariables, { config: [one] }).success).toBe(false))
})
