/**
 * What time does by itself, written down: reservations given back, requests expired, escalated, approved unattended, ended.
 * Correctness never waits for it: every condition compares times itself. Safe to run twice at once, bounded per run, and
 * what a run does not reach the next one does.
 */
import type { Approval } from '@stint/core/config/shape'
import { type Instant, seconds } from '@stint/core/instant'
import { approvalFor } from '@stint/core/request/approval'
import { ABANDONED_AFTER_SECONDS } from '@stint/core/request/session'
import type { Broker, Ledger } from './ports.ts'

export type Swept = { readonly abandoned: number; readonly changed: number; readonly unreviewed: number; readonly fault?: string }

/** Requests looked at per stage and run. */
const MOST = 500
const PAGE = 100

export async function sweep(broker: Pick<Broker<Ledger>, 'rules' | 'ledger' | 'clock' | 'log'>): Promise<Swept> {
  const { rules, ledger } = broker
  const now = broker.clock()
  const approvals = new Map<string, Approval>()
  for (const id of rules.profiles.ids) {
    const profile = rules.profiles.find(id)
    const approval = profile && approvalFor(profile, rules.targets[profile.target] ?? {})
    if (approval) approvals.set(id, approval)
  }
  const given = await ledger.abandon(now - seconds(ABANDONED_AFTER_SECONDS), now, PAGE)
  const pending = await passTimeOf(ledger, 'pending', approvals, now)
  const approved = await passTimeOf(ledger, 'approved', approvals, now)
  const faults = [given, pending, approved].flatMap((result) => (result.outcome === 'unknown' ? [result.cause] : []))
  const swept: Swept = {
    abandoned: given.outcome === 'done' ? given.value : 0,
    changed: (pending.outcome === 'done' ? pending.value.changed : 0) + (approved.outcome === 'done' ? approved.value.changed : 0),
    unreviewed: approved.outcome === 'done' ? approved.value.unreviewed : 0,
    ...(faults.length > 0 ? { fault: faults.join('; ') } : {}),
  }
  if (swept.abandoned + swept.changed + swept.unreviewed > 0 || swept.fault) broker.log({ event: 'swept', ...swept })
  return swept
}

async function passTimeOf(ledger: Ledger, stage: 'pending' | 'approved', approvals: ReadonlyMap<string, Approval>, now: Instant) {
  let [changed, unreviewed, looked] = [0, 0, 0]
  let cursor: string | undefined
  do {
    const page = await ledger.workOn(stage, [...approvals.keys()], PAGE, cursor)
    if (page.outcome === 'unknown') return page
    for (const request of page.value.items) {
      looked++
      if (request.breakGlass && request.windowStart !== undefined && !request.review) unreviewed++
      const passed = await ledger.passTime(request, approvals.get(request.profile), now)
      if (passed.outcome === 'unknown') return passed
      if (passed.value) changed++
    }
    cursor = page.value.next
  } while (cursor !== undefined && looked < MOST)
  return { outcome: 'done' as const, value: { changed, unreviewed } }
}
