/**
 * What `vend` makes of each kind of reply over its own wire is what it makes of it over AWS's SDK, or something stricter that stands in one
 * of the two lists: the outcome is then unknown, and nothing leaves Stint. A line that no longer differs fails, too.
 */
import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { type DynamoSettings, sender } from '@stint/broker/adapters/dynamodb/sender'
import { stsAdapter } from '@stint/broker/adapters/sts'
import { type ClientName, stsCall, tableCalls } from '@stint/broker/adapters/testing/clients'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exchanges, type Reply } from './exchanges.ts'

const PATIENCE_MS = 300
const MEGABYTE = 1024 * 1024

let at: Awaited<ReturnType<typeof exchanges>>
beforeAll(async () => {
  at = await exchanges()
})
afterAll(() => at.close())

type Body = string | Buffer
const send =
  (status: number, body: Body, headers: Record<string, string> = {}): Reply =>
  (response) =>
    response.writeHead(status, headers).end(body)

/** Kinds of reply that no protocol knows; `honest` is a complete good body. */
const broken = (honest: string): readonly (readonly [string, Reply])[] => [
  ['an empty 200', send(200, '')],
  ['an HTML page with 200', send(200, '<html><body>ok</body></html>')],
  ['an HTML page with 400', send(400, '<html><body>bad</body></html>', { 'content-type': 'text/html' })],
  ['an HTML page with 503', send(503, '<html><body>busy</body></html>')],
  ['an empty 403', send(403, '')],
  ['an empty 204', send(204, '')],
  ['a redirect', send(302, '', { location: 'http://127.0.0.1:1/' })],
  ['a good body in the wrong type', send(200, honest, { 'content-type': 'image/png' })],
  ['a good body with 500', send(500, honest)],
  ['a good body with 201', send(201, honest)],
  ['a good body in gzip', send(200, gzipSync(honest), { 'content-encoding': 'gzip' })],
  ['a good body and something after it', send(200, `${honest}x`)],
  ['half of a good body', send(200, honest.slice(0, honest.length >> 1))],
  ['a good body after a byte order mark', send(200, `\uFEFF${honest}`)],
  [
    'a body that is not UTF-8',
    send(200, Buffer.concat([Buffer.from(honest.slice(0, -1)), Buffer.from([0xff]), Buffer.from(honest.slice(-1))])),
  ],
  [
    'a body shorter than its length',
    cut((response) => response.writeHead(200, { 'content-length': String(honest.length + 9) }).write(honest)),
  ],
  ['chunks that break off', cut((response) => response.writeHead(200).write(honest.slice(0, 60)))],
  ['chunks without an end', (response) => response.writeHead(200).write(honest)],
  ['headers without a body', (response) => response.writeHead(200, { 'content-length': '99' }).flushHeaders()],
  ['a connection that is reset', (response) => response.socket?.resetAndDestroy()],
  ['a connection that is closed', (response) => response.socket?.destroy()],
  ['no reply at all', () => {}],
  ['50 MB', (response) => pour(response.writeHead(200), honest)],
  [
    '50 MB with their length',
    (response) => pour(response.writeHead(200, { 'content-length': String(50 * MEGABYTE + honest.length) }), honest),
  ],
  ['an error of 50 MB', (response) => pour(response.writeHead(400), honest)],
  ['a status line that is none', (response) => response.socket?.end('HTTP/9.9 banana\r\n\r\n')],
]
function cut(begin: (response: ServerResponse) => unknown): Reply {
  return (response) => {
    begin(response)
    setTimeout(() => response.destroy(), 10)
  }
}
function pour(response: ServerResponse, honest: string): void {
  const part = ' '.repeat(MEGABYTE)
  response.write(honest)
  let left = 50
  const more = () => {
    while (left-- > 0) if (!response.write(part)) return void response.once('drain', more)
    response.end()
  }
  more()
}

/** The outcome of both clients, and a test for each reply that they agree, or differ as listed. */
function compare(
  replies: readonly (readonly [string, Reply])[],
  outcomeOf: (client: ClientName) => Promise<string>,
  stricter: Record<string, string>,
) {
  test.each(replies)('%s', { timeout: 60_000 }, async (name, reply) => {
    at.answerWith(reply)
    const [sdk, wire] = [await outcomeOf('sdk'), await outcomeOf('wire')]
    if (Object.hasOwn(stricter, name)) {
      expect(wire).toBe('unknown')
      expect(sdk).not.toBe('unknown')
    } else expect(wire).toBe(sdk)
  })
  test('each listed difference is about a reply', () => {
    expect(Object.keys(stricter).filter((name) => !replies.some(([other]) => other === name))).toEqual([])
  })
}

