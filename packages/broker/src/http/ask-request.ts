/** `POST /requests`: requests approval. */

import { decideAccess } from '@stint/core/access/decide'
import { defined } from '@stint/core/defined'
import { sha256Hex } from '@stint/core/digest'
import type { Caller } from '@stint/core/identity/caller'
import { days, parseIso } from '@stint/core/instant'
import { type Done, type Refused, refused } from '@stint/core/outcome'
import { type AccessInput, resolveScope } from '@stint/core/scope/terms'
import { type FoundOrMade, requestApproval } from '../vend/request-approval.ts'
import { type Api, type ApiBroker, accessContext, answer, type Ctx, callOf, parseBody, readBytes, refuse, type Tools } from './context.ts'
import { idempotencyKeyOf } from './message.ts'
import { askBody } from './request-schemas.ts'
import type { RequestTools } from './request-view.ts'

const LOOK_AGAIN_SECONDS = 5
/** How far ahead a start can be chosen. */
const MAX_START_AHEAD = days(7)

export function askRequestRoute(app: Api, broker: ApiBroker, { withCaller }: Tools, { approvalOf, actorOf, show }: RequestTools): void {
  const { rules } = broker

  answer(app, 'POST /requests', async (c) => {
    const bytes = await readBytes(c)
    if (bytes.outcome === 'refused') return refuse(c, bytes)
    return withCaller(c, async (caller) => {
      const asked = await ask(c, caller, bytes.value)
      if (asked.outcome === 'refused') return refuse(c, asked)
      const { request, found } = asked.value
      c.header('location', `/requests/${request.id}`)
      c.header('retry-after', String(LOOK_AGAIN_SECONDS))
      return show(c, request, actorOf(c, caller, request), found ? 200 : 201)
    })
  })

  async function ask(c: Ctx, caller: Caller, bytes: Uint8Array): Promise<Done<FoundOrMade> | Refused> {
    const now = c.get('now')
    const body = parseBody(askBody, bytes)
    if (body.outcome === 'refused') return body
    c.set('profile', body.value.profile)
    const sent = c.req.header('idempotency-key')
    const idempotency = idempotencyKeyOf(sent === undefined ? [] : [sent])
    if (idempotency === 'odd') return refused('body-invalid', 'Idempotency-Key must be one string of 1 to 128 printable characters.')
    const access = decideAccess(rules, body.value.profile, caller, accessContext(c))
    if (access.outcome === 'refused') return access
    const approval = approvalOf(body.value.profile)
    if (!approval) return refused('body-invalid', 'This profile needs no approval. Use POST /sessions.')
    const startsAt = body.value.startsAt === undefined ? undefined : parseIso(body.value.startsAt)
    if (body.value.startsAt !== undefined && (startsAt === undefined || startsAt > now + MAX_START_AHEAD))
      return refused('body-invalid', 'startsAt must be an RFC 3339 time within the next 7 days.')
    const scope = resolveScope(rules, access.profile, caller, body.value as AccessInput, 1)
    if (scope.outcome === 'refused') return scope
    return requestApproval(broker, callOf(c), caller, scope.value, approval, {
      ...defined({ startsAt }),
      ...(scope.value.durationAsked ? { limits: { duration: scope.value.duration } } : {}),
      ...(idempotency ? { idempotency: { ...idempotency, fingerprint: sha256Hex(bytes) } } : {}),
    })
  }
}
