/**
 * The `api` function: everything that is read or decided. Its role cannot assume any role.
 */

import { join } from 'node:path'
import { hex128 } from '@stint/core/ids'
import { refused } from '@stint/core/outcome'
import { apiLedger } from '../adapters/dynamodb/api-ledger.ts'
import { header, withNosniff } from '../http/message.ts'
import { problemReply } from '../http/problem-reply.ts'
import { publicFilesIn } from '../http/public-files.ts'
import { apiApp } from '../wiring/api.ts'
import { createBroker } from '../wiring/broker.ts'
import { deployRelease } from '../wiring/deploy-release.ts'
import { ledgerSettings } from '../wiring/dynamodb.ts'
import { createImmediateEnds } from '../wiring/ends.ts'
import {
  deploymentFrom,
  endsDeploymentFrom,
  logDeploymentFrom,
  releasedFreezesFrom,
  slackDeploymentFrom,
  webFrom,
} from '../wiring/environment.ts'
import { keysOf } from '../wiring/keys.ts'
import { openTrail } from '../wiring/log.ts'
import { apiOf } from '../wiring/slack.ts'
import { overHttp, type Reply } from './over-http.ts'

/** One lookup by email. */
const SLACK_TIMEOUT_MS = 5000

const deployment = deploymentFrom(process.env, __dirname)
const trail = openTrail(logDeploymentFrom(process.env, deployment))
const slack = deployment.rules.slack?.trustEmail ? slackDeploymentFrom(process.env, deployment) : undefined
const broker = createBroker(deployment, { keys: keysOf(deployment), ledger: apiLedger(ledgerSettings(deployment)) })
const releaseFreezes = deployRelease(broker, releasedFreezesFrom(process.env))
const app = apiApp({
  ...broker,
  ...webFrom(process.env),
  ...createImmediateEnds(endsDeploymentFrom(process.env, deployment)),
  ...(slack ? { slackUserByEmail: apiOf(slack, SLACK_TIMEOUT_MS).userByEmail } : {}),
  trail,
  files: publicFilesIn(join(__dirname, 'public')),
})

export const handler = overHttp(deployment, async (request) => {
  await releaseFreezes()
  const { method, path, query, headers, body, sourceIp } = request
  if (UNKNOWN_TO_FETCH.includes(method)) return unknownMethod(method)
  const sent = new Request(`https://gateway${path}${query ? `?${query}` : ''}`, {
    method,
    headers: [...headers].flatMap(([name, values]) => values.map((value): [string, string] => [name, asBytes(value)])),
    ...(method === 'GET' || method === 'HEAD' ? {} : { body: Buffer.from(body) }),
  })
  const answer = await app.fetch(sent, { authorization: header(request, 'authorization'), sourceIp })
  const bytes = Buffer.from(await answer.arrayBuffer())
  const headersButCookies = Object.fromEntries([...answer.headers].filter(([name]) => name !== 'set-cookie'))
  const reply = { status: answer.status, headers: headersButCookies, cookies: answer.headers.getSetCookie() }
  // Tiles are bytes, and API Gateway takes text or base64.
  return answer.headers.get('content-type') === 'application/octet-stream'
    ? { ...reply, body: bytes.toString('base64'), base64: true }
    : { ...reply, body: bytes.toString('utf8') }
})

/** Fetch Standard, "forbidden method". No route uses one of them. */
const UNKNOWN_TO_FETCH: readonly string[] = ['CONNECT', 'TRACE', 'TRACK']

function unknownMethod(method: string): Reply {
  const trace = hex128(deployment.random)
  const reply = withNosniff(problemReply(refused('method-not-allowed', `No route accepts ${method}.`), trace))
  deployment.log({ level: 'info', trace, method, status: reply.status, code: 'method-not-allowed' })
  return reply
}

/** API Gateway delivers headers as text; fetch and node:http treat a header as bytes. */
const asBytes = (value: string): string => Buffer.from(value).toString('latin1')
