/**
 * Signature Version 4 against the examples of AWS's documentation, and each way in which a signature can be wrong. Source of the
 * examples: Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version 4)", with the key of that page.
 */
import { describe, expect, test } from 'vitest'
import { contentOf } from './aws-chunked.ts'
import { type SignedRequest, sha256Hex, unverifiedClaim, verify } from './sigv4.ts'

const KEY = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
const AT = Date.UTC(2013, 4, 24)
const EMPTY = sha256Hex('')
const SCOPE = 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request'

const authorization = (signedHeaders: string, signature: string) =>
  `AWS4-HMAC-SHA256 Credential=${SCOPE},SignedHeaders=${signedHeaders},Signature=${signature}`
const request = (more: Partial<SignedRequest>): SignedRequest => ({ method: 'GET', url: '/', headers: {}, body: Buffer.alloc(0), ...more })

function outcome(asked: SignedRequest, now = AT, key: typeof KEY & { sessionToken?: string } = KEY) {
  const claimed = unverifiedClaim(asked)
  if ('fault' in claimed) return claimed.fault.kind
  const checked = verify(asked, claimed.claim, key, now)
  return 'fault' in checked ? checked.fault.kind : 'verified'
}

const getObject = request({
  url: '/test.txt',
  headers: {
    host: 'examplebucket.s3.amazonaws.com',
    range: 'bytes=0-9',
    'x-amz-content-sha256': EMPTY,
    'x-amz-date': '20130524T000000Z',
    authorization: authorization(
      'host;range;x-amz-content-sha256;x-amz-date',
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    ),
  },
})
/** Signs `date` and not `x-amz-date`. The key has a character that the path must encode. */
const putObject = request({
  method: 'PUT',
  url: '/test%24file.text',
  body: Buffer.from('Welcome to Amazon S3.'),
  headers: {
    host: 'examplebucket.s3.amazonaws.com',
    date: 'Fri, 24 May 2013 00:00:00 GMT',
    'x-amz-date': '20130524T000000Z',
    'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    authorization: authorization(
      'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    ),
  },
})
const lifecycle = request({
  url: '/?lifecycle',
  headers: {
    host: 'examplebucket.s3.amazonaws.com',
    'x-amz-date': '20130524T000000Z',
    'x-amz-content-sha256': EMPTY,
    authorization: authorization(
      'host;x-amz-content-sha256;x-amz-date',
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    ),
  },
})
const list = request({
  url: '/?max-keys=2&prefix=J',
  headers: {
    ...lifecycle.headers,
    authorization: authorization(
      'host;x-amz-content-sha256;x-amz-date',
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ),
  },
})
const presignedUrl = (more: Record<string, string> = {}) => {
  const query = {
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': SCOPE,
    'X-Amz-Date': '20130524T000000Z',
    'X-Amz-Expires': '86400',
    'X-Amz-SignedHeaders': 'host',
    'X-Amz-Signature': 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    ...more,
  }
  return request({ url: `/test.txt?${new URLSearchParams(query)}`, headers: { host: 'examplebucket.s3.amazonaws.com' } })
}

describe('the examples of the documentation', () => {
  test.each<[string, SignedRequest]>([
    ['GET object with a range', getObject],
    ['PUT object', putObject],
    ['GET bucket lifecycle', lifecycle],
    ['GET bucket (list objects)', list],
    ['a presigned URL', presignedUrl()],
  ])('verifies %s', (_name, asked) => expect(outcome(asked)).toBe('verified'))
})