/** The same text for equal values. */
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_name, held) => {
    if (Number.isNaN(held)) return 'NaN'
    if (held instanceof Uint8Array) return `bytes ${[...held]}`
    return typeof held === 'object' && held !== null && !Array.isArray(held) ? Object.fromEntries(Object.entries(held).sort()) : held
  })

// ── AssumeRole ───────────────────────────────────────────────────────────────────────────────────────────────────────

const XMLNS = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'
const credentials =
  '<AccessKeyId>ASIAEXAMPLEEXAMPLE00</AccessKeyId><SecretAccessKey>s/e+c=</SecretAccessKey><SessionToken>t/o+k=</SessionToken><Expiration>2026-12-01T00:00:00Z</Expiration>'
const assumed = (inside = credentials, more = '') =>
  `<AssumeRoleResponse ${XMLNS}><AssumeRoleResult><SourceIdentity>x</SourceIdentity><AssumedRoleUser><AssumedRoleId>AROA:n</AssumedRoleId><Arn>arn:x</Arn></AssumedRoleUser><Credentials>${inside}</Credentials>${more}<PackedPolicySize>6</PackedPolicySize></AssumeRoleResult><ResponseMetadata><RequestId>rid</RequestId></ResponseMetadata></AssumeRoleResponse>`
const fault = (code: string, message = `${code} because no identity-based policy allows`) =>
  `<ErrorResponse ${XMLNS}><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>rid2</RequestId></ErrorResponse>`
const codes = [
  'AccessDenied',
  'AccessDeniedException',
  'ExpiredToken',
  'ExpiredTokenException',
  'IDPCommunicationError',
  'IncompleteSignature',
  'InternalFailure',
  'InvalidClientTokenId',
  'InvalidParameterValue',
  'MalformedPolicyDocument',
  'MalformedPolicyDocumentException',
  'OptInRequired',
  'PackedPolicyTooLarge',
  'PackedPolicyTooLargeException',
  'RegionDisabledException',
  'RequestExpired',
  'RequestLimitExceeded',
  'RequestThrottled',
  'ServiceUnavailable',
  'SignatureDoesNotMatch',
  'Surprise',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'UnrecognizedClientException',
  'ValidationError',
]
const swap = (from: string, to: string) => send(200, assumed().replace(from, to))

