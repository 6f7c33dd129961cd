/**
 * The `api` function: everything that is read. Its role may not assume anything.
 */
import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { dynamoLedger } from '../adapters/dynamodb/ledger.ts'
import { createBroker } from '../broker.ts'
import { apiApp } from '../http/api.ts'
import { header } from '../http/message.ts'
import { deploymentFrom } from './deployment.ts'
import { fromEvent } from './event.ts'

const app = apiApp(createBroker(deploymentFrom(process.env, __dirname), dynamoLedger))

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>().handler(async (event) => {
  const { method, path, query, headers, body, sourceIp } = fromEvent(event)
  const url = `https://${event.requestContext.domainName}${path}${query ? `?${query}` : ''}`
  const sent = new Request(url, {
    method,
    headers: [...headers].flatMap(([name, values]) => values.map((value): [string, string] => [name, value])),
    ...(method === 'GET' || method === 'HEAD' ? {} : { body: Buffer.from(body) }),
  })
  const answer = await app.fetch(sent, {
    authorization: header({ method, path, query, headers, body, sourceIp }, 'authorization'),
    sourceIp,
  })
  return { statusCode: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text(), isBase64Encoded: false }
})
