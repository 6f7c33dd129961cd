/** Requests approval for a profile, through any channel that does not also issue sessions. */
import type { Approval, Profile, Rules } from '@stint/core/config/shape'
import { defined } from '@stint/core/defined'
import type { Caller } from '@stint/core/identity/caller'
import { days, type Instant, parseIso } from '@stint/core/instant'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import { type AccessInput, resolveScope, type Scope } from '@stint/core/scope/terms'
import type { Call, Ledger } from '../ports/ledger.ts'
import { type FoundOrMade, requestApproval } from '../vend/request-approval.ts'
import type { Idempotency } from '../vend/slot.ts'
import type { Decisions } from './decide.ts'

/** How far ahead a start can be chosen. */
const MAX_START_AHEAD = days(7)

type Asking = {
  readonly rules: Rules
  readonly ledger: Pick<Ledger, 'ask' | 'change' | 'request' | 'takePlace' | 'leavePlace' | 'countAsk' | 'frozen'>
}
/** `startsAt`: RFC 3339. */
export type Ask = Omit<AccessInput, 'requestId'> & { readonly startsAt?: string }

/** What a request would ask for: exactly what its approvers will see. */
export type Asked = { readonly scope: Scope; readonly approval: Approval; readonly startsAt?: Instant }

/** Checks what is asked for, and writes nothing. `admit` checks the caller against the profile. */
export function checkAsk(
  rules: Rules,
  { approvalOf }: Pick<Decisions, 'approvalOf'>,
  now: Instant,
  caller: Caller,
  ask: Ask,
  admit: (profile: string) => Done<Profile> | Refused,
): Done<Asked> | Refused {
  const profile = admit(ask.profile)
  if (profile.outcome === 'refused') return profile
  const approval = approvalOf(ask.profile)
  if (!approval) return refused('body-invalid', 'This profile needs no approval. Use POST /sessions.')
  const startsAt = ask.startsAt === undefined ? undefined : parseIso(ask.startsAt)
  if (ask.startsAt !== undefined && (startsAt === undefined || startsAt > now + MAX_START_AHEAD))
    return refused('body-invalid', 'startsAt must be an RFC 3339 time within the next 7 days.', { evidence: { property: 'startsAt' } })
  const scope = resolveScope(rules, profile.value, caller, ask, 1)
  return scope.outcome === 'refused' ? scope : done({ scope: scope.value, approval, ...defined({ startsAt }) })
}

export async function askForAccess(
  broker: Asking,
  decider: Pick<Decisions, 'approvalOf'>,
  call: Call,
  caller: Caller,
  ask: Ask,
  admit: (profile: string) => Done<Profile> | Refused,
  idempotency?: Idempotency,
): Promise<Done<FoundOrMade> | Refused> {
  const asked = checkAsk(broker.rules, decider, call.now, caller, ask, admit)
  if (asked.outcome === 'refused') return asked
  const { scope, approval, startsAt } = asked.value
  return requestApproval(broker, call, caller, scope, approval, {
    ...defined({ startsAt, idempotency }),
    ...(scope.durationAsked ? { limits: { duration: scope.duration } } : {}),
  })
}
