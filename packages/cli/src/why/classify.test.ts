/** The forms of denials that are known, each with its source, and what is not one. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { classify, classifyAll, MAX_MESSAGE_CHARACTERS } from './classify.ts'

const rows = readFileSync(new URL('denials.txt', import.meta.url), 'utf8')
  .split(/^= /m)
  .slice(1)
  .map((block) => {
    const [source = '', expected = '', ...message] = block.trimEnd().split('\n')
    const [layer, effect, action, resource, encoded] = expected.replace(/^> /, '').split(' ')
    return { source, message: message.join('\n'), expected: { layer, effect, action, resource, encoded: encoded === 'encoded' } }
  })

test('there are at least 60 forms, and no two messages are the same', () => {
  expect(rows.length).toBeGreaterThanOrEqual(60)
  expect(new Set(rows.map(({ message }) => message)).size).toBe(rows.length)
})

test.each(rows.map((row, at) => [`${at + 1}: ${row.expected.layer} ${row.expected.effect}, ${row.source}`, row] as const))(
  '%s',
  (_name, { message, expected }) => {
    const { layer, effect = '-', action = '-', resource = '-', encoded } = classify(message) ?? {}
    expect({ layer, effect, action, resource, encoded }).toEqual(expected)
  },
)

describe('a text with several denials', () => {
  const one = (action: string, type: string, who = 'x') =>
    `User: arn:aws:sts::111122223333:assumed-role/R/${who} is not authorized to perform: ${action} because no ${type} policy allows the ${action} action`
  const cli = (denial: string) => `An error occurred (AccessDenied) when calling the X operation: ${denial}`
  const facts = (text: string) => classifyAll(text).denials.map(({ layer, action }) => `${layer} ${action}`)
  const [read, start] = [one('s3:GetObject', 'session'), one('ec2:RunInstances', 'service control')]
  const both = ['session s3:GetObject', 'scp ec2:RunInstances']
  test.each<[string, string]>([
    ['one below the other', `${cli(read)}\n\n${cli(start)}`],
    ['without the words of an SDK', `${read}\n${start}`],
    ['in one line', `${cli(read)}; ${cli(start)}`],
    [
      'of Terraform',
      `╷\n│ Error: reading: operation error S3: GetObject, api error AccessDenied: ${read}\n╵\n╷\n│ Error: starting: operation error EC2: RunInstances, api error X: ${start}\n╵`,
    ],
    ['of two SDKs', `operation error S3: GetObject, ${read}\n${cli(start)}`],
    ['among other lines', `hello\n${cli(read)}\nretrying\n${cli(start)}\nexit status 254\n`],
  ])('%s: each is read by itself', (_name, text) => expect(facts(text)).toEqual(both))
  test('reports a repeated denial once', () => expect(facts(`${cli(read)}\n${cli(read)}\n${cli(start)}`)).toEqual(both))
  test('a denial without its call does not get that of another', () =>
    expect(facts(`An error occurred (AccessDenied) when calling the GetObject operation: Access Denied\n${cli(start)}`)).toEqual([
      'unnamed undefined',
      'scp ec2:RunInstances',
    ]))
  test('reports at most five, and how many it did not read', () => {
    const several = (length: number) =>
      classifyAll(Array.from({ length }, (_none, at) => cli(one('s3:GetObject', 'session', `x${at % 9}`))).join('\n'))
    expect(several(5)).toMatchObject({ denials: { length: 5 }, unread: 0 })
    expect(several(9)).toMatchObject({ denials: { length: 5 }, unread: 4 })
    expect(several(18)).toMatchObject({ denials: { length: 5 }, unread: 4 })
  })
  test.each(rows.map(({ source, message }, at) => [`${at + 1}: ${source}`, message] as const))(
    'a single one stays one: %s',
    (_name, message) => {
      expect(classifyAll(message)).toEqual({ denials: [classify(message)], unread: 0 })
    },
  )
})

describe('of the call', () => {
  const principal = 'arn:aws:sts::111122223333:assumed-role/ReadOnly/acme.dev-1-req_01ktn3x0c9e8t7b6w5v4s3r2q1.Ab3dEf7h'
  const message = `User: ${principal} is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::b/k" because no session policy allows the s3:PutObject action`
  test('reads the account, the role and the session', () => {
    expect(classify(message)).toEqual({
      layer: 'session',
      effect: 'implicit',
      action: 's3:PutObject',
      resource: 'arn:aws:s3:::b/k',
      principal,
      account: '111122223333',
      role: 'ReadOnly',
      session: 'req_01ktn3x0c9e8t7b6w5v4s3r2q1.Ab3dEf7h',
      encoded: false,
    })
  })
  test.each([
    ['in JSON', JSON.stringify({ message })],
    ['in XML', `<Message>${message.replaceAll('"', '&quot;')}</Message>`],
    ['wrapped', message.replaceAll(' ', '\n  ')],
    ['among other lines', `Traceback:\n  x\n${message}\n\nexit status 254`],
  ])('reads the same %s', (_name, text) => {
    expect(classify(text)).toEqual(classify(message))
  })
  test('reads the ARN of the policy', () => {
    const policy = 'arn:aws:organizations::111122223333:policy/o-abcdefghij/service_control_policy/p-12345678'
    expect(classify(`x is not authorized to perform: a:B with an explicit deny in a service control policy: ${policy}.`)?.policyArn).toBe(
      policy,
    )
  })
  test('does not keep an access key ID', () => {
    const denied = classify('User: arn:aws:iam::111122223333:user/AKIAIOSFODNN7EXAMPLE is not authorized to perform: s3:GetObject')
    expect(JSON.stringify(denied)).not.toContain('IOSFODNN7')
  })
})

describe('is no denial:', () => {
  test.each([
    ['nothing', ''],
    ['another error', 'An error occurred (NoSuchBucket) when calling the ListObjectsV2 operation: The specified bucket does not exist'],
    ['an error of the network', 'Could not connect to the endpoint URL: "https://s3.eu-central-1.amazonaws.com/"'],
    ['a throttled call', 'An error occurred (ThrottlingException) when calling the DescribeInstances operation: Rate exceeded'],
    ['prose', 'The deployment was denied by the reviewer because no tests were run'],
  ])('%s', (_name, text) => expect(classify(text)).toBeUndefined())
})

test('a message beyond the limit is not read, and a hostile one takes no time', () => {
  expect(classify(`${'x'.repeat(MAX_MESSAGE_CHARACTERS)} AccessDenied`)).toBeUndefined()
  const hostile = [
    'User: '.repeat(2000),
    'with an explicit deny in a '.repeat(600),
    `because no ${'policy '.repeat(2000)}`,
    `with an explicit deny in a ${'a-'.repeat(8000)}`,
    `token${' is'.repeat(5000)}`,
    // A line of one class of characters, or of two that take turns, at the beginning of a line.
    ...[
      '$',
      '.',
      ':',
      'a',
      '_',
      '\n',
      ' ',
      '.a',
      '$.',
      'a$',
      ':.$',
      'Error',
      'x.Error',
      'Caused by: ',
      'User: a',
      '<Error',
      'operation error ',
    ].map((part) => `a${part.repeat(10_000)}`),
  ]
  const began = performance.now()
  for (const text of hostile) classifyAll(text)
  expect(performance.now() - began).toBeLessThan(1000)
})
