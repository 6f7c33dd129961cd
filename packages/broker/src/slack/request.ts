/** Requesting access in Slack: the form, its fields for the chosen profile, and its submission. */

import { standingOf } from '@stint/core/access/decide'
import type { Profile, Rules } from '@stint/core/config/shape'
import { defined } from '@stint/core/defined'
import type { Instant } from '@stint/core/instant'
import { own } from '@stint/core/json'
import { type Done, done, type Refused, refused, type Unknown } from '@stint/core/outcome'
import type { AccessRequest } from '@stint/core/request/request'
import { minute } from '@stint/core/request/summary'
import { resolveScope } from '@stint/core/scope/terms'
import { requestApproval } from '../vend/request-approval.ts'
import type { SlackReply, SlackTurn } from './handle.ts'
import { askModal, blockIds, MOST_OPTIONS, type Choice as ModalChoice, optionOf, PARAMETER, tellModal, waitModal } from './modals.ts'
import type { View } from './payload.ts'
import { callOf, errorAt, formNotOpened, recorded, type SlackBroker, whoIn, wordsOf } from './turn.ts'
import type { Known } from './who.ts'

type Choice = ModalChoice & { readonly profile: Profile }

export function requesting(broker: SlackBroker) {
  const { rules, api, decider } = broker

  /** The profiles that need an approval, read once: to read 10,000 takes longer than to match them with a person. */
  let needing: readonly Choice[] | undefined
  const allNeeding = (): readonly Choice[] => {
    needing ??= rules.profiles.ids.flatMap((id) => {
      const [profile, approval] = [rules.profiles.find(id), decider.approvalOf(id)]
      return profile && approval
        ? [{ id, profile: approval.breakGlass ? { ...profile, justification: 'required' as const } : profile }]
        : []
    })
    return needing
  }

  /**
   * Those that match this person's claims and are wanted, as many as a select can show and one more. A second factor, a recent sign-in and
   * the address are not checked here: they are checked when a session is issued.
   */
  function choicesOf({ caller }: Known, now: number, isWanted: (choice: Choice) => boolean = () => true): readonly Choice[] {
    const found: Choice[] = []
    for (const choice of allNeeding()) {
      if (!isWanted(choice) || !mayAsk(choice.profile, caller, now)) continue
      found.push(choice)
      if (found.length > MOST_OPTIONS) break
    }
    return found
  }
  async function openAsk(trigger: string, turn: SlackTurn): Promise<SlackReply> {
    const opened = await api.openView(trigger, waitModal('Request access'))
    if (opened.outcome !== 'done') return { response_type: 'ephemeral', text: formNotOpened }
    const known = await whoIn(broker, turn)
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
    const known = await whoIn(broker, turn)
    if (known.outcome !== 'done') return void (await api.updateView(view.id, view.hash, tellModal('Request access', wordsOf(known))))
    const [chosen] = choicesOf(known.value, turn.now, (choice) => choice.id === id)
    const choices = choicesOf(known.value, turn.now)
    if (chosen) await api.updateView(view.id, view.hash, askModal(choices, chosen))
    return undefined
  }

  async function suggest(typed: string, turn: SlackTurn): Promise<SlackReply> {
    const known = await whoIn(broker, turn)
    const wanted = typed.trim().toLowerCase()
    const fits = ({ id, profile }: Choice) => id.includes(wanted) || (profile.description ?? '').toLowerCase().includes(wanted)
    const choices = known.outcome === 'done' ? choicesOf(known.value, turn.now, fits) : []
    return { options: choices.slice(0, MOST_OPTIONS).map(optionOf) }
  }

  async function submitAsk(view: View, turn: SlackTurn): Promise<SlackReply> {
    const known = await whoIn(broker, turn)
    if (known.outcome !== 'done') return errorAt(blockIds.profile, wordsOf(known))
    const asked = await ask(view, known.value, turn)
    if (asked.outcome === 'done') {
      const { request, found } = asked.value
      const waits = `You already have an open request for this.${view.values.get(blockIds.justification)?.trim() ? ' It includes your justification.' : ''}`
      const words = `${found ? waits : 'Your request has been sent to its approvers.'} It expires at ${minute(request.expiresAt)}. Slack notifies you of the decision.\n${request.id}`
      return { response_action: 'update', view: tellModal('Request sent', words) }
    }
    if (asked.outcome === 'refused') await recorded(broker, turn, known.value, view.values.get(blockIds.profile) ?? '', asked)
    return errorAt(fieldOf(asked, view), wordsOf(asked))
  }

  async function ask(
    view: View,
    { caller }: Known,
    turn: SlackTurn,
  ): Promise<Done<{ readonly request: AccessRequest; readonly found: boolean }> | Refused | Unknown> {
    const text = (block: string) => view.values.get(block)?.trim() || undefined
    const id = text(blockIds.profile) ?? ''
    const profile = admittedBySlack(rules, id, caller, turn.now)
    if (profile.outcome === 'refused') return profile
    const approval = decider.approvalOf(id)
    if (!approval) return refused('body-invalid', 'This profile needs no approval.')
    const given = [...view.values].filter(([block]) => block.startsWith(PARAMETER))
    const [justification, duration, ticket] = [text(blockIds.justification), text(blockIds.duration), text(blockIds.ticket)]
    const scope = resolveScope(
      rules,
      profile.value,
      caller,
      {
        profile: id,
        ...(given.length > 0
          ? { parameters: Object.fromEntries(given.map(([block, value]) => [block.slice(PARAMETER.length), value])) }
          : {}),
        ...defined({ justification, duration, ticket }),
      },
      1,
    )
    if (scope.outcome === 'refused') return scope
    return requestApproval(broker, callOf(turn), caller, scope.value, approval, {
      ...(scope.value.durationAsked ? { limits: { duration: scope.value.duration } } : {}),
    })
  }

  return { openAsk, chooseProfile, suggest, submitAsk }
}

const mayAsk = (profile: Profile, caller: Known['caller'], now: Instant): boolean =>
  standingOf(profile, caller, { sourceIp: '', now }).nearest !== undefined

/** The profile, if a linked person can request it from Slack. */
export function admittedBySlack(
  rules: Rules,
  id: string,
  caller: Known['caller'],
  now: Instant,
): Done<Profile> | Refused<'profile-unknown'> {
  const profile = rules.profiles.find(id)
  return profile && mayAsk(profile, caller, now) ? done(profile) : refused('profile-unknown', 'Profile not found, or not visible to you.')
}

/** The form field that a refusal is about; the profile if the form has no such field. */
function fieldOf(refusal: Refused | Unknown, view: View): string {
  if (refusal.outcome === 'unknown') return blockIds.profile
  switch (refusal.code) {
    case 'parameter-invalid': {
      const block = `${PARAMETER}${refusal.evidence?.parameter}`
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
