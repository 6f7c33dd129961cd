/**
 * What either client makes of answers over real HTTP, and what the adapter makes of that: only an error that STS's own
 * protocol carries is a refusal. Everything else says nothing about whether a session was made.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stsAdapter } from './sts.ts'
import { CLIENTS, type ClientName, stsCall } from './testing/clients.ts'

let answer: { readonly status: number; readonly type: string; readonly body: string; readonly requestId?: string }
let server: Server
let url: string
beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume().on('end', () => {
      const id = answer.requestId === undefined ? {} : { 'x-amzn-requestid': answer.requestId }
      response.writeHead(answer.status, { 'content-type': answer.type, ...id }).end(answer.body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})

const adapter = (client: ClientName) =>
  stsAdapter({
    call: stsCall(client, { url }),
    clock: Date.now,
    random: (count) => new Uint8Array(count),
    sleep: async () => {},
    wholeCallMs: 20_000,
  })
const input = {
  region: 'eu-central-1',
  roleArn: 'arn:aws:iam::111122223333:role/x',
  roleSessionName: 's-1',
  externalId: 'e-1',
  durationSeconds: 900,
  policy: '{}',
  policyArns: [],
  tags: [],
}
const error = (code: string, more = '') =>
  `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>${code}${more}</Error><RequestId>r-1</RequestId></ErrorResponse>`
const code = (name: string) => `<Code>${name}</Code><Message>m</Message>`
const xml = 'text/xml'

describe.each(CLIENTS)('over %s', (client) => {
  test.each<[string, number, string, string, string, string | undefined]>([
    ['a denial', 403, xml, error(code('AccessDenied')), 'refused', 'assume-role-denied'],
    ['a validation error', 400, xml, error(code('ValidationError')), 'refused', 'assume-role-invalid'],
    ['a new code', 400, xml, error(code('SomethingNewException')), 'refused', 'assume-role-invalid'],
    ['a malformed policy', 400, xml, error(code('MalformedPolicyDocument')), 'refused', 'assume-role-invalid'],
    ['a policy that is too large', 400, xml, error(code('PackedPolicyTooLarge')), 'refused', 'packed-policy-too-large'],
    ['throttling', 400, xml, error(code('Throttling')), 'refused', 'sts-throttled'],
    ['a page of HTML with 403', 403, 'text/html', '<html><head><title>Blocked</title></head><body>no</body></html>', 'unknown', undefined],
    ['a page of HTML with 404', 404, 'text/html', '<!DOCTYPE html><html><body><h1>Not Found</h1></body></html>', 'unknown', undefined],
    ['nothing with 400', 400, xml, '', 'unknown', undefined],
    ['nothing with 403', 403, 'text/plain', '', 'unknown', undefined],
    ['JSON of a gateway', 403, 'application/json', '{"message":"Forbidden"}', 'unknown', undefined],
    ['JSON with a code of STS', 403, 'application/json', '{"code":"AccessDenied"}', 'unknown', undefined],
    ['an error without a code', 403, xml, error(''), 'unknown', undefined],
    ['an error with an empty code', 403, xml, error(code('')), 'unknown', undefined],
    ['an error with a sentence for a code', 403, xml, error(code('Access is denied here')), 'unknown', undefined],
    ['a truncated error', 403, xml, error(code('AccessDenied')).slice(0, 120), 'unknown', undefined],
    [
      'an error without a request ID',
      403,
      xml,
      error(code('AccessDenied')).replace(/<RequestId>.*<\/RequestId>/, ''),
      'unknown',
      undefined,
    ],
    ['an error with an empty request ID', 403, xml, error(code('AccessDenied')).replace('r-1', ''), 'unknown', undefined],
    ['HTML with an error in it', 403, 'text/html', `<html><Error>${code('AccessDenied')}</Error></html>`, 'unknown', undefined],
    ['another root', 403, xml, error(code('AccessDenied')).replaceAll('ErrorResponse', 'blocked'), 'unknown', undefined],
    ['throttling of another service', 429, xml, `<x><Error>${code('Throttling')}</Error></x>`, 'unknown', undefined],
    ['an error of IAM', 400, xml, error(code('ValidationError')).replace('//sts.', '//iam.'), 'unknown', undefined],
    [
      'an error behind an XML declaration',
      403,
      xml,
      `<?xml version="1.0" encoding="UTF-8"?>\n${error(code('AccessDenied'))}\n`,
      'refused',
      'assume-role-denied',
    ],
    ['a proxy that requires a sign-in', 407, 'text/html', '<html></html>', 'unknown', undefined],
    ['a redirect', 302, 'text/html', '', 'unknown', undefined],
    ['an error of AWS', 500, xml, error(code('InternalFailure')), 'unknown', undefined],
  ])('%s', async (_name, status, type, body, outcome, problem) => {
    answer = { status, type, body }
    const answered = await adapter(client).assumeRole(input)
    expect([answered.outcome, 'code' in answered ? answered.code : undefined]).toEqual([outcome, problem])
  })

  test.each([
    ['of an ordinary form', '6e781aef-ef19-492f-89a8-3eea21ae90cd', '6e781aef-ef19-492f-89a8-3eea21ae90cd'],
    ['that no event has room for', 'x'.repeat(1500), undefined],
    ['with other characters', 'a b', undefined],
  ])('a refusal with a request ID %s is a refusal', async (_form, requestId, recorded) => {
    answer = { status: 403, type: xml, body: error(code('AccessDenied')), requestId }
    const refused = await adapter(client).assumeRole(input)
    expect(refused).toMatchObject({ outcome: 'refused', code: 'assume-role-denied' })
    expect((refused as { awsRequestId?: string }).awsRequestId).toBe(recorded)
  })
})
