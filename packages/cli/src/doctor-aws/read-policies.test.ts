import { describe, expect, test } from 'vitest'
import type { Reply } from '../frame/http.ts'
import { readPolicies } from './read-policies.ts'

const reply = (text: string, status = 200): Reply => ({ status, ok: status === 200, headers: {}, bytes: Buffer.from(text), text })
const encoded = (value: object) => encodeURIComponent(JSON.stringify(value))
const [BOUNDARY, MANAGED] = ['arn:aws:iam::111122223333:policy/edge', 'arn:aws:iam::aws:policy/ReadOnlyAccess']

/** IAM's answers for a role with one inline and one managed policy. `change` replaces some of them. */
const iam =
  (change: Readonly<Record<string, Reply>> = {}) =>
  async ({ Action = '', PolicyName, PolicyArn, VersionId }: Readonly<Record<string, string>>): Promise<Reply> => {
    const answers: Readonly<Record<string, string>> = {
      ListRolePolicies: '<PolicyNames><member>inline</member></PolicyNames><IsTruncated>false</IsTruncated>',
      GetRolePolicy: `<PolicyDocument>${encoded({ inline: PolicyName })}</PolicyDocument>`,
      ListAttachedRolePolicies: `<AttachedPolicies><member><PolicyName>R</PolicyName><PolicyArn>${MANAGED}</PolicyArn></member></AttachedPolicies>`,
      GetPolicy: `<Policy><Arn>${PolicyArn}</Arn><DefaultVersionId>v7</DefaultVersionId></Policy>`,
      GetPolicyVersion: `<PolicyVersion><Document>${encoded({ managed: PolicyArn, version: VersionId })}</Document></PolicyVersion>`,
    }
    return change[Action] ?? reply(answers[Action] ?? '', answers[Action] === undefined ? 400 : 200)
  }

describe('the policies of a role', () => {
  test('are the inline ones, the default versions of the attached ones, and the boundary', async () => {
    expect(await readPolicies(iam(), 'ReadOnly', BOUNDARY)).toEqual({
      found: 'policies',
      policies: [{ inline: 'inline' }, { managed: MANAGED, version: 'v7' }],
      boundary: { managed: BOUNDARY, version: 'v7' },
    })
  })
  test.each<[string, Readonly<Record<string, Reply>>, string]>([
    ['a call is denied', { GetPolicy: reply('<Error><Code>AccessDenied</Code></Error>', 403) }, 'AWS answered GetPolicy with AccessDenied'],
    ['a call fails without a code', { GetRolePolicy: reply('<html>', 502) }, 'AWS answered GetRolePolicy with 502'],
    ['there are too many', { ListRolePolicies: reply('<IsTruncated>true</IsTruncated>') }, 'the role has more than 100 policies'],
    ['a document is not JSON', { GetRolePolicy: reply('<PolicyDocument>x</PolicyDocument>') }, 'a policy document is unreadable'],
    ['a document is badly encoded', { GetRolePolicy: reply('<PolicyDocument>%</PolicyDocument>') }, 'a policy document is unreadable'],
    ['a document is missing', { GetPolicyVersion: reply('<PolicyVersion/>') }, 'a policy document is unreadable'],
  ])('are not read if %s', async (_what, change, says) => {
    expect(await readPolicies(iam(change), 'ReadOnly', undefined)).toEqual({ found: 'denied', says })
  })
})
