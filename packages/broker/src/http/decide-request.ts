/** `POST /requests/{id}/approve`, `deny`, `cancel`, `revoke` and `review`. */

import { MAX_COMMENT_BYTES } from '@stint/core/audit/event'
import { defined } from '@stint/core/defined'
import { parseRequestId } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import { jsonBytes } from '@stint/core/json'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import { type Actor, cancel, deny, review, revoke } from '@stint/core/request/machine'
import type { AccessRequest } from '@stint/core/request/request'
import { type DecisionFunction, unknownRequest } from '../approvals/decide.ts'
import { limitsOf } from '../approvals/limits.ts'
import { decisionUnknown } from '../vend/unknown-outcome.ts'
import { type Api, accessContext, answer, type Ctx, parseBody, readBytes, refuse, type Tools } from './context.ts'
import { decisionBody, reviewBody } from './request-schemas.ts'
import type { RequestTools } from './request-view.ts'

export function decideRequestRoutes(app: Api, { withCaller }: Tools, { decide: decideOn, approving, actorOf, show }: RequestTools): void {
  async function decide(c: Ctx, id: string, read: (bytes: Uint8Array) => Done<DecisionFunction> | Refused): Promise<Response> {
    const bytes = await readBytes(c)
    if (bytes.outcome === 'refused') return refuse(c, bytes)
    return withCaller(c, async (caller) => {
      const acts = read(bytes.value)
      if (acts.outcome === 'refused') return refuse(c, acts)
      const request = parseRequestId(id)
      if (!request) return refuse(c, unknownRequest)
      const match = c.req.header('if-match')
      const origin = { source: c.env.sourceIp, token: caller.token.hash }
      const seen = match === undefined || match === '*' ? undefined : ({ version: match, binds: 'every act' } as const)
      const changed = await decideOn(request, { caller, ...accessContext(c), origin }, acts.value, seen)
      if (changed.profile !== undefined) c.set('profile', changed.profile)
      if (changed.outcome === 'unknown') return refuse(c, decisionUnknown(changed.cause))
      if (changed.outcome === 'refused') return refuse(c, changed)
      return show(c, changed.value, actorOf(c, caller, changed.value), 200)
    })
  }

  const said = (
    bytes: Uint8Array,
    act: (body: ReturnType<typeof limitsOf> & { comment?: string }) => DecisionFunction,
  ): Done<DecisionFunction> | Refused => {
    const body = parseBody(decisionBody, bytes)
    if (body.outcome === 'refused') return body
    const { comment, ...limits } = body.value
    if (comment !== undefined && jsonBytes(comment) > MAX_COMMENT_BYTES)
      return refused('body-invalid', `comment is longer than ${MAX_COMMENT_BYTES} bytes.`)
    const parsed = limitsOf(limits)
    if (parsed.fault) return refused('duration-invalid', `${parsed.fault} must be whole seconds, or a string such as '15m' or '1h30m'.`)
    return done(act({ ...parsed, ...defined({ comment }) }))
  }
  const words = (comment: string | undefined) => ({ channel: 'api' as const, ...defined({ comment }) })

  answer(app, 'POST /requests/{id}/approve', (c) =>
    decide(c, c.req.param('id'), (bytes) => said(bytes, ({ comment, limits }) => approving({ ...words(comment), limits }))),
  )
  for (const [name, act] of [
    ['deny', deny],
    ['cancel', cancel],
    ['revoke', revoke],
  ] as const) {
    answer(app, `POST /requests/{id}/${name}`, (c) =>
      decide(c, c.req.param('id'), (bytes) =>
        said(
          bytes,
          ({ comment }) =>
            (request, actor, now) =>
              act(request, actor, words(comment), now),
        ),
      ),
    )
  }
  answer(app, 'POST /requests/{id}/review', (c) =>
    decide(c, c.req.param('id'), (bytes) => {
      const body = parseBody(reviewBody, bytes)
      if (body.outcome === 'refused') return body
      const text = body.value.text.trim()
      if (text === '' || jsonBytes(text) > MAX_COMMENT_BYTES)
        return refused('body-invalid', `text must be 1 to ${MAX_COMMENT_BYTES} bytes.`)
      return done((request: AccessRequest, actor: Actor, now: Instant) => review(request, actor, text, now))
    }),
  )
}
