/**
 * What each of Slack's calls does. The request state machine makes every decision, for the caller that the Slack user is linked to;
 * this file contains no rules. A user who is not linked can only link. A user who must not decide from Slack gets the address of the
 * page on which to sign in and decide.
 */

import { standingOf } from '@stint/core/access/decide'
import { MAX_COMMENT_BYTES } from '@stint/core/audit/event'
import type { Profile, Rules } from '@stint/core/config/shape'
import { ownIdentity, withIdentity } from '@stint/core/identity/shown'
import { parseRequestId } from '@stint/core/ids'
import { jsonBytes, own } from '@stint/core/json'
import { type Done, done, type Refused, refused, type Unknown } from '@stint/core/outcome'
import { problems } from '@stint/core/problem'
import { deny, isParty, review } from '@stint/core/request/machine'
import { type AccessRequest, stateAt } from '@stint/core/request/request'
import { minute } from '@stint/core/request/summary'
import { resolveScope } from '@stint/core/scope/terms'
import type { SlackApi } from '../adapters/slack.ts'
import { type Acts, type Decider, decisions, unknownRequest } from '../approvals/decide.ts'
import type { Linking } from '../approvals/link.ts'
import type { Directory } from '../ports/directory.ts'
import type { Call, Ledger } from '../ports/ledger.ts'
import type { Clock, Log } from '../ports/runtime.ts'
import { askForApproval } from '../vend/ask.ts'
import { recordRefusal } from '../vend/record-refusal.ts'
import { decisionUnknown } from '../vend/unknown-outcome.ts'
import type { SlackReply, SlackTurn } from './handle.ts'
import { buttons } from './messages.ts'
import {
  askModal,
  blockIds,
  type Choice,
  callbacks,
  detailsModal,
  MOST_OPTIONS,
  optionOf,
  PARAMETER,
  reasonModal,
  tellModal,
  waitModal,
} from './modals.ts'
import type { SlackCall, View } from './payload.ts'
import { escaped, inLine, plain, safe } from './text.ts'
import { type Known, whoIs } from './who.ts'

export type SlackParts = {
  readonly rules: Rules
  readonly clock: Clock
  readonly log: Log
  readonly ledger: Pick<Ledger, 'ask' | 'takePlace' | 'leavePlace' | 'countAsk' | 'frozen' | 'change' | 'request' | 'requestsOf' | 'refuse'>
  readonly linking: Linking
  readonly directory: Directory
  readonly api: SlackApi
  /** Posts to a `response_url`, which Slack accepts 5 times within 30 minutes. Nothing depends on whether the message arrives. */
  readonly respond: (url: string, message: object) => Promise<void>
  /** The base URL of Stint's own pages, without a trailing slash. */
  readonly publicUrl: string
}

/** Shows the user a message: in their open modal, or in a message that only they see. */
type Tell = (words: string) => Promise<SlackReply>

