/**
 * What each of Slack's calls does. The request state machine makes every decision, for the caller that the Slack user is linked to;
 * Slack's files contain no rules. A user who is not linked can only link. A user who must not decide from Slack gets the address of the
 * page on which to sign in and decide.
 */
import { decisions } from '../approvals/decide.ts'
import { strangerText } from '../approvals/workspaces.ts'
import { commands } from './command.ts'
import { deciding } from './decide.ts'
import type { SlackReply, SlackTurn } from './handle.ts'
import { buttons } from './messages.ts'
import { blockIds, callbacks, tellModal } from './modals.ts'
import type { SlackCall } from './payload.ts'
import { requesting } from './request.ts'
import { only, type SlackParts, type Tell } from './turn.ts'

export function slackAnswers(parts: SlackParts) {
  const broker = { ...parts, decider: decisions(parts) }
  const { openAsk, chooseProfile, suggest, submitAsk } = requesting(broker)
  const { approve, submitReason, showDetails, askForReason } = deciding(broker)
  const command = commands(broker, openAsk)

  function action(call: Extract<SlackCall, { kind: 'action' }>, turn: SlackTurn): Promise<SlackReply> | SlackReply {
    const tell: Tell = async (words) => {
      if (call.responseUrl !== undefined) await parts.respond(call.responseUrl, { ...(only(words) as object), replace_original: false })
      return undefined
    }
    switch (call.action) {
      case buttons.approve:
        return approve(call.value, turn, tell)
      case buttons.deny:
      case buttons.review:
        return askForReason(call.trigger, call.action === buttons.deny ? 'deny' : 'review', call.value, turn, tell)
      case buttons.details:
        return showDetails(call.trigger, call.value, turn)
      case blockIds.profile:
        return call.view && chooseProfile(call.view, call.value, turn)
      default:
        return undefined
    }
  }

  /** On the way that the call leaves open. Nothing is read or written. */
  async function refuseStranger(call: Extract<SlackCall, { kind: 'stranger' }>): Promise<SlackReply> {
    const words = strangerText(call.team)
    if (call.responseUrl !== undefined) await parts.respond(call.responseUrl, { ...(only(words) as object), replace_original: false })
    else if (call.of === 'submission') return { response_action: 'update', view: tellModal('Stint', words) }
    else if (call.of === 'shortcut' && call.trigger !== undefined) await parts.api.openView(call.trigger, tellModal('Stint', words))
    return undefined
  }

  return async (call: SlackCall, turn: SlackTurn): Promise<SlackReply> => {
    switch (call.kind) {
      case 'stranger':
        return refuseStranger(call)
      case 'command':
        return command(call, turn)
      case 'shortcut':
        return openAsk(call.trigger, turn)
      case 'action':
        return action(call, turn)
      case 'submission':
        return call.view.callback === callbacks.ask
          ? submitAsk(call.view, turn)
          : call.view.callback === callbacks.deny || call.view.callback === callbacks.review
            ? submitReason(call.view, turn)
            : undefined
      case 'suggestion':
        return suggest(call.typed, turn)
      default:
        return undefined
    }
  }
}
