/**
 * The sweeper writes down what has happened by the passing of time: it returns abandoned uses, and expires, escalates, reminds about,
 * approves unattended or ends requests. Correctness never depends on it, because every condition compares times itself. It is safe to run
 * twice at once; each run ends in time, and the next one continues where it stopped.
 */

import { originOf } from '@stint/core/config/shape'
import { type Instant, seconds } from '@stint/core/instant'
import { ABANDONED_AFTER_SECONDS } from '@stint/core/request/session'
import type { ImmediateEnds } from '../ends/request-end.ts'
import type { Broker } from '../ports/broker.ts'
import type { Ledger } from '../ports/ledger.ts'

export type Swept = { readonly abandoned: number; readonly changed: number; readonly unreviewed: number; readonly fault?: string }

/**
 * Seconds after the start at which each part of a run begins no more work: abandoning, changes that are due, and correcting. What is under
 * way then still takes a few seconds, and the function has 60.
 */
export const SWEEP_SECONDS = { abandon: 15, pass: 40, correct: 45 } as const

/** After this time, an end whose message was lost, or whose run failed, gets another message. */
const WAKE_AFTER_SECONDS = 60

type Sweeping = Pick<Broker<Ledger>, 'rules' | 'ledger' | 'clock' | 'log' | 'logVkey'> & { readonly immediate?: ImmediateEnds }

export async function sweep(broker: Sweeping): Promise<Swept> {
  const { rules, ledger } = broker
  const now = broker.clock()
  // Facts that appear in the audit log once. They are true no matter which instance writes them first.
  const announced = [await ledger.announceConfig(now), await ledger.announceRestored(now)]
  if (broker.logVkey !== undefined) announced.push(await ledger.announceLog(originOf(rules), broker.logVkey, now))
  // At the same time, so that neither uses up the time of the other.
  const [{ faults: found, ...counts }, unsent] = await Promise.all([
    ledger.sweep(now, {
      abandonedBefore: now - seconds(ABANDONED_AFTER_SECONDS),
      profiles: rules.profiles.ids,
      until: {
        abandon: now + seconds(SWEEP_SECONDS.abandon),
        pass: now + seconds(SWEEP_SECONDS.pass),
        correct: now + seconds(SWEEP_SECONDS.correct),
      },
    }),
    wakeEnds(broker.immediate, now),
  ])
  const faults = [...found, ...unsent]
  const all = [...announced.flatMap((one) => (one.outcome === 'unknown' ? [one.cause] : [])), ...faults]
  const more = all.length > 3 ? `; and ${all.length - 3} more` : ''
  const swept: Swept = { ...counts, ...(all.length > 0 ? { fault: `${all.slice(0, 3).join('; ')}${more}` } : {}) }
  if (swept.abandoned + swept.changed + swept.unreviewed > 0 || swept.fault) broker.log({ event: 'swept', ...swept })
  return swept
}

/** Sends a message for each role with sessions that should have ended by now. Returns what went wrong. */
async function wakeEnds(immediate: ImmediateEnds | undefined, now: Instant): Promise<readonly string[]> {
  if (!immediate) return []
  const roles = await immediate.notes.pendingRoles()
  if (roles.outcome === 'unknown') return [roles.cause]
  const late = roles.value.filter(({ at }) => at < now - seconds(WAKE_AFTER_SECONDS))
  const woken = await Promise.all(inTurn(late, now).map((place) => immediate.queue.wake(place)))
  return woken.flatMap((one) => (one.outcome === 'unknown' ? [one.cause] : []))
}

/** Roles of one run. If there are more, each run takes the next ones: roles whose revokers do not work must not hold up the others. */
const MOST_WAKES = 100
const MINUTE = seconds(60)

function inTurn<T>(all: readonly T[], now: Instant): readonly T[] {
  if (all.length <= MOST_WAKES) return all
  const first = (Math.floor(now / MINUTE) * MOST_WAKES) % all.length
  return [...all.slice(first), ...all.slice(0, first)].slice(0, MOST_WAKES)
}
