import { expect, test } from 'vitest'
import { param, text } from './define.ts'
import type { PolicyStatement } from './shape.ts'
import { fillStatement } from './template.ts'

const allow = { Effect: 'Allow', Action: 's3:GetObject' } as const
const parameters = { bucket: 'logs', key: '"],"Effect":"Deny' }

test.each<[string, object, object]>([
  ['a text', { Resource: text`arn:aws:s3:::${param('bucket')}/*` }, { Resource: 'arn:aws:s3:::logs/*' }],
  ['a list', { Resource: ['*', text`${param('bucket')}-${param('bucket')}`] }, { Resource: ['*', 'logs-logs'] }],
  [
    'a condition',
    { Condition: { StringLike: { 's3:prefix': [text`${param('bucket')}/`] } } },
    { Condition: { StringLike: { 's3:prefix': ['logs/'] } } },
  ],
  ['a value that looks like JSON', { Resource: text`a/${param('key')}` }, { Resource: 'a/"],"Effect":"Deny' }],
  ['a parameter that is not given', { Resource: text`a/${param('other')}/b` }, { Resource: 'a//b' }],
  [
    'a condition key of the name that templates use',
    { Condition: { StringEquals: { join: 'a' } } },
    { Condition: { StringEquals: { join: 'a' } } },
  ],
])('%s is filled', (_name, statement, filled) => {
  expect(fillStatement({ ...allow, ...statement } as PolicyStatement, parameters)).toEqual({ ...allow, ...filled })
})
