import { grantActions } from '@stint/iam/minting/left-open'
import { describe, expect, test } from 'vitest'
import { lastingAccess, lastingAccessNames } from './lasting-access.ts'
import type { PolicyTerms } from './policy.ts'

const allow = (Action: string | string[], more: object = {}) => ({ Effect: 'Allow' as const, Action, Resource: '*', ...more })
const deny = (Action: string, more: object = {}) => ({ Effect: 'Deny' as const, Action, Resource: '*', ...more })
const of = (policy: PolicyTerms['policy'], change: Partial<PolicyTerms> = {}): PolicyTerms => ({ policy, policyArns: [], ...change })
const managed = (name: string) => of([], { policyArns: [`arn:aws:iam::${name}`] })
const condition = { Condition: { StringEquals: { 'aws:RequestedRegion': 'eu-central-1' } } }

describe('lasting access of a session', () => {
  test.each<[string, PolicyTerms, readonly string[]]>([
    ['nothing, where it reads', of([allow(['s3:GetObject', 's3:List*'])]), []],
    ['a grant that the policy names', of([allow('kms:CreateGrant')]), ['kms:CreateGrant']],
    ['one behind a wildcard', of([allow('KMS:*')]), ['kms:CreateGrant', 'kms:PutKeyPolicy']],
    ['a minting action only where the terms name it', of([allow('ecr:Get*')]), []],
    ['as they do here', of([allow('ecr:Get*')], { mints: ['ecr:GetAuthorizationToken'] }), ['ecr:GetAuthorizationToken']],
    ['and only where the policy allows it', of([allow('s3:GetObject')], { mints: ['ecr:GetAuthorizationToken'] }), []],
    [
      'minting actions in alphabetical order',
      of([allow(['sts:AssumeRole', 'ecr:GetA*'])], { mints: ['sts:AssumeRole', 'ecr:GetAuthorizationToken'] }),
      ['ecr:GetAuthorizationToken', 'sts:AssumeRole'],
    ],
    [
      'with what it needs',
      of([allow(['codeartifact:GetA*', 'sts:*'])], { mints: ['codeartifact:GetAuthorizationToken'] }),
      ['codeartifact:GetAuthorizationToken', 'sts:GetServiceBearerToken'],
    ],
    ['not what is denied everywhere', of([allow('kms:*'), deny('kms:Put*')]), ['kms:CreateGrant']],
    ['but what is denied in part', of([allow('kms:CreateGrant'), deny('kms:*', condition)]), ['kms:CreateGrant']],
    ['and on some resources', of([allow('kms:CreateGrant'), deny('kms:*', { Resource: 'arn:aws:kms:*:*:key/a' })]), ['kms:CreateGrant']],
    ['all grants, for a role', of([allow('*')]), grantActions],
    ['all grants, for a managed policy', managed('aws:policy/AdministratorAccess'), grantActions],
    ['none, for a managed policy of AWS that reads', managed('aws:policy/job-function/ViewOnlyAccess'), []],
    [
      'a minting action that a policy which reads may allow',
      of([], { policyArns: ['arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess'], mints: ['s3:GetDataAccess'] }),
      ['s3:GetDataAccess'],
    ],
    [
      'unless the profile denies it',
      of([deny('s3:GetDataAccess')], { policyArns: ['arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess'], mints: ['s3:GetDataAccess'] }),
      [],
    ],
    ['all grants, for one whose name only begins like it', managed('aws:policy/ReadOnlyAccessAndMore'), grantActions],
    [
      'all grants, for one of your own whose path is the ARN of one that reads',
      managed('111122223333:policy/arn:aws:iam::aws:policy/ReadOnlyAccess'),
      grantActions,
    ],
    ['all grants, for one of your own of that name', managed('111122223333:policy/ReadOnlyAccess'), grantActions],
  ])('%s', (_name, terms, expected) => expect(lastingAccess(terms)).toEqual(expected))

  test('is one line, with eight names at most', () => {
    expect(lastingAccessNames(of([allow('s3:GetObject')]))).toBeUndefined()
    expect(lastingAccessNames(of([allow('kms:*')]))).toBe('kms:CreateGrant, kms:PutKeyPolicy')
    const eight = grantActions.slice(0, 8)
    expect(lastingAccessNames(of([allow(eight)]))).toBe(eight.join(', '))
    expect(lastingAccessNames(of([allow('*')]))).toBe(
      'iam:AttachRolePolicy, iam:PutRolePolicy, iam:UpdateAssumeRolePolicy, iam:CreateRole, iam:PassRole, iam:AttachUserPolicy, iam:PutUserPolicy, iam:CreateUser and 260 more',
    )
  })
})