const stsReplies: readonly (readonly [string, Reply])[] = [
  ['a session', send(200, assumed(), { 'x-amzn-requestid': 'q', date: 'Sun, 06 Nov 1994 08:49:37 GMT' })],
  ['a session without a request ID in a header', send(200, assumed())],
  ['a session, printed with line breaks', send(200, assumed().replaceAll('><', '>\n  <'))],
  ['a session behind an XML declaration', send(200, `<?xml version="1.0" encoding="UTF-8"?>\n${assumed()}\n`)],
  ['no credentials', send(200, assumed(''))],
  ['no session token', swap('<SessionToken>t/o+k=</SessionToken>', '')],
  ['an empty access key', swap('ASIAEXAMPLEEXAMPLE00', '')],
  ['no expiration', swap('<Expiration>2026-12-01T00:00:00Z</Expiration>', '')],
  ['an expiration that is none', swap('2026-12-01T00:00:00Z', 'soon')],
  ['an expiration with milliseconds', swap('2026-12-01T00:00:00Z', '2026-12-01T00:00:00.5Z')],
  ['a packed size that is none', swap('<PackedPolicySize>6<', '<PackedPolicySize>six<')],
  ['no packed size', swap('<PackedPolicySize>6</PackedPolicySize>', '')],
  ['entities by name', swap('s/e+c=', '&lt;&gt;&amp;&quot;&apos;')],
  ['entities by number', swap('s/e+c=', '&#65;&#x42;&#x1F600;')],
  ['an unknown entity', swap('s/e+c=', '&secret;')],
  ['an entity of a character that XML forbids', swap('s/e+c=', '&#0;')],
  ['an ampersand alone', swap('s/e+c=', 'a & b')],
  ['an entity that a DOCTYPE declares', send(200, `<!DOCTYPE a [<!ENTITY e "boom">]>${assumed().replace('s/e+c=', '&e;')}`)],
  [
    'entities that grow',
    send(200, `<!DOCTYPE a [<!ENTITY a "${'x'.repeat(99)}"><!ENTITY b "${'&a;'.repeat(99)}">]>${assumed().replace('s/e+c=', '&b;')}`),
  ],
  ['two access keys', send(200, assumed(`<AccessKeyId>ASIAEXAMPLEEXAMPLE01</AccessKeyId>${credentials}`))],
  ['two sets of credentials', send(200, assumed(credentials, `<Credentials>${credentials}</Credentials>`))],
  ['two results', send(200, assumed().replace('</AssumeRoleResult>', '</AssumeRoleResult><AssumeRoleResult></AssumeRoleResult>'))],
  ['CDATA', swap('s/e+c=', '<![CDATA[s/e+c=]]>')],
  ['a comment', swap('s/e+c=', 's/e<!-- x -->+c=')],
  ['a processing instruction', swap('<Credentials>', '<?x y?><Credentials>')],
  ['an attribute', swap('<SecretAccessKey>', '<SecretAccessKey a="b">')],
  ['another namespace', swap('//sts.', '//iam.')],
  [
    'a prefix',
    send(
      200,
      assumed()
        .replaceAll(/<(\/?)(\w)/g, '<$1s:$2')
        .replace('xmlns=', 'xmlns:s='),
    ),
  ],
  ['another root', send(200, assumed().replaceAll('AssumeRoleResponse', 'GetSessionTokenResponse'))],
  ['another result', send(200, assumed().replaceAll('AssumeRoleResult', 'AssumeRoleWithSAMLResult'))],
  ['an element that is not closed', swap('</SessionToken>', '')],
  ['elements that cross', swap('</SessionToken><Expiration>', '<Expiration></SessionToken>')],
  ['an element unknown to Stint', send(200, assumed(credentials, '<Novelty><A>1</A><A>2</A></Novelty>'))],
  ['whitespace around a value', swap('t/o+k=', ' t/o+k= ')],
  ['an error with 200', send(200, fault('AccessDenied'))],
  ...codes.map((code): [string, Reply] => [
    `${code} with 403`,
    send(403, fault(code), { 'x-amzn-requestid': 'q', 'content-type': 'text/xml' }),
  ]),
  ...codes.map((code): [string, Reply] => [`${code} with 400`, send(400, fault(code))]),
  ['an error with 500', send(500, fault('InternalFailure'))],
  ['an error with entities', send(403, fault('AccessDenied', 'no role trust policy &lt;b&gt; &amp;#65;'))],
  ['an error with two codes', send(403, fault('AccessDenied').replace('</Code>', '</Code><Code>Throttling</Code>'))],
  ['an error with an attribute', send(403, fault('AccessDenied').replace('<Code>', '<Code a="b">'))],
  ['an error with CDATA', send(403, fault('AccessDenied', '<![CDATA[no role trust policy]]>'))],
  ['an error with a comment', send(403, fault('AccessDenied', 'no role <!-- --> trust policy'))],
  ['an error in JSON', send(403, '{"__type":"AccessDenied","message":"no"}', { 'content-type': 'application/x-amz-json-1.0' })],
  ...broken(assumed()),
]

const assumeRole = async (client: ClientName): Promise<string> => {
  const answered = await stsAdapter({
    call: stsCall(client, { url: at.url }),
    clock: Date.now,
    random: (count) => new Uint8Array(count),
    sleep: async () => {},
    wholeCallMs: PATIENCE_MS,
  }).assumeRole({
    region: 'eu-central-1',
    roleArn: 'r',
    roleSessionName: 's',
    externalId: 'e',
    durationSeconds: 900,
    policy: '{}',
    policyArns: [],
    tags: [],
  })
  if (answered.outcome === 'unknown') return 'unknown'
  // The operator's words may differ; what follows from the outcome may not.
  return textOf({ ...answered, operator: undefined })
}

describe('AssumeRole', () =>
  compare(stsReplies, assumeRole, {
    CDATA: 'the SDK reads it',
    // The SDK reads these, and Stint's XML reader refuses them: AWS sends none of them.
    'entities by number': 'a character beyond the basic plane',
    'an unknown entity': 'the SDK drops it',
    'an entity of a character that XML forbids': 'the SDK keeps it',
    'an ampersand alone': 'not well-formed',
    'an entity that a DOCTYPE declares': 'the SDK drops it',
    'entities that grow': 'the SDK drops them',
    'a comment': 'the SDK skips it',
    'a processing instruction': 'the SDK skips it',
    'an attribute': 'the SDK skips it',
    'an error with CDATA': 'the SDK reads it',
    'an error with a comment': 'the SDK skips it',
    'a good body and something after it': 'the SDK skips it',
    // The SDK returns an empty session for these, which fits no call; Stint's wire sends the call once more.
    'two sets of credentials': 'an empty session',
    'two results': 'an empty session',
    'a prefix': 'an empty session',
    'an error with 200': 'an empty session',
    'an empty 200': 'an empty session',
    'an HTML page with 200': 'an empty session',
    'an empty 204': 'an empty session',
    // What says that it is something else.
    'another namespace': 'not STS',
    'another root': 'another operation',
    'a good body with 201': 'AWS answers with 200',
  }))