describe('a changed request', () => {
  const changed = (asked: SignedRequest, headers: Record<string, string>, more: Partial<SignedRequest> = {}) => ({
    ...asked,
    ...more,
    headers: { ...asked.headers, ...headers },
  })
  test.each<[string, SignedRequest]>([
    ['query parameters in another order', { ...list, url: '/?prefix=J&max-keys=2' }],
    ['another encoding of the same path', { ...putObject, url: '/test$file.text' }],
    ['spaces around a value', changed(getObject, { range: '  bytes=0-9 ' })],
    ['the user agent of a browser SDK, unsigned', changed(getObject, { 'x-amz-user-agent': 'aws-sdk-js' })],
  ])('verifies %s', (_name, asked) => expect(outcome(asked)).toBe('verified'))

  test.each<[string, SignedRequest, string]>([
    ['another method', { ...getObject, method: 'HEAD' }, 'mismatch'],
    ['another path', { ...getObject, url: '/test.txt2' }, 'mismatch'],
    ['a path with a dot segment', { ...getObject, url: '/x/../test.txt' }, 'mismatch'],
    ['another query', { ...getObject, url: '/test.txt?versionId=1' }, 'mismatch'],
    ['a path that cannot be decoded', { ...getObject, url: '/%zz' }, 'mismatch'],
    ['another value of a signed header', changed(getObject, { range: 'bytes=0-10' }), 'mismatch'],
    ['another body', { ...putObject, body: Buffer.from('Welcome to Amazon S4.') }, 'payload-hash'],
    ['a header that is not signed', changed(getObject, { 'x-amz-tagging': 'a=b' }), 'unsigned-headers'],
    ['a token that the key does not have', changed(getObject, { 'x-amz-security-token': 'x' }), 'token-invalid'],
    [
      'a request without a payload hash',
      { ...getObject, headers: { ...getObject.headers, 'x-amz-content-sha256': undefined } },
      'no-payload-hash',
    ],
    ['an unknown payload hash', changed(getObject, { 'x-amz-content-sha256': 'STREAMING-ELSE' }), 'no-payload-hash'],
    ['a date that is not the date of the scope', changed(getObject, { 'x-amz-date': '20130525T000000Z' }), 'scope-date'],
    ['a request without a date', { ...getObject, headers: { ...getObject.headers, 'x-amz-date': undefined } }, 'incomplete'],
    ['signatures in both the header and the query', { ...presignedUrl(), headers: { ...getObject.headers } }, 'two-ways'],
    ['a signature of version 2', changed(getObject, { authorization: 'AWS AKIAIOSFODNN7EXAMPLE:c2ln' }), 'unsupported'],
    ['a signature of version 4A', changed(getObject, { authorization: 'AWS4-ECDSA-P256-SHA256 Credential=a' }), 'unsupported'],
    ['a header without a signature', changed(getObject, { authorization: `AWS4-HMAC-SHA256 Credential=${SCOPE}` }), 'malformed'],
    [
      'a credential without its region',
      changed(getObject, { authorization: String(getObject.headers.authorization).replace('/us-east-1', '') }),
      'malformed',
    ],
    ['a request that is not signed', { ...getObject, headers: {} }, 'missing'],
  ])('refuses %s', (_name, asked, kind) => expect(outcome(asked)).toBe(kind))
})

describe('the time of a signature', () => {
  const minutes = (count: number) => AT + count * 60_000
  test.each<[string, SignedRequest, number]>([
    ['a header for 15 minutes', getObject, minutes(15)],
    ['a header from 15 minutes ahead', getObject, minutes(-15)],
    ['a URL in its last millisecond', presignedUrl(), AT + 86_400_000 - 1],
  ])('verifies %s', (_name, asked, now) => expect(outcome(asked, now)).toBe('verified'))

  test.each<[string, SignedRequest, number, string]>([
    ['a header after 15 minutes', getObject, minutes(15) + 1, 'skewed'],
    ['a header from more than 15 minutes ahead', getObject, minutes(-15) - 1, 'skewed'],
    ['a URL at its end', presignedUrl(), AT + 86_400_000, 'url-expired'],
    ['a URL from more than 15 minutes ahead', presignedUrl(), minutes(-15) - 1, 'url-early'],
    ['a URL for 0 seconds', presignedUrl({ 'X-Amz-Expires': '0' }), AT, 'query-parameters'],
    ['a URL for more than seven days', presignedUrl({ 'X-Amz-Expires': '604801' }), AT, 'query-parameters'],
    ['a URL for seven days that is signed for another time', presignedUrl({ 'X-Amz-Expires': '604800' }), AT, 'mismatch'],
    ['a URL for a time that is not a number', presignedUrl({ 'X-Amz-Expires': '1h' }), AT, 'query-parameters'],
    ['a URL with another algorithm', presignedUrl({ 'X-Amz-Algorithm': 'AWS4-HMAC-SHA1' }), AT, 'query-parameters'],
    ['a URL with a token that the key does not have', presignedUrl({ 'X-Amz-Security-Token': 'x' }), AT, 'token-invalid'],
  ])('refuses %s', (_name, asked, now, kind) => expect(outcome(asked, now)).toBe(kind))
})

