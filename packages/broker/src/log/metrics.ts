/**
 * What the alarms of the log look at, as a log line in CloudWatch's embedded metric format (Amazon CloudWatch User Guide,
 * "Specification: Embedded metric format").
 */
import type { Instant } from '@stint/core/instant'
import type { Shipped } from '../ship.ts'

export const NAMESPACE = 'Stint'

/** Entries shipped, journals set aside, and how far behind the log was. */
export const shipped = ({ entries, oldest, parked }: Shipped, now: Instant) => ({
  event: 'shipped',
  Entries: entries,
  Parked: parked.length,
  ...(oldest === undefined ? {} : { LagMs: Math.max(0, now - oldest) }),
  _aws: {
    Timestamp: now,
    CloudWatchMetrics: [
      {
        Namespace: NAMESPACE,
        Dimensions: [[]],
        Metrics: [
          { Name: 'Entries', Unit: 'Count' },
          { Name: 'Parked', Unit: 'Count' },
          ...(oldest === undefined ? [] : [{ Name: 'LagMs', Unit: 'Milliseconds' }]),
        ],
      },
    ],
  },
})
