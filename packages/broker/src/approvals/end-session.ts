/** Ends a session before its time, through any channel. Its caller, the approvers of its profile and the responders can do that. */
import { isOneOf } from '@stint/core/access/decide'
import type { Rules } from '@stint/core/config/shape'
import { callerRef } from '@stint/core/identity/caller'
import { parseSessionId } from '@stint/core/ids'
import { type Done, done, type Refused, refused, type Unknown } from '@stint/core/outcome'
import { isParty, isRequester } from '@stint/core/request/machine'
import type { AccessRequest, Channel } from '@stint/core/request/request'
import { type Session, unknownSession } from '@stint/core/request/session'
import type { Ending, Ledger } from '../ports/ledger.ts'
import { type Decider, decisions } from './decide.ts'

type EndRefusal = 'session-unknown' | 'not-approver' | 'frozen'

/**
 * Ends the session, or returns it unchanged if it is over. A session can be ended during a freeze too, unless the deployment itself froze
 * everything.
 */
export async function endSession(
  { rules, ledger }: { readonly rules: Rules; readonly ledger: Pick<Ledger, 'request' | 'endSession' | 'change' | 'frozen'> },
  decider: Decider,
  text: string,
  channel: Channel,
): Promise<Done<Session> | Refused<EndRefusal> | Unknown> {
  const id = parseSessionId(text)
  if (!id) return unknownSession
  const found = await ledger.request(id.request)
  if (found.outcome === 'unknown') return found
  const session = found.value?.sessions.find((one) => one.id === id.session)
  if (!found.value || !session) return unknownSession
  const endedBy = standing(rules, ledger, decider, found.value)
  if (endedBy.outcome === 'refused') return endedBy
  const { caller, origin, now } = decider
  const ended = await ledger.endSession(id.session, { endedBy: endedBy.value, by: callerRef(caller), channel, origin }, now)
  if (ended.outcome !== 'done') return ended
  return done(ended.value ?? session)
}

/** The role in which the caller may end a session of this request. To a caller who may not see the request, the session does not exist. */
function standing(
  rules: Rules,
  ledger: Pick<Ledger, 'change' | 'frozen'>,
  decider: Decider,
  request: AccessRequest,
): Done<Ending['endedBy']> | Refused<EndRefusal> {
  const { caller, sourceIp, now } = decider
  const { actorFor, withPeople } = decisions({ rules, ledger })
  const actor = actorFor(decider, request)
  if (isRequester(request, actor)) return done('caller')
  if (caller.kind === 'human' && actor.opens.length > 0) return done('approver')
  if (caller.kind === 'human' && isOneOf(rules.responders, caller, { sourceIp, now })) return done('responder')
  if (!isParty(withPeople(request), actor)) return unknownSession
  return refused('not-approver', 'Only its caller, an approver of its profile or a responder can end a session.')
}
