/** Sessions in Slack: end one, and request more time. */
import { defined } from '@stint/core/defined'
import { immediateEndWords } from '@stint/core/request/immediate-end'
import { credentialsExpireAt, sessionStateAt } from '@stint/core/request/session'
import { minute } from '@stint/core/request/summary'
import { endSession } from '../approvals/end-session.ts'
import { extendRequest } from '../approvals/extend.ts'
import type { SlackTurn } from './handle.ts'
import { admittedBySlack } from './request.ts'
import { callOf, deciderOf, recorded, type SlackBroker, whoIn, wordsOf } from './turn.ts'

export function sessions(broker: SlackBroker) {
  const { rules, decider } = broker

  /** `keep`: a full policy of the role does not stop the end, and the credentials work until they expire. */
  async function end(id: string, how: string | undefined, turn: SlackTurn): Promise<string> {
    if (id === '') return 'Name the session: /stint end SESSION. /stint status lists yours.'
    if (how !== undefined && how !== 'keep') return 'Enter /stint end SESSION, or /stint end SESSION keep.'
    const known = await whoIn(broker, turn)
    if (known.outcome !== 'done') return wordsOf(known)
    if (!known.value.settled) return `You cannot end a session from Slack during the first ten minutes of your link. Run stint end ${id}`
    if (known.value.directorySilent) return `The directory did not confirm your identity. Run stint end ${id}`
    const ended = await endSession(broker, deciderOf(turn, known.value), id, 'slack', how)
    if (ended.outcome === 'unknown')
      return 'The ledger did not answer, so it is not known whether the session was ended. Enter the same command again.'
    if (ended.outcome === 'refused') {
      await recorded(broker, turn, known.value, '', ended)
      return ended.code === 'end-policy-full'
        ? `${ended.detail} To let its credentials work until they expire, enter /stint end ${id} keep. Or ask a responder.`
        : wordsOf(ended)
    }
    const { session, immediateEnd } = ended.value
    const until = credentialsExpireAt(session)
    if (session.state !== 'ended') return `The session is ${sessionStateAt(session, turn.now)}, so there is nothing to end.`
    if (until === undefined) return 'Ended. It had no credentials yet.'
    if (until <= turn.now) return 'Ended. Its credentials have expired.'
    if (immediateEnd)
      return `Ended. ${immediateEndWords[immediateEnd]}${immediateEnd === 'requested' ? ' Enter the same command again to see whether it is done.' : ''}`
    return `Ended. Its last credentials work until ${minute(until)}.`
  }

  async function extend(id: string, justification: string, turn: SlackTurn): Promise<string> {
    if (id === '') return 'Name the request: /stint extend REQUEST. /stint status lists yours.'
    const known = await whoIn(broker, turn)
    if (known.outcome !== 'done') return wordsOf(known)
    const { caller } = known.value
    let profile = ''
    const asked = await extendRequest(
      broker,
      decider,
      callOf(turn),
      caller,
      id,
      defined({ justification: justification || undefined }),
      (name) => {
        profile = name
        return admittedBySlack(rules, name, caller, turn.now)
      },
    )
    if (asked.outcome === 'refused') await recorded(broker, turn, known.value, profile, asked)
    if (asked.outcome !== 'done')
      return asked.outcome === 'refused' && asked.code === 'not-extendable' ? `${asked.detail} ${asked.evidence.next}` : wordsOf(asked)
    const { request, found } = asked.value
    return `${found ? 'You already have an open request for this.' : 'Your request has been sent to its approvers.'} It expires at ${minute(request.expiresAt)}.\n${request.id}`
  }

  return { end, extend }
}
