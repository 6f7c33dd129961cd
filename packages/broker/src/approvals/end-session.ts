/** Ends a session before its time, through any channel. Its caller, the approvers of its profile and the responders can do that. */
import { isOneOf } from '@stint/core/access/decide'
import type { Rules } from '@stint/core/config/shape'
import { defined } from '@stint/core/defined'
import { callerRef } from '@stint/core/identity/caller'
import { parseSessionId } from '@stint/core/ids'
import { type Done, done, type Refused, refused, type Unknown } from '@stint/core/outcome'
import type { ImmediateEndState } from '@stint/core/request/immediate-end'
import { isParty, isRequester } from '@stint/core/request/machine'
import type { AccessRequest, Channel } from '@stint/core/request/request'
import { type Session, unknownSession } from '@stint/core/request/session'
import { type EveryEarlier, type ImmediateEnds, requestEnd } from '../ends/request-end.ts'
import type { Ending, Ledger } from '../ports/ledger.ts'
import type { Log } from '../ports/runtime.ts'
import { type Decider, decisions } from './decide.ts'

type EndRefusal = 'session-unknown' | 'not-approver' | 'not-eligible' | 'frozen' | 'end-policy-full'
type Parts = {
  readonly rules: Rules
  readonly ledger: Pick<Ledger, 'request' | 'endSession' | 'change' | 'frozen'>
  readonly log: Log
  readonly immediate?: ImmediateEnds
}
/** `immediateEnd`: how far the end is at AWS, if the target has `revocation`. */
type Ended = { readonly session: Session; readonly immediateEnd?: ImmediateEndState }

/**
 * Ends the session, or returns it unchanged if it is over. A session can be ended during a freeze too, unless the deployment itself froze
 * everything.
 */
export async function endSession(
  parts: Parts,
  decider: Decider,
  text: string,
  channel: Channel,
  everyEarlier?: EveryEarlier,
): Promise<Done<Ended> | Refused<EndRefusal> | Unknown> {
  const { rules, ledger } = parts
  const id = parseSessionId(text)
  if (!id) return unknownSession
  const found = await ledger.request(id.request)
  if (found.outcome === 'unknown') return found
  const session = found.value?.sessions.find((one) => one.id === id.session)
  if (!found.value || !session) return unknownSession
  const endedBy = standing(rules, ledger, decider, found.value)
  if (endedBy.outcome === 'refused') return endedBy
  const { caller, sourceIp, origin, now } = decider
  // It takes access away from other callers, as a freeze does.
  if (everyEarlier === 'end' && !isOneOf(rules.responders, caller, { sourceIp, now }))
    return refused('not-eligible', 'Only a responder can end every earlier session of a role.')
  const requested = await requestEnd(parts, session, now, everyEarlier)
  if (requested.outcome === 'refused') return requested
  const everyEarlierSession = requested.outcome === 'done' ? requested.value.everyEarlierSession : undefined
  const ending = { endedBy: endedBy.value, by: callerRef(caller), channel, origin, ...defined({ everyEarlierSession }) }
  const ended = await ledger.endSession(id.session, ending, now)
  if (ended.outcome !== 'done') return ended
  // The session has ended, and is not renewed again. A repeated call requests the rest.
  if (requested.outcome === 'unknown') return requested
  await requested.value.wake?.()
  return done({ session: ended.value ?? session, ...defined({ immediateEnd: requested.value.state }) })
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
  return refused('not-approver', 'Only the caller of a session, an approver of its profile or a responder can end it.')
}
