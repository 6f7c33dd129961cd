/**
 * What the alarms of the log look at, as a log line in CloudWatch's embedded metric format (Amazon CloudWatch User Guide,
 * "Specification: Embedded metric format").
 */
import type { Instant } from '@stint/core/instant'
import type { Shipped } from './ship.ts'

/** `namespace`: of this stage (../lambda/figures.ts). */
const line = (
  namespace: string,
  event: string,
  now: Instant,
  metrics: readonly (readonly [name: string, unit: 'Count' | 'Milliseconds', value: number])[],
) => ({
  event,
  ...Object.fromEntries(metrics.map(([name, , value]) => [name, value])),
  _aws: {
    Timestamp: now,
    CloudWatchMetrics: [{ Namespace: namespace, Dimensions: [[]], Metrics: metrics.map(([Name, Unit]) => ({ Name, Unit })) }],
  },
})

/** Entries shipped, journals set aside, and how far behind the log was. */
export const shipped = (namespace: string, { entries, oldest, quarantined }: Shipped, now: Instant) =>
  line(namespace, 'shipped', now, [
    ['Entries', 'Count', entries],
    ['Quarantined', 'Count', quarantined.length],
    ['Failed', 'Count', 0],
    ...(oldest === undefined ? [] : ([['LagMs', 'Milliseconds', Math.max(0, now - oldest)]] as const)),
  ])

/** A batch that could not be shipped: a log that stands still has no lag to show. */
export const failed = (namespace: string, now: Instant) => line(namespace, 'ship-failed', now, [['Failed', 'Count', 1]])
