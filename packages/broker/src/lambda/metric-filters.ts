/**
 * What alarms look at beyond AWS's own figures: some the shipper writes in its lines (../log/metrics.ts), the others are
 * counted out of the lines that functions write anyway. A test holds each pattern to lines that were really written. Source:
 * Amazon CloudWatch Logs User Guide, "Filter pattern syntax for metric filters".
 */
import type { FunctionName } from './functions.ts'

/** A metric filter on the lines of one function. */
export type CountedFigure = { readonly of: FunctionName; readonly pattern: string; readonly value?: string }

export const countedFigures = {
  PackedSize: { of: 'vend', pattern: '{ $.packedPolicySize >= 80 }', value: '$.packedPolicySize' },
  IssuerKeys: { of: 'vend', pattern: '{ $.code = "issuer-keys-unavailable" }' },
  AssumeDenied: { of: 'vend', pattern: '{ $.code = "assume-role-denied" }' },
  StsAnswers: { of: 'vend', pattern: '{ $.code = "sts-answer-invalid" }' },
  BreakGlassOpen: { of: 'sweep', pattern: '{ $.unreviewed > 0 }', value: '$.unreviewed' },
  SweepFault: { of: 'sweep', pattern: '{ $.event = "swept" && $.fault = "*" }' },
  SlackDeadLetters: { of: 'notify', pattern: '{ $.event = "slack-dead-letter" || $.event = "slack-given-up" }' },
} as const satisfies { readonly [name: string]: CountedFigure }

/** Where all of them are found: each stage has its own, for several may share an account. */
export const namespaceOf = (stage: string): string => `Stint/${stage}`
