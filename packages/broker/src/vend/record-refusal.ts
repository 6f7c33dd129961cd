/** Records the refusal of a verified caller in the audit log. Every channel uses this. */
import type { Caller } from '@stint/core/identity/caller'
import type { Refused } from '@stint/core/outcome'
import type { Call, Ledger } from '../ports/ledger.ts'
import type { Log } from '../ports/runtime.ts'

type Recorder = { readonly ledger: Pick<Ledger, 'refuse'>; readonly log: Log }

/** `profile` is as the caller sent it, or empty. If the ledger cannot take the record, the call is refused all the same; the log line has it. */
export async function recordRefusal(
  { ledger, log }: Recorder,
  call: Call,
  caller: Caller,
  profile: string,
  refusal: Refused,
): Promise<void> {
  const reason = refusal.operator ?? refusal.detail
  const written = await ledger.refuse({ call, caller, profile, code: refusal.code, reason })
  if (written.outcome === 'unknown') log({ event: 'refusal-not-recorded', trace: call.trace, cause: written.cause })
}
