/**
 * The sweeper writes down what has happened by the passing of time: it returns abandoned uses, and expires, escalates, reminds about,
 * approves unattended or ends requests. Correctness never depends on it, because every condition compares times itself. It is safe to run
 * twice at once, each run is bounded, and the next run continues where one stopped.
 */

import { approvalFor } from '@stint/core/config/approval'
import { originOf } from '@stint/core/config/shape'
import { seconds } from '@stint/core/instant'
import { needsReview } from '@stint/core/request/request'
import { ABANDONED_AFTER_SECONDS } from '@stint/core/request/session'
import type { Broker } from '../ports/broker.ts'
import type { Ledger } from '../ports/ledger.ts'

export type Swept = { readonly abandoned: number; readonly changed: number; readonly unreviewed: number; readonly fault?: string }

/** Requests read per stage, profile and run, oldest first. Every request ends at some point, so everything due is reached eventually. */
const MOST = 500

export async function sweep(broker: Pick<Broker<Ledger>, 'rules' | 'ledger' | 'clock' | 'log' | 'logVkey'>): Promise<Swept> {
  const { rules, ledger } = broker
  const now = broker.clock()
  const faults: string[] = []
  // Facts that appear in the audit log once. They are true no matter which instance writes them first.
  const announced = [await ledger.announceConfig(now), await ledger.announceRestored(now)]
  if (broker.logVkey !== undefined) announced.push(await ledger.announceLog(originOf(rules), broker.logVkey, now))
  for (const one of announced) if (one.outcome === 'unknown') faults.push(one.cause)
  const given = await ledger.abandon(now - seconds(ABANDONED_AFTER_SECONDS), now, MOST)
  if (given.value.fault !== undefined) faults.push(given.value.fault)

  let [changed, unreviewed] = [0, 0]
  for (const id of rules.profiles.ids) {
    const profile = rules.profiles.find(id)
    const approval = profile && approvalFor(profile, rules.targets[profile.target] ?? {})
    if (!approval) continue
    for (const stage of ['pending', 'approved', 'review'] as const) {
      const work = await ledger.oldestWork(stage, id, MOST)
      if (work.outcome === 'unknown') faults.push(work.cause)
      for (const request of work.outcome === 'done' ? work.value : []) {
        if (needsReview(request)) unreviewed++
        const passed = await ledger.passTime(request, approval, now)
        // A request that cannot be written must not hold up the others.
        if (passed.outcome === 'unknown') faults.push(passed.cause)
        else if (passed.value) changed++
      }
    }
  }
  const swept: Swept = {
    abandoned: given.value.given,
    changed,
    unreviewed,
    ...(faults.length > 0 ? { fault: faults.slice(0, 3).join('; ') } : {}),
  }
  if (swept.abandoned + swept.changed + swept.unreviewed > 0 || swept.fault) broker.log({ event: 'swept', ...swept })
  return swept
}
