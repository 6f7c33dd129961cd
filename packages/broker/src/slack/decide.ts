/** Deciding in Slack: approve, deny, review, and the details of a request. */

import { MAX_COMMENT_BYTES } from '@stint/core/audit/event'
import { defined } from '@stint/core/defined'
import { parseRequestId } from '@stint/core/ids'
import { jsonBytes } from '@stint/core/json'
import { type Done, done } from '@stint/core/outcome'
import { deny, isParty, review } from '@stint/core/request/machine'
import type { AccessRequest } from '@stint/core/request/request'
import { type DecisionFunction, unknownRequest } from '../approvals/decide.ts'
import { decisionUnknown } from '../vend/unknown-outcome.ts'
import type { SlackReply, SlackTurn } from './handle.ts'
import { blockIds, callbacks, detailsModal, reasonModal, tellModal, waitModal } from './modals.ts'
import type { View } from './payload.ts'
import { deciderOf, errorAt, formNotOpened, recorded, type SlackBroker, type Tell, whoIn, wordsOf } from './turn.ts'

/** Refusals that the person may avoid by signing in on the web page. */
const mayBeSignedIn: readonly string[] = ['request-unknown', 'not-approver', 'auth-too-old', 'mfa-required']

const said = (comment: string | undefined) => ({ channel: 'slack' as const, ...defined({ comment }) })

export function deciding(broker: SlackBroker) {
  const { ledger, api, publicUrl, decider } = broker

  async function decide(text: string, turn: SlackTurn, acts: DecisionFunction, tell: Tell): Promise<SlackReply> {
    const id = parseRequestId(text)
    const known = await whoIn(broker, turn)
    if (known.outcome !== 'done') return tell(wordsOf(known))
    const page = `Sign in to decide: ${publicUrl}/decide/${text}`
    if (!id) return tell(wordsOf(unknownRequest))
    if (!known.value.settled) return tell(`You cannot decide from Slack during the first ten minutes of your link. ${page}`)
    if (known.value.directorySilent) return tell(`The directory did not confirm your identity. ${page}`)
    const decided = await decider.decide(id, deciderOf(turn, known.value), acts)
    if (decided.outcome === 'done') return undefined
    if (decided.outcome === 'unknown') return tell(`${decisionUnknown(decided.cause).detail} ${publicUrl}/decide/${text}`)
    await recorded(broker, turn, known.value, decided.profile ?? '', decided)
    return tell(mayBeSignedIn.includes(decided.code) ? `${decided.detail} ${page}` : wordsOf(decided))
  }

  /** Checks the limits of the comment while the modal is open, so that the user can correct it. */
  function submitReason(view: View, turn: SlackTurn): Promise<SlackReply> | SlackReply {
    const reason = view.values.get(blockIds.reason)?.trim()
    const reviewing = view.callback === callbacks.review
    if (reviewing && !reason) return errorAt(blockIds.reason, 'Enter what was done.')
    if (reason && jsonBytes(reason) > MAX_COMMENT_BYTES)
      return errorAt(blockIds.reason, `The comment is ${jsonBytes(reason)} bytes long. The maximum is ${MAX_COMMENT_BYTES}.`)
    const acts: DecisionFunction = (request, actor, now) =>
      reviewing ? review(request, actor, reason ?? '', now) : deny(request, actor, said(reason || undefined), now)
    return decide(view.metadata, turn, acts, async (words) => errorAt(blockIds.reason, words))
  }

  async function showDetails(trigger: string, text: string, turn: SlackTurn): Promise<SlackReply> {
    const opened = await api.openView(trigger, waitModal('Terms'))
    if (opened.outcome !== 'done') return undefined
    const seen = await seenBy(text, turn)
    const view =
      seen.outcome === 'done' ? detailsModal(seen.value, decider.summaryFor(seen.value, turn.now)) : tellModal('Terms', seen.words)
    await api.updateView(opened.value, undefined, view)
    return undefined
  }

  /** The request, if the user can see it; otherwise the reason why not. */
  async function seenBy(
    text: string,
    turn: SlackTurn,
  ): Promise<Done<AccessRequest> | { readonly outcome: 'hidden'; readonly words: string }> {
    const [known, found] = await Promise.all([whoIn(broker, turn), readRequest(text)])
    if (known.outcome !== 'done') return { outcome: 'hidden', words: wordsOf(known) }
    const seen = found.outcome === 'done' && found.value ? decider.withPeople(found.value) : undefined
    if (seen && isParty(seen, decider.actorFor(deciderOf(turn, known.value), seen))) return done(seen)
    const words = wordsOf(found.outcome === 'unknown' ? found : unknownRequest)
    return { outcome: 'hidden', words: `${words} Sign in to see it: ${publicUrl}/decide/${text}` }
  }
  async function readRequest(text: string) {
    const id = parseRequestId(text)
    return id ? ledger.request(id) : done(undefined)
  }

  /** Opens the form at once. The summary of the request follows, if the user can see it. */
  async function askForReason(
    trigger: string,
    callback: 'deny' | 'review',
    text: string,
    turn: SlackTurn,
    tell: Tell,
  ): Promise<SlackReply> {
    const opened = await api.openView(trigger, reasonModal(callback, text))
    if (opened.outcome !== 'done') return tell(formNotOpened)
    const seen = await seenBy(text, turn)
    if (seen.outcome === 'done')
      await api.updateView(opened.value, undefined, reasonModal(callback, text, decider.summaryFor(seen.value, turn.now)))
    return undefined
  }

  return {
    approve: (text: string, turn: SlackTurn, tell: Tell) => decide(text, turn, decider.approving(said(undefined)), tell),
    submitReason,
    showDetails,
    askForReason,
  }
}
