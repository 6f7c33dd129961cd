/** How far the end of a session is at AWS, for targets with `revocation`. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type ImmediateEndState, immediateEndWords } from '@stint/core/request/immediate-end'

/** What `DELETE /sessions/{id}` answers. */
export type Ended = {
  readonly id: string
  readonly state: string
  readonly credentialsExpireBy?: string
  readonly identityProofUntil?: string
  readonly immediateEnd?: ImmediateEndState
}

/** AWS usually has the policy within a few seconds. After this time, the command says how far the end is. */
const WAIT_MS = 30_000
const LOOK_EVERY_MS = 1500

/** Repeats the call, which asks for nothing more, until AWS has returned the policy, or the time is over. */
export async function untilDenied(first: Ended, look: () => Promise<Ended>): Promise<Ended> {
  const deadline = Date.now() + WAIT_MS
  let ended = first
  while ((ended.immediateEnd === 'requested' || ended.immediateEnd === 'written') && Date.now() < deadline) {
    await sleep(LOOK_EVERY_MS)
    ended = await look()
  }
  return ended
}

const hints: { readonly [state in ImmediateEndState]?: string } = {
  requested: ' To see whether it is done, repeat the command.',
  written: ' To see whether AWS returns the policy, repeat the command.',
  full: ' To deny them now, together with all credentials that the role issued before, a responder can add --every-earlier-session end.',
}

/** A sentence about the state; undefined if the session is not ended at once. */
export const immediateEndText = ({ immediateEnd: state }: Ended): string | undefined =>
  state && `${immediateEndWords[state]}${hints[state] ?? ''}`
