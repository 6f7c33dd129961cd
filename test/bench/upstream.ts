/**
 * The AWS of the bench: an HTTPS server in a process of its own that knows three answers and counts who asked. It checks
 * nothing, so that what is measured is the caller.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'

const [, , keyFile = '', certFile = '', jwks = ''] = process.argv
const counts: Record<string, number> = {}

const item = {
  pk: { S: 'REQ#req_01ARYZ6S410000000000000000' },
  id: { S: 'req_01ARYZ6S410000000000000000' },
  state: { S: 'approved' },
  createdAt: { N: '1795521600000' },
  windowEnd: { N: '1795521690000' },
  usesLeft: { N: '0' },
  attempts: { N: '1' },
  caller: { M: { issuer: { S: 'people' }, subject: { S: 'dana' }, name: { S: 'Dana' }, kind: { S: 'human' } } },
  terms: { S: 'x'.repeat(900) },
  termsHash: { S: 'f'.repeat(64) },
  events: { L: Array.from({ length: 2 }, () => ({ M: { event: { S: 'x'.repeat(600) }, salt: { B: 'A'.repeat(43).concat('=') } } })) },
}
const expiration = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+/, '')
const assumed = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:dana</AssumedRoleId><Arn>arn:aws:sts::111122223333:assumed-role/ReadOnly/dana</Arn></AssumedRoleUser><Credentials><AccessKeyId>ASIAEXAMPLEEXAMPLE00</AccessKeyId><SecretAccessKey>${'s'.repeat(40)}</SecretAccessKey><SessionToken>${'t'.repeat(400)}</SessionToken><Expiration>${expiration}</Expiration></Credentials><PackedPolicySize>6</PackedPolicySize></AssumeRoleResult><ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata></AssumeRoleResponse>`

createServer({ key: readFileSync(keyFile), cert: readFileSync(certFile) }, (request, response) => {
  request.resume()
  request.on('end', () => {
    const target = String(request.headers['x-amz-target'] ?? '').replace(/.*\./, '')
    const kind = request.url === '/jwks' ? 'jwks' : request.url === '/counts' ? 'counts' : target || 'AssumeRole'
    if (kind === 'counts') return response.end(JSON.stringify(counts))
    counts[kind] = (counts[kind] ?? 0) + 1
    if (kind === 'jwks') return response.writeHead(200, { 'content-type': 'application/json' }).end(jwks)
    if (kind === 'AssumeRole') return response.writeHead(200, { 'content-type': 'text/xml', 'x-amzn-requestid': 'c6104cbe' }).end(assumed)
    return response
      .writeHead(200, { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'd1' })
      .end(
        JSON.stringify(
          kind === 'UpdateItem' ? { Attributes: item } : kind === 'BatchGetItem' ? { Responses: { stint: [] }, UnprocessedKeys: {} } : {},
        ),
      )
  })
}).listen(0, '127.0.0.1', function (this: { address(): unknown }) {
  process.stdout.write(`${(this.address() as AddressInfo).port}\n`)
})