export function slackAnswers(parts: SlackParts) {
  const { rules, ledger, linking, api, publicUrl } = parts
  const decider = decisions({ rules, ledger })

  const from = ({ slack }: SlackTurn) => `slack:${slack.team}/${slack.user}`
  const callOf = (turn: SlackTurn): Call => ({ trace: turn.trace, source: from(turn), now: turn.now })
  const who = (turn: SlackTurn) => whoIs(parts, turn.slack, turn.hash, turn.now)
  const deciderOf = (turn: SlackTurn, { caller }: Known): Decider => ({
    caller,
    // Slack does not reveal the client address, so `sourceIp` rules never match here.
    sourceIp: '',
    now: turn.now,
    came: { source: from(turn), token: turn.hash },
  })

  /** Records the refusal of a linked person in the audit log, as every other channel does. */
  async function recorded(turn: SlackTurn, { caller }: Known, profile: string, refusal: Refused): Promise<Refused> {
    if (problems[refusal.code].status >= 500) return refusal
    await recordRefusal(parts, callOf(turn), caller, profile, refusal)
    return refusal
  }

  // ── Request access ─────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * The profiles that need an approval and match this person's claims. A second factor, a recent sign-in and the address are
   * not checked here: they are checked when a session is issued.
   */
  function choicesOf({ caller }: Known, now: number): readonly Choice[] {
    return rules.profiles.ids.flatMap((id) => {
      const profile = rules.profiles.find(id)
      return profile && mayAsk(profile, caller, now) && decider.approvalOf(id) ? [{ id, profile: withWhy(id, profile) }] : []
    })
  }
  const mayAsk = (profile: Profile, caller: Known['caller'], now: number): boolean =>
    standingOf(profile, caller, { sourceIp: '', now }).nearest !== undefined
  const withWhy = (id: string, profile: Profile): Choice['profile'] => ({
    ...profile,
    ...(decider.approvalOf(id)?.breakGlass ? { justification: 'required' as const } : {}),
  })

  async function openAsk(trigger: string, turn: SlackTurn): Promise<SlackReply> {
    const opened = await api.openView(trigger, waitModal('Request access'))
    if (opened.outcome !== 'done') return { response_type: 'ephemeral', text: formNotOpened }
    const known = await who(turn)
    const choices = known.outcome === 'done' ? choicesOf(known.value, turn.now) : []
    const view =
      known.outcome !== 'done'
        ? tellModal('Request access', wordsOf(known))
        : choices.length === 0
          ? tellModal('Request access', 'You cannot request any profile from Slack. Others may be available through the API.')
          : askModal(choices)
    await api.updateView(opened.value, undefined, view)
    return undefined
  }

  /** Shows the fields of the chosen profile. Slack keeps what was typed, because it keeps blocks by their IDs. */
  async function chooseProfile(view: View, id: string, turn: SlackTurn): Promise<SlackReply> {
    const known = await who(turn)
    if (known.outcome !== 'done') return void (await api.updateView(view.id, view.hash, tellModal('Request access', wordsOf(known))))
    const choices = choicesOf(known.value, turn.now)
    const chosen = choices.find((choice) => choice.id === id)
    if (chosen) await api.updateView(view.id, view.hash, askModal(choices, chosen))
    return undefined
  }

  async function suggest(typed: string, turn: SlackTurn): Promise<SlackReply> {
    const known = await who(turn)
    const wanted = typed.trim().toLowerCase()
    const fits = ({ id, profile }: Choice) => id.includes(wanted) || (profile.description ?? '').toLowerCase().includes(wanted)
    const choices = known.outcome === 'done' ? choicesOf(known.value, turn.now).filter(fits) : []
    return { options: choices.slice(0, MOST_OPTIONS).map(optionOf) }
  }

  async function submitAsk(view: View, turn: SlackTurn): Promise<SlackReply> {
    const known = await who(turn)
    if (known.outcome !== 'done') return errorAt(blockIds.profile, wordsOf(known))
    const asked = await ask(view, known.value, turn)
    if (asked.outcome === 'done') {
      const { request, found } = asked.value
      const words = `${found ? 'You already have an open request for this.' : 'Your request has been sent to its approvers.'} It expires at ${minute(request.expiresAt)}. Slack notifies you of the decision.\n${request.id}`
      return { response_action: 'update', view: tellModal('Request sent', words) }
    }
    if (asked.outcome === 'refused') await recorded(turn, known.value, view.values.get(blockIds.profile) ?? '', asked)
    return errorAt(fieldOf(asked, view), wordsOf(asked))
  }

  async function ask(
    view: View,
    { caller }: Known,
    turn: SlackTurn,
  ): Promise<Done<{ readonly request: AccessRequest; readonly found: boolean }> | Refused | Unknown> {
    const text = (block: string) => view.values.get(block)?.trim() || undefined
    const id = text(blockIds.profile) ?? ''
    const profile = rules.profiles.find(id)
    if (!profile || !mayAsk(profile, caller, turn.now)) return refused('profile-unknown', 'Profile not found, or not visible to you.')
    const approval = decider.approvalOf(id)
    if (!approval) return refused('body-invalid', 'This profile needs no approval.')
    const given = [...view.values].filter(([block]) => block.startsWith(PARAMETER))
    const [justification, duration, ticket] = [text(blockIds.justification), text(blockIds.duration), text(blockIds.ticket)]
    const scope = resolveScope(
      rules,
      profile,
      caller,
      {
        profile: id,
        ...(given.length > 0
          ? { parameters: Object.fromEntries(given.map(([block, value]) => [block.slice(PARAMETER.length), value])) }
          : {}),
        ...(justification === undefined ? {} : { justification }),
        ...(duration === undefined ? {} : { duration }),
        ...(ticket === undefined ? {} : { ticket }),
      },
      1,
    )
    if (scope.outcome === 'refused') return scope
    return askForApproval(parts, callOf(turn), caller, scope.value, approval, {
      ...(scope.value.durationAsked ? { limits: { duration: scope.value.duration } } : {}),
    })
  }

  // ── Decide ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Refusals that the person may avoid by signing in on the web page. */
  const mayBeSignedIn: readonly string[] = ['request-unknown', 'not-approver', 'auth-too-old', 'mfa-required']

  async function decide(text: string, turn: SlackTurn, acts: Acts, tell: Tell): Promise<SlackReply> {
    const id = parseRequestId(text)
    const known = await who(turn)
    if (known.outcome !== 'done') return tell(wordsOf(known))
    const page = `Sign in to decide: ${publicUrl}/decide/${text}`
    if (!id) return tell(wordsOf(unknownRequest))
    if (!known.value.settled) return tell(`You cannot decide from Slack during the first ten minutes of your link. ${page}`)
    if (known.value.directorySilent) return tell(`The directory did not confirm your identity. ${page}`)
    const decided = await decider.decide(id, deciderOf(turn, known.value), acts)
    if (decided.outcome === 'done') return undefined
    if (decided.outcome === 'unknown') return tell(`${decisionUnknown(decided.cause).detail} ${publicUrl}/decide/${text}`)
    await recorded(turn, known.value, decided.profile ?? '', decided)
    return tell(mayBeSignedIn.includes(decided.code) ? `${decided.detail} ${page}` : wordsOf(decided))
  }

  const said = (comment: string | undefined) => ({ channel: 'slack' as const, ...(comment === undefined ? {} : { comment }) })

  /** Checks the limits of the comment while the modal is open, so that the user can correct it. */
  function submitReason(view: View, turn: SlackTurn): Promise<SlackReply> | SlackReply {
    const reason = view.values.get(blockIds.reason)?.trim()
    const reviewing = view.callback === callbacks.review
    if (reviewing && !reason) return errorAt(blockIds.reason, 'Enter what was done.')
    if (reason && jsonBytes(reason) > MAX_COMMENT_BYTES)
      return errorAt(blockIds.reason, `The comment is ${jsonBytes(reason)} bytes long. The maximum is ${MAX_COMMENT_BYTES}.`)
    const acts: Acts = (request, actor, now) =>
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
    const [known, found] = await Promise.all([who(turn), readRequest(text)])
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

  // ── The command ────────────────────────────────────────────────────────────────────────────────────────────────────

  const only = (text: string): SlackReply => ({
    response_type: 'ephemeral',
    // Slack shows this as mrkdwn where it does not show blocks.
    text: escaped(safe(text)),
    blocks: [{ type: 'section', text: plain(text) }],
  })

  async function command(call: Extract<SlackCall, { kind: 'command' }>, turn: SlackTurn): Promise<SlackReply> {
    const [word = '', ...rest] = call.text.split(/\s+/)
    switch (word.toLowerCase()) {
      case '':
      case 'ask':
        return openAsk(call.trigger, turn)
      case 'link':
        return only(await link(rest.join(''), turn))
      case 'unlink':
        return only(await unlink(turn))
      case 'status':
        return only(await status(turn))
      default:
        return only(help)
    }
  }

  const help = [
    '/stint: request access',
    '/stint status: show your requests',
    '/stint link CODE: link your Slack user. Run stint slack link to get a code',
    '/stint unlink: remove your link',
  ].join('\n')

  async function link(code: string, turn: SlackTurn): Promise<string> {
    if (code === '')
      return `Get a code: run stint slack link in a terminal, or open ${publicUrl}/link. Then enter it here: /stint link CODE`
    const user = await api.user(turn.slack.user)
    if (user.outcome !== 'done') return 'Slack did not confirm your user. Try again.'
    if (!user.value.member || user.value.team !== turn.slack.team) return 'Guests, bots and members of other workspaces cannot use Stint.'
    const claimed = await linking.claim(code, { ...turn.slack, name: user.value.name }, turn.now, { source: from(turn), token: turn.hash })
    if (claimed.outcome === 'unknown')
      return 'The ledger did not answer, so the code may or may not have been used. Enter the same command again.'
    if (claimed.outcome !== 'done') return wordsOf(claimed)
    return `Almost done. Confirm that this is you, ${withIdentity(user.value.name, turn.slack.user)}, where you got the code: in the terminal, or at ${publicUrl}/link. Ten minutes later, you can decide from Slack.`
  }

  async function unlink(turn: SlackTurn): Promise<string> {
    const found = await linking.ofSlack(turn.slack, turn.now)
    if (found.outcome === 'unknown') return wordsOf(found)
    if (!found.value) return 'You are not linked.'
    const ended = await linking.end(found.value.caller, 'unlinked', turn.now, { source: from(turn), token: turn.hash })
    if (ended.outcome === 'unknown')
      return 'The ledger did not answer, so the link may or may not have been removed. Enter /stint unlink again.'
    return ended.outcome === 'done' ? 'You are no longer linked.' : wordsOf(ended)
  }

  async function status(turn: SlackTurn): Promise<string> {
    const known = await who(turn)
    if (known.outcome !== 'done') return wordsOf(known)
    const recent = await ledger.requestsOf(known.value.caller, RECENT)
    if (recent.outcome === 'unknown') return wordsOf(recent)
    const lines = recent.value.items.map((request) => {
      const state = stateAt(request, turn.now)
      const until = state === 'pending' ? request.expiresAt : state === 'approved' ? request.windowExpiresAt : undefined
      return `${inLine(request.profile)}: ${state}${until === undefined ? '' : ` until ${minute(until)}`} · ${request.id}`
    })
    const { caller } = known.value
    return [
      `You are ${withIdentity(caller.name, ownIdentity(caller))}.`,
      ...(lines.length > 0 ? lines : ['You have no recent requests.']),
    ].join('\n')
  }

  // ── All of it ──────────────────────────────────────────────────────────────────────────────────────────────────────

  function action(call: Extract<SlackCall, { kind: 'action' }>, turn: SlackTurn): Promise<SlackReply> | SlackReply {
    const tell: Tell = async (words) => {
      if (call.responseUrl !== undefined) await parts.respond(call.responseUrl, { ...(only(words) as object), replace_original: false })
      return undefined
    }
    switch (call.action) {
      case buttons.approve:
        return decide(call.value, turn, decider.approving(said(undefined)), tell)
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

  return async (call: SlackCall, turn: SlackTurn): Promise<SlackReply> => {
    switch (call.kind) {
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

/** The most requests that `/stint status` lists. */
const RECENT = 8

const formNotOpened = 'Slack did not open the form. Try again.'

/**
 * For reads and refusals. The problem's `next` is left out, because it speaks of the API. A write with an unknown outcome has its
 * own message where it is made.
 */
const wordsOf = (no: Refused | Unknown): string => (no.outcome === 'unknown' ? 'The ledger did not answer. Try again.' : no.detail)

const errorAt = (block: string, words: string): SlackReply => ({ response_action: 'errors', errors: { [block]: safe(words, 2000) } })

/** The form field that a refusal is about; the profile if the form has no such field. */
function fieldOf(refusal: Refused | Unknown, view: View): string {
  if (refusal.outcome === 'unknown') return blockIds.profile
  switch (refusal.code) {
    case 'parameter-invalid': {
      const block = `${PARAMETER}${refusal.evidence.parameter}`
      return view.values.has(block) ? block : blockIds.profile
    }
    case 'duration-invalid':
      return blockIds.duration
    case 'justification-required':
      return blockIds.justification
    case 'body-invalid':
      return own(fieldsOfBody, refusal.evidence?.property ?? '') ?? blockIds.profile
    default:
      return blockIds.profile
  }
}
const fieldsOfBody: { readonly [property: string]: string } = { justification: blockIds.justification, ticket: blockIds.ticket }
