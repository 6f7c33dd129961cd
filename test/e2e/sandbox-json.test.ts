/** The sandbox's KMS and DynamoDB, asked with bodies and operations that an SDK does not send. */
import { SignatureV4 } from '@smithy/signature-v4'
import { Sha256 } from '@stint/broker/adapters/signed-query'
import { addUser } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
beforeAll(async () => {
  sandbox = await testSandbox()
})
afterAll(() => sandbox.close())

/** The status and the name of the error. */
async function send(service: 'kms' | 'dynamodb', target: string, body: string): Promise<readonly [status: number, type: string]> {
  const everything = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } } as const
  const account = sandbox.aws.world.kmsKeys[0]?.arn.split(':')[4]
  const credentials = addUser(sandbox.aws.world, `arn:aws:iam::${account}:user/owner`, [everything])
  const { host } = new URL(sandbox.urls.aws)
  const signed = await new SignatureV4({ service, region: 'eu-central-1', credentials, sha256: Sha256 }).sign(
    {
      method: 'POST',
      protocol: 'http:',
      hostname: host,
      path: '/',
      query: {},
      headers: { host, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
      body,
    },
    { signingDate: new Date(sandbox.now()) },
  )
  const { host: _host, ...headers } = signed.headers
  const answer = await fetch(sandbox.urls.aws, { method: 'POST', headers, body })
  const { __type: type = '' } = JSON.parse((await answer.text()) || '{}') as { __type?: string }
  return [answer.status, type.replace(/^.*#/, '')]
}

describe('KMS', () => {
  const sign = { KeyId: 'alias/none', Message: 'eA==', SigningAlgorithm: 'ED25519_SHA_512' }
  test.each<[what: string, operation: string, body: string, status: number, type: string]>([
    ['a key that does not exist', 'Sign', JSON.stringify(sign), 400, 'NotFoundException'],
    ['an operation that the sandbox does not have', 'Encrypt', '{}', 400, 'UnsupportedOperationException'],
    ['an operation with the name of an inherited property', 'constructor', '{}', 400, 'UnsupportedOperationException'],
    ['a parameter that the sandbox does not have', 'Sign', JSON.stringify({ ...sign, DryRun: true }), 501, 'NotImplemented'],
    ['a parameter with the name of an inherited property', 'Sign', '{"__proto__":"x"}', 501, 'NotImplemented'],
    ['a message that is a number', 'Sign', JSON.stringify({ ...sign, Message: 1 }), 400, 'SerializationException'],
    ['a key that is an object', 'GetPublicKey', '{"KeyId":{}}', 400, 'SerializationException'],
    ['null', 'Sign', 'null', 400, 'SerializationException'],
    ['a list', 'Sign', '[]', 400, 'SerializationException'],
    ['no JSON', 'Sign', '{', 400, 'SerializationException'],
  ])('refuses %s', async (_what, operation, body, status, type) => {
    expect(await send('kms', `TrentService.${operation}`, body)).toEqual([status, type])
  })
  test('refuses a message that is a number for a key that exists', async () => {
    const body = JSON.stringify({ ...sign, KeyId: sandbox.aws.world.kmsKeys[0]?.arn, Message: 1 })
    expect(await send('kms', 'TrentService.Sign', body)).toEqual([400, 'SerializationException'])
  })
})

describe('DynamoDB', () => {
  test.each<[what: string, operation: string, body: string, type: string]>([
    ['an operation with the name of an inherited property', 'constructor', '{}', 'UnknownOperationException'],
    ['null', 'GetItem', 'null', 'SerializationException'],
    ['a list', 'GetItem', '[]', 'SerializationException'],
    ['no JSON', 'GetItem', '{', 'SerializationException'],
  ])('refuses %s', async (_what, operation, body, type) => {
    expect(await send('dynamodb', `DynamoDB_20120810.${operation}`, body)).toEqual([400, type])
  })
})
