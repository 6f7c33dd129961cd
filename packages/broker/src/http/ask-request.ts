/** `POST /requests` and `POST /requests/{id}/extend`: request approval. */

import { defined } from '@stint/core/defined'
import { sha256Hex } from '@stint/core/digest'
import type { Caller } from '@stint/core/identity/caller'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import type { AccessInput } from '@stint/core/scope/terms'
import { type Ask, askForAccess } from '../approvals/ask.ts'
import { extendRequest } from '../approvals/extend.ts'
import type { FoundOrMade } from '../vend/request-approval.ts'
import type { Idempotency } from '../vend/slot.ts'
import {
  type Api,
  type ApiBroker,
  admitting,
  answer,
  type Ctx,
  callOf,
  parseBody,
  readBytes,
  refuse,
  type Tools,
  unavailable,
} from './context.ts'
import { idempotencyKeyOf } from './message.ts'
import { askBody, extendBody } from './request-schemas.ts'
import type { RequestTools } from './request-view.ts'

const LOOK_AGAIN_SECONDS = 5

export function askRequestRoute(app: Api, broker: ApiBroker, { withCaller }: Tools, tools: RequestTools): void {
  const { actorOf, show } = tools

  answer(app, 'POST /requests', (c) => asking(c, ask))
  answer(app, 'POST /requests/{id}/extend', (c) => asking(c, extend))

  async function asking(c: Ctx, asks: typeof ask): Promise<Response> {
    const bytes = await readBytes(c)
    if (bytes.outcome === 'refused') return refuse(c, bytes)
    return withCaller(c, async (caller) => {
      const asked = await asks(c, caller, bytes.value)
      if (asked.outcome === 'refused') return refuse(c, asked)
      const { request, found } = asked.value
      c.header('location', `/requests/${request.id}`)
      c.header('retry-after', String(LOOK_AGAIN_SECONDS))
      return show(c, request, actorOf(c, caller, request), found ? 200 : 201)
    })
  }

  async function ask(c: Ctx, caller: Caller, bytes: Uint8Array): Promise<Done<FoundOrMade> | Refused> {
    const body = parseBody(askBody, bytes)
    if (body.outcome === 'refused') return body
    const idempotency = idempotencyOf(c, bytes)
    if (idempotency.outcome === 'refused') return idempotency
    return askForAccess(broker, tools, callOf(c), caller, body.value as Ask, admitting(broker, c, caller), idempotency.value)
  }

  async function extend(c: Ctx, caller: Caller, bytes: Uint8Array): Promise<Done<FoundOrMade> | Refused> {
    const body = parseBody(extendBody, bytes)
    if (body.outcome === 'refused') return body
    const idempotency = idempotencyOf(c, bytes)
    if (idempotency.outcome === 'refused') return idempotency
    const extension = { ...(body.value as Pick<AccessInput, 'justification' | 'duration'>), ...defined({ idempotency: idempotency.value }) }
    const extended = await extendRequest(broker, tools, callOf(c), caller, c.req.param('id') ?? '', extension, admitting(broker, c, caller))
    return extended.outcome === 'unknown' ? unavailable(extended.cause) : extended
  }
}

function idempotencyOf(c: Ctx, bytes: Uint8Array): Done<Idempotency | undefined> | Refused<'body-invalid'> {
  const sent = c.req.header('idempotency-key')
  const key = idempotencyKeyOf(sent === undefined ? [] : [sent])
  if (key === 'odd') return refused('body-invalid', 'Idempotency-Key must be one string of 1 to 128 printable characters.')
  return done(key && { ...key, fingerprint: sha256Hex(bytes) })
}
