/**
 * What alarms use in addition to AWS's own metrics. The shipper writes some metrics in its log lines (../log/metrics.ts); the others are
 * counted from the log lines of the functions. A test checks each pattern against lines that were really written. Source: Amazon CloudWatch
 * Logs User Guide, "Filter pattern syntax for metric filters".
 */
import type { FunctionName } from './functions.ts'

/** A metric filter on the log lines of one function. */
export type CountedMetric = { readonly of: FunctionName; readonly pattern: string; readonly value?: string }

export const countedMetrics = {
  PackedSize: { of: 'vend', pattern: '{ $.packedPolicySize >= 80 }', value: '$.packedPolicySize' },
  IssuerKeys: { of: 'vend', pattern: '{ $.code = "issuer-keys-unavailable" }' },
  AssumeDenied: { of: 'vend', pattern: '{ $.code = "assume-role-denied" }' },
  StsAnswers: { of: 'vend', pattern: '{ $.code = "sts-answer-invalid" }' },
  BreakGlassOpen: { of: 'sweep', pattern: '{ $.unreviewed > 0 }', value: '$.unreviewed' },
  SweepFault: { of: 'sweep', pattern: '{ $.event = "swept" && $.fault = "*" }' },
  SlackDeadLetters: { of: 'notify', pattern: '{ $.event = "slack-dead-letter" || $.event = "slack-given-up" }' },
} as const satisfies { readonly [name: string]: CountedMetric }

/** The namespace of these metrics. Each stage has its own, because several stages can share an account. */
export const namespaceOf = (stage: string): string => `Stint/${stage}`
