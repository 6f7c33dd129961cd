/** The caller's Slack user over HTTP: get a code, confirm the link, remove it. `slack/interactions.ts` has the Slack side. */
import { type Caller, callerRef } from '@stint/core/identity/caller'
import { activeAt, type Link, linkedOf } from '@stint/core/identity/link'
import { ownIdentity } from '@stint/core/identity/shown'
import { type Instant, toIso } from '@stint/core/instant'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import { STEP_UP_SECONDS, signedInLately } from '@stint/core/request/machine'
import { linking } from '../approvals/link.ts'
import { slackUserOf } from '../approvals/workspaces.ts'
import { outcomeUnknown } from '../vend/unknown-outcome.ts'
import { type Api, type ApiBroker, answer, type Ctx, parseBody, readBytes, refuse, type Tools, unavailable } from './context.ts'
import { linkBody, linkConfirmBody } from './request-schemas.ts'
import type { Answer, linkState } from './response-schemas.ts'

const notSetUp = refused('route-unknown', 'Slack is not configured.')
const notAPerson = refused('not-eligible', 'Workloads cannot be linked to Slack users.')

export const signInAgain = refused('auth-too-old', 'You can do this only within five minutes of signing in.', {
  evidence: { reasons: ['auth-too-old'], stepUp: { maxAge: STEP_UP_SECONDS } },
})

const linkUnknown = (cause: string, what: 'made' | 'removed'): Refused =>
  outcomeUnknown(cause, `the link was ${what}`, 'GET /slack/link shows the current state. It is safe to repeat the call.')

/** Creating a code voids the earlier one, and that may have happened. */
export const codeUnknown = (cause: string): Refused =>
  outcomeUnknown(cause, 'your code was created', 'An earlier code may no longer be valid. It is safe to get another code.')

export function linkRoutes(app: Api, broker: ApiBroker, { withCaller }: Tools): void {
  const { rules } = broker
  const links = linking(broker.ledger, broker.random)
  const origin = (c: Ctx, caller: Caller) => ({ source: c.env.sourceIp, token: caller.token.hash })

  /** For human callers, where Slack is configured. */
  const forPerson = (c: Ctx, answer: (caller: Caller) => Response | Promise<Response>) =>
    withCaller(c, (caller) => (!rules.slack ? refuse(c, notSetUp) : caller.kind === 'human' ? answer(caller) : refuse(c, notAPerson)))

  answer(app, 'GET /slack/link', (c) =>
    forPerson(c, async (caller) => {
      const found = await links.ofPerson(caller)
      if (found.outcome === 'unknown') return refuse(c, unavailable(found.cause))
      return c.json(linkView(caller, found.value, c.get('now')))
    }),
  )

  answer(app, 'POST /slack/link', async (c) => {
    const bytes = await readBytes(c)
    if (bytes.outcome === 'refused') return refuse(c, bytes)
    return forPerson(c, async (caller) => {
      const body = parseBody(linkBody, bytes.value)
      if (body.outcome === 'refused') return refuse(c, body)
      if (body.value.by === 'email') return byEmail(c, caller)
      const offered = await links.offer(linkedOf(caller), c.get('now'))
      if (offered.outcome === 'unknown') return refuse(c, codeUnknown(offered.cause))
      if (offered.outcome === 'refused') return refuse(c, offered)
      return c.json({ state: 'offered', code: offered.value.code, expiresAt: toIso(offered.value.expiresAt) }, 201)
    })
  })

  async function byEmail(c: Ctx, caller: Caller): Promise<Response> {
    const slack = await slackUserByEmail(caller, c.get('now'))
    if (slack.outcome === 'refused') return refuse(c, slack)
    const made = await links.byEmail(linkedOf(caller), slack.value, c.get('now'), origin(c, caller))
    if (made.outcome === 'unknown') return refuse(c, linkUnknown(made.cause, 'made'))
    return made.outcome === 'refused' ? refuse(c, made) : c.json(linkView(caller, made.value, c.get('now')), 201)
  }

  /**
   * The member of a configured workspace whose email address equals the one that the issuer has verified. The comparison is exact,
   * including case.
   */
  async function slackUserByEmail(
    caller: Caller,
    now: Instant,
  ): Promise<Done<{ readonly team: string; readonly user: string; readonly name: string }> | Refused> {
    const { email, email_verified: verified } = caller.claims
    if (rules.slack?.trustEmail?.issuer !== caller.issuer || !broker.slackUserByEmail)
      return refused('not-eligible', 'This deployment does not link by email.')
    if (!signedInLately(caller, now)) return signInAgain
    if (typeof email !== 'string' || email === '' || verified !== true)
      return refused('not-eligible', 'Your token has no verified email address.')
    const found = await broker.slackUserByEmail(email)
    if (found.outcome === 'unknown' || found.outcome === 'later') return refused('ledger-unavailable', 'Slack did not answer.')
    const user = found.outcome === 'done' ? found.value : undefined
    const slack = user?.member && user.email === email ? slackUserOf(rules.slack, user) : undefined
    if (!user || !slack) return refused('link-unknown', 'No member of the workspace has your email address.')
    return done({ ...slack, name: user.name })
  }

  answer(app, 'POST /slack/link/confirm', async (c) => {
    const bytes = await readBytes(c)
    if (bytes.outcome === 'refused') return refuse(c, bytes)
    return forPerson(c, async (caller) => {
      const body = parseBody(linkConfirmBody, bytes.value)
      if (body.outcome === 'refused') return refuse(c, body)
      if (!signedInLately(caller, c.get('now'))) return refuse(c, signInAgain)
      const made = await links.confirm(linkedOf(caller), body.value, c.get('now'), origin(c, caller))
      if (made.outcome === 'unknown') return refuse(c, linkUnknown(made.cause, 'made'))
      return made.outcome === 'refused' ? refuse(c, made) : c.json(linkView(caller, made.value, c.get('now')))
    })
  })

  answer(app, 'DELETE /slack/link', (c) =>
    forPerson(c, async (caller) => {
      const ended = await links.end(caller, 'unlinked', c.get('now'), { origin: origin(c, caller) })
      if (ended.outcome === 'unknown') return refuse(c, linkUnknown(ended.cause, 'removed'))
      return ended.outcome === 'refused' ? refuse(c, ended) : c.body(null, 204)
    }),
  )
}

function linkView(caller: Caller, link: Link | undefined, now: Instant): Answer<typeof linkState> {
  const active = activeAt(link, now)
  const pending = link?.pending && link.pending.expiresAt > now ? link.pending : undefined
  return {
    state: pending ? 'pending' : active ? 'linked' : 'none',
    caller: callerRef(caller),
    identity: ownIdentity(caller),
    ...(pending ? { pending: { ...pending.slack, expiresAt: toIso(pending.expiresAt) } } : {}),
    ...(active ? { linked: { ...active.slack, since: toIso(active.since), expiresAt: toIso(active.expiresAt) } } : {}),
  }
}
