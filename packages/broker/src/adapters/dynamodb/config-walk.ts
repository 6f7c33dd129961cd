/**
 * A walk through all requests that wait for people, to see whether each is due when the deployed config says: an approval rule can have
 * changed, and an item can have been written by an earlier version of Stint. Each request that differs is corrected.
 *
 * There is one walk for each new config; one more when no function of the deployment before can still be writing; and one each day.
 */
import { days, type Instant, seconds } from '@stint/core/instant'
import type { WorkStage } from '../../ports/ledger.ts'
import type { Walk } from './sweep-state.ts'
import { shards, workKey } from './table.ts'

const AGAIN_AFTER_MS = seconds(900)
const stages: readonly WorkStage[] = ['pending', 'review']
/**
 * Until November 2026, there was a partition per stage and profile instead. Only the very first walk of a table, and the one after it, look
 * there: its cost grows with the number of profiles.
 */
const oldStages = ['pending', 'approved', 'review'] as const

/** All partitions of the index `work` that a walk looks at, in a fixed order. */
export const workPartitions = ({ coversOld }: Walk, profiles: readonly string[]): readonly string[] => [
  ...stages.flatMap((stage) => shards.map((shard) => workKey(stage, shard))),
  ...(coversOld ? profiles.flatMap((profile) => oldStages.map((stage) => `${stage}#${profile}`)) : []),
]

/** The walk to begin or to continue; undefined if none is due. */
export function walkDue(last: Walk | undefined, config: string, now: Instant): Walk | undefined {
  const isFirst = last !== undefined && last.startedAt < last.since + AGAIN_AFTER_MS
  const coversOld = !last || (last.coversOld === true && (isFirst || !last.isDone))
  const walk = { config, startedAt: now, isDone: false, ...(coversOld ? { coversOld } : {}) }
  if (!last || last.config !== config) return { ...walk, since: now }
  if (!last.isDone) return last
  const next = isFirst ? last.since + AGAIN_AFTER_MS : last.startedAt + days(1)
  return now >= next ? { ...walk, since: last.since } : undefined
}
