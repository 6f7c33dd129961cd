/** `POST /requests` and `POST /requests/{id}/extend`: request approval. */

import { defined } from '@stint/core/defined'
import { sha256Hex } from '@stint/core/digest'
import type { Caller } from '@stint/core/identity/caller'
import { days, parseIso } from '@stint/core/instant'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import { type AccessInput, resolveScope } from '@stint/core/scope/terms'
import { extendRequest } from '../approvals/extend.ts'
import { type FoundOrMade, requestApproval } from '../vend/request-approval.ts'
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
/** How far ahead a start can be chosen. */
const MAX_START_AHEAD = days(7)

export function askRequestRoute(app: Api, broker: ApiBroker, { withCaller }: Tools, tools: RequestTools): void {
  const { approvalOf, actorOf, show } = tools
  const { rules } = broker

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
    const now = c.get('now')
    const body = parseBody(askBody, bytes)
    if (body.outcome === 'refused') return body
    const idempotency = idempotencyOf(c, bytes)
    if (idempotency.outcome === 'refused') return idempotency
    const profile = admitting(broker, c, caller)(body.value.profile)
    if (profile.outcome === 'refused') return profile
    const approval = approvalOf(body.value.profile)
    if (!approval) return refused('body-invalid', 'This profile needs no approval. Use POST /sessions.')
    const startsAt = body.value.startsAt === undefined ? undefined : parseIso(body.value.startsAt)
    if (body.value.startsAt !== undefined && (startsAt === undefined || startsAt > now + MAX_START_AHEAD))
      return refused('body-invalid', 'startsAt must be an RFC 3339 time within the next 7 days.')
    const scope = resolveScope(rules, profile.value, caller, body.value as AccessInput, 1)
    if (scope.outcome === 'refused') return scope
    return requestApproval(broker, callOf(c), caller, scope.value, approval, {
      ...defined({ startsAt }),
      ...(scope.value.durationAsked ? { limits: { duration: scope.value.duration } } : {}),
      ...defined({ idempotency: idempotency.value }),
    })
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
