/**
 * Every metric of Stint, in one table: what alarms and the dashboard use in addition to AWS's own. A metric is written by the shipper as a
 * log line in CloudWatch's embedded metric format, counted by a metric filter on the log lines of a function, or published by an operator's
 * job. A test checks each filter against lines that were really written. Sources: Amazon CloudWatch User Guide, "Specification: Embedded
 * metric format"; Amazon CloudWatch Logs User Guide, "Filter pattern syntax for metric filters".
 */
import type { Instant } from '@stint/core/instant'
import type { Shipped } from '../log/ship.ts'
import type { FunctionName } from './functions.ts'

/** A metric filter on the log lines of one function. */
export type CountedMetric = { readonly of: FunctionName; readonly pattern: string; readonly value?: string }
type MetricSource = { readonly unit: 'Count' | 'Milliseconds' } | CountedMetric | { readonly publishedBy: string }

const metrics = {
  Quarantined: { unit: 'Count' },
  Failed: { unit: 'Count' },
  LagMs: { unit: 'Milliseconds' },
  PackedSize: { of: 'vend', pattern: '{ $.packedPolicySize >= 80 }', value: '$.packedPolicySize' },
  IssuerKeys: { of: 'vend', pattern: '{ $.code = "issuer-keys-unavailable" }' },
  AssumeDenied: { of: 'vend', pattern: '{ $.code = "assume-role-denied" }' },
  StsAnswers: { of: 'vend', pattern: '{ $.code = "sts-answer-invalid" }' },
  BreakGlassOpen: { of: 'sweep', pattern: '{ $.unreviewed > 0 }', value: '$.unreviewed' },
  SweepFault: { of: 'sweep', pattern: '{ $.event = "swept" && $.fault = "*" }' },
  SlackDeadLetters: { of: 'notify', pattern: '{ $.event = "slack-dead-letter" || $.event = "slack-given-up" }' },
  ReconcileFindings: { publishedBy: 'the job that runs `stint audit reconcile` (docs/guides/operations.md)' },
} as const satisfies { readonly [name: string]: MetricSource }

export type MetricName = keyof typeof metrics
type Counted = { [N in MetricName]: (typeof metrics)[N] extends CountedMetric ? N : never }[MetricName]
type WrittenMetric = { [N in MetricName]: (typeof metrics)[N] extends { readonly unit: string } ? N : never }[MetricName]

/** The metrics that are counted by filters. */
export const countedMetrics = Object.fromEntries(Object.entries(metrics).filter(([, source]) => 'pattern' in source)) as {
  readonly [N in Counted]: (typeof metrics)[N]
}

/**
 * The metrics of a small deployment (`monitoring: 'small'`) that count into one, `Faults`: with the error lines of every function, it is
 * the one metric of its health. A metric is billed for the hours in which it has values, so while all is well it costs nothing.
 */
export const faultMetrics = [
  'IssuerKeys',
  'AssumeDenied',
  'StsAnswers',
  'SweepFault',
  'SlackDeadLetters',
] as const satisfies readonly Counted[]
export const ERROR_LINES = '{ $.level = "error" }'

/** The namespace of these metrics. Each stage has its own, because several stages can share an account. */
export const namespaceOf = (stage: string): string => `Stint/${stage}`

/** A line with these values, and with those metrics that are not 0: CloudWatch bills a metric for each hour in which it has a value. */
const line = (namespace: string, event: string, now: Instant, values: Partial<Record<WrittenMetric, number>>, more: object = {}) => ({
  event,
  ...more,
  ...values,
  _aws: {
    Timestamp: now,
    CloudWatchMetrics: [
      {
        Namespace: namespace,
        Dimensions: [[]],
        Metrics: (Object.keys(values) as WrittenMetric[])
          .filter((Name) => values[Name] !== 0)
          .map((Name) => ({ Name, Unit: metrics[Name].unit })),
      },
    ],
  },
})

/** Entries shipped, journals quarantined, and how far the log was behind. */
export const shippedMetrics = (namespace: string, { entries, oldest, quarantined }: Shipped, now: Instant) => {
  const values = {
    Quarantined: quarantined.length,
    Failed: 0,
    ...(oldest === undefined ? {} : { LagMs: Math.max(0, now - oldest) }),
  }
  return line(namespace, 'shipped', now, values, { Entries: entries })
}

/** A batch that could not be shipped. A log that does not advance has no lag to report. */
export const failedMetric = (namespace: string, now: Instant) => line(namespace, 'ship-failed', now, { Failed: 1 })
