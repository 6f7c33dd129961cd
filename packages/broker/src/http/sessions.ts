/** Sessions, for their owners and for auditors. Their secrets were never stored. */

import { defined } from '@stint/core/defined'
import { identitiesOf } from '@stint/core/identity/person'
import { identitiesInAws } from '@stint/core/identity/person-in-aws'
import { parseSessionId } from '@stint/core/ids'
import { type Instant, toIso } from '@stint/core/instant'
import { type Done, done, refused, type Unknown } from '@stint/core/outcome'
import type { AccessRequest } from '@stint/core/request/request'
import { credentialsExpireAt, identityProofUntil, type Session, sessionStateAt, unknownSession } from '@stint/core/request/session'
import { endSession } from '../approvals/end-session.ts'
import { immediateEndOf } from '../ends/request-end.ts'
import type { Page } from '../ports/ledger.ts'
import { outcomeUnknown } from '../vend/unknown-outcome.ts'
import { type Api, type ApiBroker, accessContext, answer, refuse, type Tools, unavailable } from './context.ts'
import { LARGEST_PAGE, nextOf, pageQuery, singleQuery } from './paging.ts'
import type { Answer, endedSession as endedSchema, sessionView as schema } from './response-schemas.ts'

export function sessionRoutes(app: Api, broker: ApiBroker, { withCaller, isAuditor, isResponder }: Tools): void {
  const { ledger, rules } = broker
  answer(app, 'GET /sessions', (c) =>
    withCaller(c, async (caller) => {
      const query = pageQuery(c, { mine: ['true', 'false'], person: Object.keys(rules.people ?? {}) })
      if (!query)
        return refuse(
          c,
          refused(
            'body-invalid',
            `Invalid query. This route accepts limit (1 to ${LARGEST_PAGE}), cursor, mine=true and, with the ID of a person in the config, person.`,
          ),
        )
      const { mine, person } = query.filters
      if (person !== undefined && !isAuditor(c, caller) && !isResponder(c, caller))
        return refuse(c, refused('not-eligible', 'Only auditors and responders can list the sessions of another person.'))
      const page =
        person !== undefined
          ? await requestsOfPerson(broker, person, query)
          : isAuditor(c, caller) && mine !== 'true'
            ? await ledger.allRequests(c.get('now'), query.limit, query.cursor)
            : await ledger.requestsOf(caller, query.limit, query.cursor)
      if (page.outcome === 'unknown') return refuse(c, unavailable(page.cause))
      const sessions = page.value.items.flatMap((request) =>
        request.sessions.toReversed().map((session) => sessionView(session, c.get('now'))),
      )
      const next = nextOf(c, query, page.value.next)
      const identities = person === undefined ? undefined : identitiesInAws(rules, person)
      return c.json({ sessions, ...defined({ next, identities }) })
    }),
  )

  answer(app, 'GET /sessions/{id}', (c) =>
    withCaller(c, async (caller) => {
      const id = parseSessionId(c.req.param('id'))
      if (!id) return refuse(c, unknownSession)
      const found = await ledger.session(id.session)
      if (found.outcome === 'unknown') return refuse(c, unavailable(found.cause))
      const session = found.value
      const isOwn = session?.caller.issuer === caller.issuer && session.caller.subject === caller.subject
      if (!session || !(isOwn || isAuditor(c, caller))) return refuse(c, unknownSession)
      const immediate = await immediateEndOf(broker, session, c.get('now'))
      if (immediate.outcome === 'unknown') return refuse(c, unavailable(immediate.cause))
      return c.json({ ...sessionView(session, c.get('now')), ...defined({ immediateEnd: immediate.value }) })
    }),
  )

  answer(app, 'DELETE /sessions/{id}', (c) =>
    withCaller(c, async (caller) => {
      const origin = { source: c.env.sourceIp, token: caller.token.hash }
      const query = singleQuery(c)
      const { everyEarlierSession: choice, ...stray } = query ?? { stray: '' }
      if (Object.keys(stray).length > 0 || (choice !== undefined && choice !== 'end' && choice !== 'keep'))
        return refuse(c, refused('body-invalid', 'Invalid query. This route accepts everyEarlierSession=end and everyEarlierSession=keep.'))
      const ended = await endSession(broker, { caller, ...accessContext(c), origin }, c.req.param('id'), 'api', choice)
      if (ended.outcome === 'refused') return refuse(c, ended)
      if (ended.outcome === 'unknown')
        return refuse(c, outcomeUnknown(ended.cause, 'the session was ended', 'It is safe to repeat the call.'))
      const { session, immediateEnd } = ended.value
      c.set('profile', session.profile)
      return c.json({ ...endedView(session, c.get('now')), ...defined({ immediateEnd }) })
    }),
  )
}

/** Those of every identity that the config declares for the person, newest first. Jobs that they triggered are other callers. */
async function requestsOfPerson(
  { rules, ledger }: ApiBroker,
  person: string,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string },
): Promise<Done<Page<AccessRequest>> | Unknown> {
  const subjects = identitiesOf(rules, person).flatMap((identity) => ('subject' in identity ? [identity] : []))
  const pages = await Promise.all(subjects.map((identity) => ledger.requestsOf(identity, limit, cursor)))
  const unknown = pages.find((page) => page.outcome === 'unknown')
  if (unknown) return unknown
  // All pages are in the order of the same key, so one place is good for all of them: the newest at which a page was cut.
  const keyOf = ({ createdAt, id }: AccessRequest) => `${toIso(createdAt)}#${id}`
  const cut = pages.flatMap((page) => (page.outcome === 'done' ? (page.value.next ?? []) : [])).reduce((a, b) => (a > b ? a : b), '')
  const found = pages
    .flatMap((page) => (page.outcome === 'done' ? page.value.items : []))
    .filter((request) => keyOf(request) >= cut)
    .sort((a, b) => (keyOf(a) < keyOf(b) ? 1 : -1))
  const items = found.slice(0, limit)
  const last = found.length > limit ? items.at(-1) : undefined
  const next = last ? keyOf(last) : cut
  return done({ items, ...(next === '' ? {} : { next }) })
}

/** A session after it was ended, and how long what it left behind still works. */
function endedView(session: Session, now: Instant): Answer<typeof endedSchema> {
  const [credentials, proof] = [credentialsExpireAt(session), identityProofUntil(session)]
  return {
    id: session.id,
    state: sessionStateAt(session, now),
    ...(credentials === undefined ? {} : { credentialsExpireBy: toIso(credentials) }),
    ...(proof === undefined ? {} : { identityProofUntil: toIso(proof) }),
  }
}

export function sessionView(
  { state, reservedAt, expiresAt, issued, renewed, endedAt, ...session }: Session,
  now: Instant,
): Answer<typeof schema> {
  return {
    ...session,
    state: sessionStateAt({ state, expiresAt }, now),
    reservedAt: toIso(reservedAt),
    expiresAt: toIso(expiresAt),
    ...(issued ? { issued: { ...issued, at: toIso(issued.at), expiration: toIso(issued.expiration) } } : {}),
    ...(renewed ? { renewed: { ...renewed, at: toIso(renewed.at), expiration: toIso(renewed.expiration) } } : {}),
    ...(endedAt === undefined ? {} : { endedAt: toIso(endedAt) }),
  }
}
