/**
 * The metrics for the log's alarms, as a log line in CloudWatch's embedded metric format (Amazon CloudWatch User Guide, "Specification:
 * Embedded metric format").
 */
import type { Instant } from '@stint/core/instant'
import type { Shipped } from './ship.ts'

/** `namespace`: the namespace of this stage (../lambda/metric-filters.ts). */
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

/** Entries shipped, journals quarantined, and how far the log was behind. */
export const shipped = (namespace: string, { entries, oldest, quarantined }: Shipped, now: Instant) =>
  line(namespace, 'shipped', now, [
    ['Entries', 'Count', entries],
    ['Quarantined', 'Count', quarantined.length],
    ['Failed', 'Count', 0],
    ...(oldest === undefined ? [] : ([['LagMs', 'Milliseconds', Math.max(0, now - oldest)]] as const)),
  ])

/** A batch that could not be shipped. A log that does not advance has no lag to report. */
export const failed = (namespace: string, now: Instant) => line(namespace, 'ship-failed', now, [['Failed', 'Count', 1]])
