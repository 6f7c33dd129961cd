/**
 * The broker on node:http, for the sandbox. `vend` and `slack` receive their requests as plain values; hono handles all other routes.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Broker } from '@stint/broker'
import type { ApiBroker } from '@stint/broker/http/context'
import { MAX_FORM_BYTES, MAX_SLACK_BYTES, type VendReply, type VendRequest } from '@stint/broker/http/message'
import { servedBy } from '@stint/broker/http/routes'
import { handleVend, refuseVend } from '@stint/broker/http/vend'
import { handleSlack, type SlackHandler } from '@stint/broker/slack/handle'
import { apiApp } from '@stint/broker/wiring/api'
import { refused } from '@stint/core/outcome'
import { readUpTo } from './guard.ts'
import { turns } from './turns.ts'

/** How many vends run at once, and how many wait. */
export type VendQueue = { readonly atOnce: number; readonly waiting: number }
/** More at once would only slow each other down. */
const VEND_QUEUE: VendQueue = { atOnce: 4, waiting: 500 }

/** `vend` and `api` have different AWS identities, as on Lambda. */
export function brokerHandler(
  vendBroker: Broker,
  apiBroker: ApiBroker,
  slackHandler?: SlackHandler,
  { atOnce, waiting }: VendQueue = VEND_QUEUE,
) {
  const app = apiApp(apiBroker)
  const api = getRequestListener((request, env) => app.fetch(request, peerOf((env as { incoming: IncomingMessage }).incoming)), {
    overrideGlobalObjects: false,
  })

  const inTurn = turns(atOnce, waiting)
  const vend = async (request: VendRequest): Promise<VendReply> => {
    const reply = await inTurn(() => handleVend(vendBroker, request))
    if (reply !== 'full') return reply
    return refuseVend(vendBroker, request, refused('ledger-unavailable', `The sandbox has ${waiting} calls waiting.`))
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [path = '', query = ''] = splitOnce(request.url ?? '/', '?')
    const serving = servedBy(request.method ?? 'GET', path)
    if (serving === 'api' || (serving === 'slack' && !slackHandler)) return api(request, response)
    const reply =
      serving === 'slack' && slackHandler
        ? await handleSlack(slackHandler, await toVendRequest(request, path, query, MAX_SLACK_BYTES))
        : await vend(await toVendRequest(request, path, query, MAX_FORM_BYTES))
    response.writeHead(reply.status, reply.headers).end(reply.body)
  }
}

/** node:http keeps only the first Authorization header in `headers`; `headersDistinct` has all of them. */
const peerOf = (request: IncomingMessage) => ({
  authorization: request.headersDistinct.authorization ?? [],
  sourceIp: plainIp(request.socket.remoteAddress),
})

async function toVendRequest(request: IncomingMessage, path: string, query: string, most: number): Promise<VendRequest> {
  const body = await readUpTo(request, most)
  return {
    method: request.method ?? 'GET',
    path,
    query,
    headers: new Map(Object.entries(request.headersDistinct).flatMap(([name, values]) => (values ? [[name, values]] : []))),
    body,
    sourceIp: plainIp(request.socket.remoteAddress),
  }
}

const plainIp = (address: string | undefined): string => (address ?? '').replace(/^::ffff:/, '')

function splitOnce(text: string, at: string): [string, string] {
  const index = text.indexOf(at)
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)]
}
