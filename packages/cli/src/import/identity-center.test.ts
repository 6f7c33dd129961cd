/** Assignments of Identity Center: who gets what, and which customer managed policies can be judged. */
import { describe, expect, test } from 'vitest'
import { type Directory, translateIdentityCenter } from './identity-center.ts'
import { emptyMapping } from './mapping.ts'
import { verdictOf } from './rules.ts'

const ACCOUNT = '310000000001'
const OWN = `arn:aws:iam::${ACCOUNT}:policy/team/own`
const set = (Name: string, more: object = {}) => ({
  PermissionSet: {
    Name,
    PermissionSetArn: `arn:${Name}`,
    Description: Name === 'Read' ? 'Look, do not touch' : '',
    SessionDuration: 'PT1H',
  },
  AttachedManagedPolicies: [{ Arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }],
  CustomerManagedPolicyReferences: [],
  InlinePolicy: '',
  PermissionsBoundary: null,
  ...more,
})
const customer = { CustomerManagedPolicyReferences: [{ Name: 'own', Path: '/team/' }] }

type Assignment = Directory['center']['AccountAssignments'][number]
const assigned = (more: Partial<Assignment> = {}): Assignment => ({
  AccountId: ACCOUNT,
  PermissionSetArn: 'arn:Read',
  PrincipalType: 'GROUP',
  PrincipalId: 'g1',
  ...more,
})
const imported = (assignment: Assignment, documents: Directory['documents'] = new Map()) =>
  translateIdentityCenter({
    file: 'center.json',
    documents,
    partition: 'aws',
    mapping: { ...emptyMapping, groups: { g1: 'aws-engineers' }, people: { u1: '00u1' } },
    center: {
      PermissionSets: [set('Read'), set('Own', customer)],
      AccountAssignments: [assignment],
      Groups: [
        { GroupId: 'g1', DisplayName: 'engineers' },
        { GroupId: 'g2', DisplayName: 'contractors' },
      ],
      Users: [],
    },
  })[0]

const statement = (Effect: string, more: object = {}) => ({
  Version: '2012-10-17',
  Statement: [{ Effect, Action: 's3:*', Resource: '*', ...more }],
})

describe('an assignment', () => {
  test('to a group', () => {
    const rule = imported(assigned())
    expect(rule).toMatchObject({
      name: 'permission set Read for group engineers',
      account: ACCOUNT,
      place: 'center.json: AccountAssignments[0]',
      notes: [],
    })
    expect(rule?.access).toEqual([
      {
        account: ACCOUNT,
        role: 'stint/Read',
        description: 'Look, do not touch',
        eligible: [{ issuer: 'people', claims: { groups: { includes: 'aws-engineers' } } }],
        duration: { default: '1h', max: '1h' },
        policyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
      },
    ])
  })
  test('to a user', () => {
    expect(imported(assigned({ PrincipalType: 'USER', PrincipalId: 'u1' }))?.access[0]?.eligible).toEqual([
      { issuer: 'people', claims: { sub: '00u1' } },
    ])
  })
  test('with a customer managed policy whose document is known', () => {
    const rule = imported(assigned({ PermissionSetArn: 'arn:Own' }), new Map([[OWN, statement('Allow')]]))
    expect(rule?.notes).toEqual([])
    expect(rule?.access[0]?.customerPolicies).toEqual(['team/own'])
  })

  test.each<[string, Assignment, Directory['documents'], RegExp]>([
    ['to a group without a mapping', assigned({ PrincipalId: 'g2' }), new Map(), /group contractors is not in the mapping: groups\.g2/],
    ['to a user without a mapping', assigned({ PrincipalType: 'USER', PrincipalId: 'u2' }), new Map(), /people\.u2/],
    ['to a user with the ID of a group', assigned({ PrincipalType: 'USER', PrincipalId: 'g1' }), new Map(), /people\.g1/],
    ['to a name that objects have', assigned({ PrincipalId: 'constructor' }), new Map(), /groups\.constructor/],
    ['of a permission set that is not in the file', assigned({ PermissionSetArn: 'arn:Gone' }), new Map(), /arn:Gone is not in the file/],
    [
      'with a customer managed policy that is not in the files',
      assigned({ PermissionSetArn: 'arn:Own' }),
      new Map(),
      /policy own is not in the files/,
    ],
    [
      '… of another account',
      assigned({ PermissionSetArn: 'arn:Own' }),
      new Map([[OWN.replace(ACCOUNT, '310000000002'), statement('Allow')]]),
      /not in the files/,
    ],
    [
      'with a customer managed policy that depends on the user',
      assigned({ PermissionSetArn: 'arn:Own' }),
      new Map([[OWN, statement('Deny', { Condition: { StringEquals: { 'aws:PrincipalTag/team': 'a' } } })]]),
      /policy own depends on aws:PrincipalTag\/team/,
    ],
  ])('%s: needs a decision', (_name, assignment, documents, why) => {
    const rule = imported(assignment, documents)
    expect(rule && verdictOf(rule)).toBe('needs a decision')
    expect(rule?.notes.join('\n')).toMatch(why)
  })
})
