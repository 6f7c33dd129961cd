import { describe, expect, test } from 'vitest'
import { statementSpans } from './positions.ts'

const at = (line: number, start: number, end: number) => ({ start: { line, column: start }, end: { line, column: end } })

describe('statementSpans', () => {
  test('agrees with the example of SimulatePrincipalPolicy', () => {
    const text = [
      '{',
      '  "Version":"2012-10-17",',
      '  "Statement":{',
      '    "Effect":"Allow",',
      '    "Action":"s3:PutObject",',
      '    "Resource":"arn:aws:s3:::my-test-bucket"',
      '  }',
      '}',
    ].join('\n')
    expect(statementSpans(text)).toEqual([{ start: { line: 3, column: 16 }, end: { line: 7, column: 4 } }])
  })
  test('agrees with the example of simulate-custom-policy in the AWS CLI reference', () => {
    const condition = '"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}'
    const text = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*",${condition}}}`
    expect(statementSpans(text)).toEqual([at(1, 38, 167)])
  })
  test.each<[title: string, text: string, spans: object[]]>([
    ['a list of one', '{"Statement":[{"Effect":"Deny"}]}', [at(1, 15, 32)]],
    ['a list: each starts where the one before ends', '{"Statement":[{"Sid":"a"}, {"Sid":"b"}]}', [at(1, 15, 26), at(1, 26, 39)]],
    ['an empty list', '{"Statement":[]}', []],
    ['properties before and behind', '{"Id":"x","Statement":{"Sid":"a"},"Version":"2012-10-17"}', [at(1, 24, 34)]],
    ['"Statement" as a value', '{"Id":"Statement","Statement":[{}]}', [at(1, 32, 34)]],
    ['"Statement" within a statement', '{"Statement":[{"Sid":"Statement","x":{"Statement":[{}]}},{}]}', [at(1, 15, 57), at(1, 57, 60)]],
    ['braces and quotes in strings', '{"Statement":[{"Sid":"}]\\"{"},{"Sid":"b"}]}', [at(1, 15, 30), at(1, 30, 42)]],
    ['a name with escapes', '{"\\u0053tatement":{}}', [at(1, 20, 21)]],
    ['the last of two', '{"Statement":[{},{}],"Statement":{"Sid":"a"}}', [at(1, 35, 45)]],
  ])('%s', (_title, text, spans) => expect(statementSpans(text)).toEqual(spans))
})
