import { createHash, createHmac } from 'node:crypto'
import { unverifiedClaim, verify } from '@stint/sandbox/aws/sigv4'
import { must, type Target } from '../engine.ts'

const KEY = { accessKeyId: 'ASIAFUZZ', secretAccessKey: 'secret' }
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5)
const STAMP = '20260102T030405Z'
const SCOPE = '20260102/eu-central-1/dynamodb/aws4_request'
const hash = (data: string | Buffer) => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest()

/** A signature written from the AWS documentation alone, for requests with path `/`. */
function signatureOf(
  method: string,
  query: readonly (readonly [string, string])[],
  headers: Readonly<Record<string, string>>,
  body: Buffer,
): string {
  const encode = (text: string) =>
    [...Buffer.from(text)]
      .map((byte) =>
        /[A-Za-z0-9_.~-]/.test(String.fromCharCode(byte))
          ? String.fromCharCode(byte)
          : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
      )
      .join('')
  const pairs = query.map(([name, value]) => `${encode(name)}=${encode(value)}`)
  const order = (left: string, right: string) => (left < right ? -1 : 1)
  const canonicalQuery = pairs
    .map((pair) => pair.split('=') as [string, string])
    .sort(([a, b], [c, d]) => (a === c ? order(b, d) : order(a, c)))
    .map((pair) => pair.join('='))
    .join('&')
  const names = Object.keys(headers).sort()
  const lines = names.map((name) => `${name}:${(headers[name] as string).trim().split(/\s+/).join(' ')}\n`).join('')
  const canonical = `${method}\n/\n${canonicalQuery}\n${lines}\n${names.join(';')}\n${hash(body)}`
  const key = SCOPE.split('/').reduce((made, part) => hmac(made, part), `AWS4${KEY.secretAccessKey}` as string | Buffer)
  return hmac(key as Buffer, `AWS4-HMAC-SHA256\n${STAMP}\n${SCOPE}\n${hash(canonical)}`).toString('hex')
}

/** Lines: how it is tampered with, an Authorization header to read, the query, a header's value; the rest is the body. */
export const sigv4: Target = {
  name: 'sigv4',
  oracle:
    'The sandbox accepts what a second implementation signed and nothing that was changed afterwards, and reads of any Authorization header exactly what a second reading finds.',
  seeds: [
    `0\nAWS4-HMAC-SHA256 Credential=A/${SCOPE}, SignedHeaders=host;x-amz-date, Signature=${'a'.repeat(64)}\na=b&c=d\nvalue\n{}`,
    `1\nAWS4-HMAC-SHA256 Credential=A/${SCOPE},SignedHeaders=host,Signature=${'0'.repeat(64)}\n\n a  b \n`,
    '2\nBearer x\na=%20&a=+\n\n\u0000',
  ],
  words: [
    '\n',
    '&',
    '=',
    '%20',
    '+',
    '%',
    '/',
    ', ',
    ';',
    'Credential=',
    'SignedHeaders=',
    'Signature=',
    'aws4_request',
    ' ',
    '\t',
    'é',
    '%C3%A9',
  ],
  run(input) {
    const [how = '', authorization = '', query = '', value = '', ...rest] = Buffer.from(input).toString('latin1').split('\n')
    const body = Buffer.from(rest.join('\n'), 'latin1')

    const read = unverifiedClaim({ url: '/', headers: { authorization } })
    let kind = 'claim'
    if ('fault' in read) kind = read.fault.kind
    else {
      must(/^\s*AWS4-HMAC-SHA256\s/.test(authorization), 'another algorithm is accepted')
      const { accessKeyId, date, region, service, signature, signedHeaders } = read.claim
      // Of two fields with one name, the last counts. White space between and within fields is left out.
      const fields: Record<string, string> = {}
      for (const part of authorization.replaceAll(/\s/g, '').slice('AWS4-HMAC-SHA256'.length).split(',')) {
        const [, name = '', text = ''] = /^(\w+)=(.*)$/.exec(part) ?? []
        fields[name] = text
      }
      must(fields.Credential === `${accessKeyId}/${date}/${region}/${service}/aws4_request`, 'another credential than that of the header')
      must(fields.SignedHeaders === signedHeaders.join(';'), 'other headers than those of the header')
      must(fields.Signature === signature, 'another signature than that of the header')
    }

    // node:http refuses other characters in a request line and in headers.
    const [cleanQuery, cleanValue] = [query.replaceAll(/[^!-~]|#|\?/g, ''), value.replaceAll(/[^\t -~]/g, '')]
    const pairs = [...new URLSearchParams(cleanQuery)]
    if (pairs.some(([name]) => /^x-amz-|^Signature$/i.test(name))) return 'presigned'
    const headers = { host: 'h.example', 'x-amz-date': STAMP, 'x-amz-meta': cleanValue }
    const signature = signatureOf('POST', pairs, headers, body)
    const sent = (change: { url?: string; body?: Buffer; headers?: object; secret?: string }) => {
      const request = {
        method: 'POST',
        url: change.url ?? `/?${cleanQuery}`,
        headers: {
          ...headers,
          ...change.headers,
          authorization: `AWS4-HMAC-SHA256 Credential=${KEY.accessKeyId}/${SCOPE}, SignedHeaders=host;x-amz-date;x-amz-meta, Signature=${signature}`,
        },
        body: change.body ?? body,
      }
      const found = unverifiedClaim(request)
      return 'fault' in found
        ? found.fault.kind
        : 'verified' in verify(request, found.claim, { ...KEY, secretAccessKey: change.secret ?? KEY.secretAccessKey }, NOW)
    }
    must(sent({}) === true, 'a request with a correct signature is refused')
    const tampered = [
      { body: Buffer.concat([body, Buffer.of(0)]) },
      { url: `/x?${cleanQuery}` },
      { url: `/?${cleanQuery}&z=1` },
      { headers: { 'x-amz-meta': `${cleanValue}x` } },
      { headers: { 'x-amz-more': 'unsigned' } },
      { secret: 'other' },
    ]
    const which = (how.codePointAt(0) ?? 0) % tampered.length
    must(sent(tampered[which] as object) !== true, `a changed request is accepted (${which})`)
    return `${kind} ${which} ${Math.min(pairs.length, 3)}`
  },
}