// ── The table ────────────────────────────────────────────────────────────────────────────────────────────────────────

const stored = {
  pk: { S: 'x' },
  sk: { S: '-' },
  a: { N: '3' },
  b: { B: 'AAEC' },
  l: { L: [{ M: { x: { NULL: true }, y: { B: '/w==' } } }] },
}
const written = JSON.stringify({ Attributes: stored })
const refusal = (code: string, more: object = {}) =>
  JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${code}`, message: 'no', ...more })
const CONDITION = 'ConditionalCheckFailedException'
const tableCodes = [
  CONDITION,
  'AccessDeniedException',
  'InternalServerError',
  'ItemCollectionSizeLimitExceededException',
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ResourceNotFoundException',
  'ThrottlingException',
  'TransactionConflictException',
  'UnrecognizedClientException',
  'ValidationException',
]
const tableReplies: readonly (readonly [string, Reply])[] = [
  ['the item', send(200, written)],
  ['the item, printed with line breaks', send(200, JSON.stringify({ Attributes: stored }, null, 2))],
  ['another item', send(200, written.replace('"S":"x"', '"S":"y"'))],
  ['no item', send(200, '{}')],
  ['null', send(200, 'null')],
  ['a list', send(200, '[]')],
  ['an item that is a list', send(200, '{"Attributes":[]}')],
  ['an attribute that is a string', send(200, written.replace('{"N":"3"}', '"3"'))],
  ['an attribute that is null', send(200, written.replace('{"N":"3"}', 'null'))],
  ['a number where a string belongs', send(200, written.replace('{"N":"3"}', '{"N":3}'))],
  ['bytes that are not base64', send(200, written.replace('AAEC', '!!!'))],
  ['bytes in base64url', send(200, written.replace('/w==', '_w'))],
  ['an item twice, the second good', send(200, `{"Attributes":{},"Attributes":${JSON.stringify(stored)}}`)],
  ['an item twice, the first good', send(200, `{"Attributes":${JSON.stringify(stored)},"Attributes":{}}`)],
  ['an item with __proto__', send(200, written.replace('"pk":', '"__proto__":{"M":{}},"pk":'))],
  ['a condition with 200', send(200, refusal(CONDITION, { Item: stored }))],
  ...tableCodes.flatMap((code): [string, Reply][] => [
    [`${code}`, send(400, refusal(code))],
    [`${code} with 500`, send(500, refusal(code))],
  ]),
  ['a condition, and the item', send(400, refusal(CONDITION, { Item: stored }))],
  ['a condition, and another item', send(400, refusal(CONDITION, { Item: { ...stored, pk: { S: 'y' } } }))],
  ['a condition without a namespace', send(400, refusal(CONDITION).replace('com.amazonaws.dynamodb.v20120810#', ''))],
  ['a condition in a header alone', send(400, '{"message":"no"}', { 'x-amzn-errortype': `${CONDITION}:http://x/` })],
  ['a condition in a property code', send(400, `{"code":"${CONDITION}"}`)],
  ['a condition in the body, another error in a header', send(400, refusal(CONDITION), { 'x-amzn-errortype': 'ValidationException' })],
  ['a condition in a header, another error in the body', send(400, refusal('ValidationException'), { 'x-amzn-errortype': CONDITION })],
  ['a condition, and another error in a property code', send(400, refusal(CONDITION, { code: 'ValidationException' }))],
  ['an error without a type', send(400, '{"message":"no"}')],
  ['an error whose type is a number', send(400, '{"__type":7}')],
  ...broken(written),
]

const write = async (client: ClientName): Promise<string> => {
  const settings = {
    sideTable: 'side',
    storyTable: 'story',
    clock: Date.now,
    random: (count: number) => new Uint8Array(count),
    answerWithinMs: PATIENCE_MS,
    sleep: async () => {},
  } as unknown as DynamoSettings
  const { updateSide } = sender({ ...settings, calls: tableCalls(client, { url: at.url, answerWithinMs: PATIENCE_MS }) })
  const outcome = await updateSide(
    { pk: 'x', sk: '-' },
    { UpdateExpression: 'SET a = :a, l = :l' },
    { ':a': 3, ':l': [{ x: null, y: Uint8Array.of(255) }] },
    () => true,
  )
  if (outcome.outcome === 'unknown') return 'unknown'
  return textOf(outcome)
}

describe('a write to the table', () =>
  compare(tableReplies, write, {
    'a condition in the body, another error in a header': 'the two contradict each other',
    'a condition, and another error in a property code': 'the two contradict each other',
    'a good body with 201': 'AWS answers with 200',
  }))
