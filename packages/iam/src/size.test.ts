/** The form and the estimated size of a session policy. */
import { expect, test } from 'vitest'
import type { StatementJson } from './policy.ts'
import { compactPolicy, estimatedPackedPercent } from './size.ts'

test.each<[string, StatementJson[], string]>([
  [
    'a list of one element is the element',
    [{ Effect: 'Allow', Action: ['s3:GetObject'], Resource: ['*'] }],
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}',
  ],
  [
    'a longer list stays a list',
    [
      {
        Effect: 'Deny',
        Action: ['s3:Get*', 's3:Put*'],
        Resource: '*',
        Condition: { StringEquals: { 'aws:k': ['a'], 'aws:l': ['a', 'b'] } },
      },
    ],
    '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["s3:Get*","s3:Put*"],"Resource":"*","Condition":{"StringEquals":{"aws:k":"a","aws:l":["a","b"]}}}]}',
  ],
])('%s', (_name, statements, expected) => expect(compactPolicy(statements)).toBe(expected))

test.each([
  [0, 0, 0],
  [455, 0, 100],
  [0, 1400, 100],
  [91, 700, 70],
  [1, 0, 1],
])('%i characters of tags and %i bytes of policy are %i %%', (tags, policy, percent) =>
  expect(estimatedPackedPercent(tags, policy)).toBe(percent),
)