describe('a body in chunks', () => {
  const chunk = (size: number, signature?: string) =>
    `${size.toString(16)}${signature === undefined ? '' : `;chunk-signature=${signature}`}\r\n${'a'.repeat(size)}\r\n`
  const upload = (seed: string, signedHeaders: string, body: string, headers: Record<string, string> = {}) =>
    request({
      method: 'PUT',
      url: '/examplebucket/chunkObject.txt',
      body: Buffer.from(body),
      headers: {
        host: 's3.amazonaws.com',
        'x-amz-date': '20130524T000000Z',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
        'content-encoding': 'aws-chunked',
        'x-amz-decoded-content-length': '66560',
        'content-length': '66824',
        authorization: authorization(signedHeaders, seed),
        ...headers,
      },
    })
  const plain = (...chunks: string[]) =>
    upload(
      '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
      'content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class',
      chunks.join(''),
    )
  const trailing = (...chunks: string[]) =>
    upload(
      '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
      'content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer',
      chunks.join(''),
      { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', 'x-amz-trailer': 'x-amz-checksum-crc32c' },
    )
  function content(asked: SignedRequest) {
    const claimed = unverifiedClaim(asked)
    if ('fault' in claimed) return claimed.fault.kind
    const checked = verify(asked, claimed.claim, KEY, AT)
    if ('fault' in checked) return checked.fault.kind
    const found = contentOf(asked.body, checked.verified, String(asked.headers['x-amz-decoded-content-length']))
    return typeof found === 'string' ? found : [found.body.length, Object.fromEntries(found.trailers)]
  }
  const one = chunk(65_536, 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648')
  const two = chunk(1024, '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497')
  const end = chunk(0, 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9')
  const [one2, two2, end2] = [
    chunk(65_536, 'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2'),
    chunk(1024, '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7'),
    chunk(0, '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992').slice(0, -2),
  ]
  const trailer = 'x-amz-checksum-crc32c:sOO8/Q==\r\n'
  const signed = 'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n'

  test.each<[string, SignedRequest, object]>([
    ['the example of the documentation', plain(one, two, end), [66_560, {}]],
    [
      'the example with a trailing checksum',
      trailing(one2, two2, end2, trailer, signed),
      [66_560, { 'x-amz-checksum-crc32c': 'sOO8/Q==' }],
    ],
  ])('decodes %s', (_name, asked, expected) => expect(content(asked)).toEqual(expected))

  test.each<[string, SignedRequest, string]>([
    ['chunks in another order', plain(two, one, end), 'signature'],
    ['a changed byte', plain(one.replace('aaa', 'aba'), two, end), 'signature'],
    ['a body without one of its chunks', plain(one, end), 'signature'],
    ['a body without its last chunk', plain(one, two), 'incomplete'],
    ['a chunk that ends early', plain(one.slice(0, 100)), 'incomplete'],
    ['a chunk without a signature', plain(chunk(65_536), two, end), 'malformed'],
    ['a chunk without a size', plain('x\r\n'), 'malformed'],
    ['another checksum in the trailer', trailing(one2, two2, end2, trailer.replace('sOO8', 'sOO9'), signed), 'signature'],
    ['a trailer without a signature', trailing(one2, two2, end2, trailer, '\r\n'), 'signature'],
    ['a body without the empty line at the end', plain(one, two, end.slice(0, -2)), 'incomplete'],
    ['a body with half of the empty line at the end', plain(one, two, end.slice(0, -1)), 'incomplete'],
    ['bytes after the end', plain(one, two, end, 'x'), 'malformed'],
    ['an empty line after the end', plain(one, two, end, '\r\n'), 'malformed'],
    ['a trailer without the empty line after it', trailing(one2, two2, end2, trailer, signed.slice(0, -2)), 'incomplete'],
    ['bytes after a trailer', trailing(one2, two2, end2, trailer, signed, 'x'), 'malformed'],
    ['a trailer without an end', trailing(one2, two2, end2, 'a:b\r\n'.repeat(50)), 'malformed'],
    ['a trailer where none is announced', plain(one, two, end.slice(0, -2), trailer, '\r\n'), 'malformed'],
  ])('refuses %s', (_name, asked, fault) => expect(content(asked)).toBe(fault))
})
