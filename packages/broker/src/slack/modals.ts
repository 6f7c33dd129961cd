/** Stint's modals: request access, deny, show the terms, complete a review. Inputs are read by the IDs of their blocks. */

import type { InputBlock, KnownBlock, ModalView, PlainTextOption } from '@slack/types'
import type { Parameter, Profile } from '@stint/core/config/shape'
import type { AccessRequest } from '@stint/core/request/request'
import type { Summary } from '@stint/core/request/summary'
import { MAX_JUSTIFICATION_CHARACTERS } from '@stint/core/scope/terms'
import { visibleJson } from '@stint/core/shown-text'
import { summaryBlocks } from './messages.ts'
import { cut, mrkdwn, plain } from './text.ts'

export const callbacks = { ask: 'ask', deny: 'deny', review: 'review', details: 'details' } as const
export const blockIds = {
  profile: 'profile',
  justification: 'justification',
  duration: 'duration',
  ticket: 'ticket',
  reason: 'reason',
} as const
/** The prefix of a parameter's name, so that no parameter can be mistaken for one of Stint's own inputs. */
export const PARAMETER = 'p.'

/** Slack's limit of options in one select. With more profiles, the modal has a search instead. */
export const MOST_OPTIONS = 100

export type Choice = { readonly id: string; readonly profile: Pick<Profile, 'description' | 'parameters' | 'justification' | 'duration'> }

export const optionOf = ({ id, profile }: Choice): PlainTextOption => ({
  text: plain(id, 75),
  value: id,
  ...(profile.description === undefined ? {} : { description: plain(profile.description, 75) }),
})

/** `chosen`: the modal also has inputs for the parameters of this profile. */
export function askModal(choices: readonly Choice[], chosen?: Choice): ModalView {
  const initial = chosen && optionOf(chosen)
  const select =
    choices.length > MOST_OPTIONS
      ? ({
          type: 'external_select',
          action_id: blockIds.profile,
          min_query_length: 0,
          ...(initial ? { initial_option: initial } : {}),
        } as const)
      : ({
          type: 'static_select',
          action_id: blockIds.profile,
          options: choices.map(optionOf),
          ...(initial ? { initial_option: initial } : {}),
        } as const)
  return {
    type: 'modal',
    callback_id: callbacks.ask,
    title: plain('Request access', 24),
    submit: plain('Request', 24),
    close: plain('Close', 24),
    private_metadata: '',
    blocks: [
      // A change of the profile changes the other fields.
      { type: 'input', block_id: blockIds.profile, dispatch_action: true, label: plain('Profile', 2000), element: select },
      ...Object.entries(chosen?.profile.parameters ?? {}).map(([name, parameter]) => parameterInput(name, parameter)),
      {
        ...text(blockIds.justification, 'Justification', 'What happened, and what you need to do', true, MAX_JUSTIFICATION_CHARACTERS),
        optional: chosen !== undefined && chosen.profile.justification !== 'required',
      },
      {
        ...text(blockIds.duration, 'Duration', `For example, 30m. Maximum: ${chosen?.profile.duration.max ?? 'set by the profile'}`),
        optional: true,
      },
      { ...text(blockIds.ticket, 'Ticket', 'OPS-17'), optional: true },
    ],
  }
}

const parameterInput = (name: string, { pattern, max }: Parameter): InputBlock => ({
  ...text(`${PARAMETER}${name}`, name, ''),
  hint: plain(`Must match ${pattern} and have at most ${max} characters`, 2000),
})

function text(block: string, label: string, placeholder: string, multiline = false, longest = 3000): InputBlock {
  return {
    type: 'input',
    block_id: cut(block, 255),
    label: plain(label, 2000),
    element: {
      type: 'plain_text_input',
      action_id: 'text',
      multiline,
      max_length: longest,
      ...(placeholder === '' ? {} : { placeholder: plain(placeholder, 150) }),
    },
  }
}

/**
 * Asks for the reason of a denial or for a review. A modal must be opened before anything is read, so it has only the ID at first;
 * `summary` follows in an update. Slack keeps what was typed meanwhile, because it keeps inputs by their block IDs.
 */
export function reasonModal(callback: 'deny' | 'review', request: string, summary?: Summary): ModalView {
  const denying = callback === 'deny'
  return {
    type: 'modal',
    callback_id: callbacks[callback],
    title: plain(denying ? 'Deny the request' : 'Complete the review', 24),
    submit: plain(denying ? 'Deny' : 'Complete review', 24),
    close: plain('Back', 24),
    private_metadata: cut(request, 255),
    blocks: [
      ...(summary ? summaryBlocks(summary, MOST_PERMISSIONS) : []),
      { type: 'context', elements: [plain(request, 150)] },
      { ...text(blockIds.reason, denying ? 'Reason' : 'What was done, and was it justified?', '', true), optional: denying },
    ],
  }
}
const MOST_PERMISSIONS = 20

/** A placeholder that opens at once, while the data is read. */
export const waitModal = (title: string): ModalView => tellModal(title, 'Loading…')

/** A modal that shows a message and has no submit button. */
export const tellModal = (title: string, words: string): ModalView => ({
  type: 'modal',
  callback_id: 'message',
  title: plain(title, 24),
  close: plain('Close', 24),
  private_metadata: '',
  blocks: [{ type: 'section', text: plain(words) }],
})

/** The summary of the request, and all of its terms as they would be vended. */
export function detailsModal(request: AccessRequest, summary: Summary): ModalView {
  const lines = visibleJson(request.terms, 2)
  const parts: string[] = []
  let at = 0
  while (at < lines.length && parts.length < MOST_PARTS) {
    // Do not split a surrogate pair.
    const end = at + PART - (/[\uD800-\uDBFF]/.test(lines[at + PART - 1] ?? '') ? 1 : 0)
    parts.push(lines.slice(at, end))
    at = end
  }
  const blocks: KnownBlock[] = parts.map((part) => ({ type: 'section', text: plain(part) }))
  const left = Math.max(0, lines.length - at)
  return {
    type: 'modal',
    callback_id: callbacks.details,
    title: plain('Terms', 24),
    close: plain('Close', 24),
    private_metadata: request.id,
    blocks: [
      ...summaryBlocks(summary, MOST_PERMISSIONS),
      { type: 'section', text: mrkdwn('*All terms*') },
      ...blocks,
      ...(left > 0 ? [{ type: 'section', text: plain(`… and ${left} more characters: GET /requests/${request.id}`) } as const] : []),
      { type: 'context', elements: [plain(`terms ${request.termsHash}`, 2000)] },
    ],
  }
}
const PART = 2900
const MOST_PARTS = 20
