/** Ended sessions, and how far their ends are at AWS for targets with `revocation`. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type ImmediateEndState, immediateEndWords } from '@stint/core/request/immediate-end'
import { left } from '../frame/words.ts'

/** What `DELETE /sessions/{id}` answers. A session of a revoked request has the same properties. */
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

const over: Readonly<Record<string, string>> = { expired: 'has expired', failed: 'failed', abandoned: 'was abandoned' }

/** What the end of a session means for its credentials. */
export function endedText(ended: Ended, now: number): string {
  const { id, state, credentialsExpireBy, identityProofUntil, immediateEnd } = ended
  const lines = [state === 'ended' ? `Ended ${id}.` : `${id} ${over[state] ?? `is ${state}`}, so there is nothing to end.`]
  if (immediateEnd !== undefined) lines.push(`${immediateEndWords[immediateEnd]}${hint(ended)}`)
  else if (credentialsExpireBy !== undefined && Date.parse(credentialsExpireBy) > now)
    lines.push(`Its last credentials work for ${left(credentialsExpireBy, now)}, until ${credentialsExpireBy}.`)
  if (identityProofUntil !== undefined && Date.parse(identityProofUntil) > now)
    lines.push(`EKS, Vault and others can accept its identity until ${identityProofUntil}.`)
  return `${lines.join('\n')}\n`
}

function hint({ id, immediateEnd }: Ended): string {
  if (immediateEnd === 'requested') return ' To see whether it is done, repeat the command.'
  if (immediateEnd === 'written') return ' To see whether AWS returns the policy, repeat the command.'
  if (immediateEnd !== 'full') return ''
  return ` To deny them now, together with all credentials that the role issued before, a responder can run: stint end ${id} --every-earlier-session end`
}
