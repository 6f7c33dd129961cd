/** Patterns of actions (AWS IAM User Guide, "IAM JSON policy elements: Action"). */
import { expect, test } from 'vitest'
import { actionMatches } from './action.ts'

test.each<[string, string, boolean]>([
  ['S3:getobject', 's3:GetObject', true],
  ['s3:Get*', 's3:GetObject', true],
  ['s3:Get*', 's3:PutObject', false],
  ['s3:*', 's3express:CreateSession', false],
  ['s*:GetObject', 's3:GetObject', true],
  ['?3:GetObject', 's3:GetObject', true],
  ['*', 's3:GetObject', true],
  // A policy variable is only for resources and conditions ("IAM policy elements: Variables and tags").
  ['s3:${*}', 's3:*', false],
])('%s matches %s: %s', (pattern, action, expected) => expect(actionMatches(pattern, action)).toBe(expected))
