/** What the answers to Slack's calls share: who the Slack user is, how a refusal is recorded, and how the user is answered. */

import type { Rules } from '@stint/core/config/shape'
import type { Refused, Unknown } from '@stint/core/outcome'
import { problems } from '@stint/core/problem'
import type { SlackApi } from '../adapters/slack.ts'
import type { Decider, Decisions } from '../approvals/decide.ts'
import type { Linking } from '../approvals/link.ts'
import type { ImmediateEnds } from '../ends/request-end.ts'
import type { Directory } from '../ports/directory.ts'
import type { Call, Ledger } from '../ports/ledger.ts'
import type { Clock, Log } from '../ports/runtime.ts'
import { recordRefusal } from '../vend/record-refusal.ts'
import type { SlackReply, SlackTurn } from './handle.ts'
import { escaped, plain, safe } from './text.ts'
import { type Known, whoIs } from './who.ts'

export type SlackParts = {
  readonly rules: Rules
  readonly clock: Clock
  readonly log: Log
  readonly ledger: Pick<
    Ledger,
    'ask' | 'takePlace' | 'leavePlace' | 'countAsk' | 'frozen' | 'change' | 'request' | 'requestsOf' | 'endSession' | 'refuse'
  >
  /** Ends sessions at once; absent if no target of the config has `revocation`. */
  readonly immediate?: ImmediateEnds
  readonly linking: Linking
  readonly directory: Directory
  readonly api: SlackApi
  /** Posts to a `response_url`, which Slack accepts 5 times within 30 minutes. Nothing depends on whether the message arrives. */
  readonly respond: (url: string, message: object) => Promise<void>
  /** The base URL of Stint's own pages, without a trailing slash. */
  readonly publicUrl: string
}

/** The parts, and the decisions that every channel shares. */
export type SlackBroker = SlackParts & { readonly decider: Decisions }

/** Shows the user a message: in their open modal, or in a message that only they see. */
export type Tell = (words: string) => Promise<SlackReply>

/** Where an act in Slack came from, as the audit log has it. */
export const sourceOf = ({ slack }: SlackTurn): string => `slack:${slack.team}/${slack.user}`
export const callOf = (turn: SlackTurn): Call => ({ trace: turn.trace, source: sourceOf(turn), now: turn.now })
export const whoIn = (parts: SlackParts, turn: SlackTurn) => whoIs(parts, turn.slack, turn.hash, turn.now)
export const deciderOf = (turn: SlackTurn, { caller }: Known): Decider => ({
  caller,
  // Slack does not reveal the client address, so `sourceIp` rules never match here.
  sourceIp: '',
  now: turn.now,
  origin: { source: sourceOf(turn), token: turn.hash },
})

/** Records the refusal of a linked person in the audit log, as every other channel does. */
export async function recorded(parts: SlackParts, turn: SlackTurn, { caller }: Known, profile: string, refusal: Refused): Promise<void> {
  if (problems[refusal.code].status < 500) await recordRefusal(parts, callOf(turn), caller, profile, refusal)
}

/** A message that only the user sees. */
export const only = (text: string): SlackReply => ({
  response_type: 'ephemeral',
  // Slack shows this as mrkdwn where it does not show blocks.
  text: escaped(safe(text)),
  blocks: [{ type: 'section', text: plain(text) }],
})

export const formNotOpened = 'Slack did not open the form. Try again.'

/**
 * For reads and refusals. The problem's `next` is left out, because it speaks of the API. A write with an unknown outcome has its
 * own message where it is made.
 */
export const wordsOf = (no: Refused | Unknown): string => (no.outcome === 'unknown' ? 'The ledger did not answer. Try again.' : no.detail)

export const errorAt = (block: string, words: string): SlackReply => ({ response_action: 'errors', errors: { [block]: safe(words, 2000) } })
