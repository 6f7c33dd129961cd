/**
 * The AWS and the issuer of the bench: HTTPS servers in a process of their own that count who asked. Their answers fit the calls, since Stint
 * believes no others; they check nothing, so that what is measured is the caller.
 */
import { readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type Item, readWrite } from '@stint/broker/adapters/dynamodb/testing/expression'

const [, , keyFile = '', certFile = '', jwks = ''] = process.argv
const counts: Record<string, number> = {}

type Body = {
  readonly TableName?: string
  readonly Key?: Item
  readonly UpdateExpression?: string
  readonly ExpressionAttributeNames?: Record<string, string>
  readonly ExpressionAttributeValues?: Item
}

/** Items that were written, by key. Each vend writes one twice, so the oldest are no longer needed. */
const items = new Map<string, Item>()
const MOST_ITEMS = 100

/** The item as the write leaves it. */
function written({ Key = {}, UpdateExpression, ExpressionAttributeNames: names, ExpressionAttributeValues: values }: Body) {
  const key = JSON.stringify(Key)
  const after = readWrite(undefined, UpdateExpression, { names, values }, false).after(items.get(key), Key)
  items.set(key, after)
  if (items.size > MOST_ITEMS) items.delete(items.keys().next().value ?? '')
  return { Attributes: after }
}

const tableAnswer = (kind: string, body: Body): object => {
  const capacity = (TableName: string) => ({ TableName, CapacityUnits: 1 })
  if (kind === 'UpdateItem') return written(body)
  if (kind === 'BatchGetItem') return { Responses: { stint: [] }, UnprocessedKeys: {}, ConsumedCapacity: [capacity('stint')] }
  return { ConsumedCapacity: capacity(body.TableName ?? '') }
}

/** What STS answers to this call. */
function assumed(form: URLSearchParams): string {
  const [role = '', name = '', identity] = ['RoleArn', 'RoleSessionName', 'SourceIdentity'].map((field) => form.get(field) ?? undefined)
  const arn = `${role.replace(':iam:', ':sts:').replace(/:role\/.*?([^/]+)$/, ':assumed-role/$1')}/${name}`
  const expiration = new Date(Date.now() + Number(form.get('DurationSeconds')) * 1000).toISOString().replace(/\.\d+/, '')
  return `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>${identity === undefined ? '' : `<SourceIdentity>${identity}</SourceIdentity>`}<AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:${name}</AssumedRoleId><Arn>${arn}</Arn></AssumedRoleUser><Credentials><AccessKeyId>ASIAEXAMPLEEXAMPLE00</AccessKeyId><SecretAccessKey>${'s'.repeat(40)}</SecretAccessKey><SessionToken>${'t'.repeat(400)}</SessionToken><Expiration>${expiration}</Expiration></Credentials><PackedPolicySize>6</PackedPolicySize></AssumeRoleResult><ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata></AssumeRoleResponse>`
}

const handle: RequestListener = (request, response) => {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => {
    const target = String(request.headers['x-amz-target'] ?? '').replace(/.*\./, '')
    const kind = request.url?.startsWith('/jwks') ? 'jwks' : request.url === '/counts' ? 'counts' : target || 'AssumeRole'
    if (kind === 'counts') return response.end(JSON.stringify(counts))
    counts[kind] = (counts[kind] ?? 0) + 1
    if (kind === 'jwks') return response.writeHead(200, { 'content-type': 'application/json' }).end(jwks)
    const body = Buffer.concat(parts).toString('utf8')
    if (kind === 'AssumeRole')
      return response.writeHead(200, { 'content-type': 'text/xml', 'x-amzn-requestid': 'c6104cbe' }).end(assumed(new URLSearchParams(body)))
    return response
      .writeHead(200, { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'd1' })
      .end(JSON.stringify(tableAnswer(kind, JSON.parse(body))))
  })
}

/** Three hosts, as on AWS: issuer, STS, DynamoDB. One host would let contenders share connections that they cannot share there. */
const ports: number[] = []
for (const _host of ['issuer', 'sts', 'dynamodb']) {
  const server = createServer({ key: readFileSync(keyFile), cert: readFileSync(certFile) }, handle)
  server.keepAliveTimeout = 60_000
  server.on('secureConnection', () => {
    counts.connections = (counts.connections ?? 0) + 1
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ports.push((server.address() as AddressInfo).port)
}
process.stdout.write(`${ports.join(' ')}\n`)
