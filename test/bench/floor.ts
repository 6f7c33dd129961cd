/**
 * The floor of the bench: the same path written by hand and nothing else. A JWT verified with node:crypto, SigV4 with a
 * cached key, node:https with keep-alive, string search for XML, three calls. No framework, no schema, no policy language,
 * no fault handling: it is what the work itself costs, not a broker.
 */
import { createHash, createHmac, createPublicKey, type KeyObject, randomBytes, verify } from 'node:crypto'
import { Agent, request } from 'node:https'

const {
  AWS_REGION: region = '',
  AWS_ACCESS_KEY_ID: keyId = '',
  AWS_SECRET_ACCESS_KEY: secret = '',
  AWS_SESSION_TOKEN: sessionToken = '',
} = process.env
const sts = new URL(process.env.AWS_ENDPOINT_URL_STS ?? '')
const dynamodb = new URL(process.env.AWS_ENDPOINT_URL_DYNAMODB ?? '')
const agent = new Agent({ keepAlive: true })

function send(url: URL, method: string, headers: Record<string, string>, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ hostname: url.hostname, port: url.port, path: url.pathname, method, agent, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        text += part
      })
      response.on('end', () => (response.statusCode === 200 ? resolve(text) : reject(new Error(text))))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest()
const sha256 = (data: string) => createHash('sha256').update(data).digest('hex')
const signingKeys = new Map<string, Buffer>()

function signed(service: string, url: URL, headers: Record<string, string>, body: string): Promise<string> {
  const date = new Date().toISOString().replace(/[:-]|\.\d{3}/g, '')
  const day = date.slice(0, 8)
  const scope = `${day}/${region}/${service}/aws4_request`
  const all: Record<string, string> = { ...headers, host: url.host, 'x-amz-date': date, 'x-amz-security-token': sessionToken }
  const names = Object.keys(all).sort()
  const canonical = `POST\n/\n\n${names.map((name) => `${name}:${all[name]}\n`).join('')}\n${names.join(';')}\n${sha256(body)}`
  let key = signingKeys.get(scope)
  if (!key) signingKeys.set(scope, (key = hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), service), 'aws4_request')))
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`).toString('hex')
  all.authorization = `AWS4-HMAC-SHA256 Credential=${keyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return send(url, 'POST', { ...all, 'content-length': String(Buffer.byteLength(body)) }, body)
}

const dynamo = (operation: string, input: object) =>
  signed(
    'dynamodb',
    dynamodb,
    { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `DynamoDB_20120810.${operation}` },
    JSON.stringify(input),
  )

const keys = new Map<string, KeyObject>()
const ready = Promise.all([
  send(new URL(process.env.STINT_BENCH_JWKS ?? ''), 'GET', {}, '').then((text) => {
    for (const jwk of JSON.parse(text).keys) keys.set(jwk.kid, createPublicKey({ key: jwk, format: 'jwk' }))
  }),
  dynamo('GetItem', { TableName: 'stint', Key: { pk: { S: 'SYS#ping' } } }),
])

const between = (text: string, name: string) => text.slice(text.indexOf(`<${name}>`) + name.length + 2, text.indexOf(`</${name}>`))

type Event = { readonly headers: Record<string, string>; readonly body: string }

export async function handler(event: Event) {
  await ready
  const token = event.headers.authorization?.slice(7) ?? ''
  const [header = '', payload = '', signature = ''] = token.split('.')
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString())
  const key = keys.get(kid)
  if (
    !key ||
    !verify('sha256', Buffer.from(`${header}.${payload}`), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))
  )
    return { statusCode: 401 }
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  if (claims.exp * 1000 < Date.now() || claims.aud !== 'https://stint.acme.example' || !claims.groups.includes('developers'))
    return { statusCode: 403 }
  const { parameters } = JSON.parse(event.body)
  const id = randomBytes(16).toString('hex')
  const item = { TableName: 'stint', Key: { pk: { S: `REQ#${id}` } }, ReturnValues: 'ALL_NEW' }
  const reserved = dynamo('UpdateItem', {
    ...item,
    ConditionExpression: 'attribute_not_exists(pk)',
    UpdateExpression: 'SET #s = :s, who = :w, events = :e',
    ExpressionAttributeNames: { '#s': 'state' },
    ExpressionAttributeValues: {
      ':s': { S: 'reserved' },
      ':w': { S: claims.sub },
      ':e': { L: [{ S: JSON.stringify({ type: 'reserved', at: Date.now(), who: claims.sub }) }] },
    },
  })
  // The kill switch, read beside reserve.
  const frozen = dynamo('BatchGetItem', {
    RequestItems: {
      stint: {
        ConsistentRead: true,
        Keys: ['all', 'issuer', 'subject', 'profile', 'target'].map((kind) => ({ pk: { S: `FREEZE#${kind}` } })),
      },
    },
  })
  if (JSON.parse((await Promise.all([frozen, reserved]))[0]).Responses.stint.length > 0) return { statusCode: 403 }
  const end = new Date(Date.now() + 900_000).toISOString()
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::${parameters.bucket}/*` },
      { Effect: 'Deny', Action: '*', Resource: '*', Condition: { DateGreaterThan: { 'aws:CurrentTime': end } } },
    ],
  })
  const form = new URLSearchParams({
    Action: 'AssumeRole',
    Version: '2011-06-15',
    RoleArn: 'arn:aws:iam::111122223333:role/stint/ReadOnly',
    RoleSessionName: id,
    ExternalId: 'stint-prod-7f3a',
    SourceIdentity: claims.sub,
    DurationSeconds: '900',
    Policy: policy,
    'Tags.member.1.Key': 'stint:session',
    'Tags.member.1.Value': id,
  }).toString()
  const xml = await signed('sts', sts, { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }, form)
  const credentials = {
    accessKeyId: between(xml, 'AccessKeyId'),
    secretAccessKey: between(xml, 'SecretAccessKey'),
    sessionToken: between(xml, 'SessionToken'),
    expiration: between(xml, 'Expiration'),
  }
  await dynamo('UpdateItem', {
    ...item,
    ConditionExpression: '#s = :r',
    UpdateExpression: 'SET #s = :s, accessKeyId = :k',
    ExpressionAttributeNames: { '#s': 'state' },
    ExpressionAttributeValues: { ':s': { S: 'issued' }, ':r': { S: 'reserved' }, ':k': { S: credentials.accessKeyId } },
  })
  return {
    statusCode: 201,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify({ id, credentials }),
  }
}
