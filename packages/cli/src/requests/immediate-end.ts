/** How far the end of a session is at AWS, for targets with `revocation`. */
import { setTimeout as sleep } from 'node:timers/promises'

/** What `DELETE /sessions/{id}` answers. */
export type Ended = {
  readonly id: string
  readonly state: string
  readonly credentialsExpireBy?: string
  readonly identityProofUntil?: string
  readonly immediateEnd?: string
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

const SOON = 'Its credentials usually stop working within seconds, and at most within minutes.'
const words: { readonly [state: string]: string } = {
  requested: 'Stint is denying it in a policy of its role. That is not done yet: repeat the command to see how far it is.',
  written: `AWS accepted the policy that denies it. ${SOON} Repeat the command to see whether AWS returns the policy.`,
  'read-back': `AWS has the policy that denies it. ${SOON}`,
  full: 'The policy of its role has no room, so its credentials work until they expire. A responder can deny them together with every earlier session of the role: --every-earlier-session end',
}

/** A sentence about the state; undefined if the session is not ended at once. */
export const immediateEndText = ({ immediateEnd }: Ended): string | undefined => words[immediateEnd ?? '']
