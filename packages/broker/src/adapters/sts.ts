/**
 * AssumeRole over the regional endpoint. Three outcomes are distinguished, because what follows differs: AWS accepted; AWS refused (nothing
 * happened, the use is returned); or the outcome is unknown (the use stays taken until the reservation is abandoned).
 *
 * The call is sent at most twice per attempt, with the SDK's own retries off: each send may leave an active session behind.
 */

import { brief } from '@stint/core/audit/event'
import type { RandomBytes } from '@stint/core/ids'
import { done, type Gate, type Refused, refused } from '@stint/core/outcome'
import type { AssumeRoleInput } from '@stint/core/scope/assume-role'
import { requestIdOf } from '@stint/core/scope/assumed-role'
import { type Timers, within } from '../ports/deadline.ts'
import type { Clock } from '../ports/runtime.ts'
import type { Assumed, AssumeFailed, Sts, StsRefusal } from '../ports/sts.ts'

type StsSettings = {
  /** Over AWS's SDK (./sts-over-sdk.ts) or over Stint's own wire (./wire/sts.ts). */
  readonly call: StsCall
  readonly clock: Clock
  readonly random: RandomBytes
  readonly sleep: (milliseconds: number) => Promise<void>
  /** Those of the process if absent. */
  readonly timers?: Timers
  /** The deadline for all sends together, with the wait between them. A second send is worthwhile only while half of it is left. */
  readonly wholeCallMs: number
}

const SENDS = 2
const WAIT_MS = 200

/** The response as it came. A missing value is empty, or no number, and fits no call. */
export type StsAnswer = Omit<Assumed, 'sends'>

/**
 * Sends AssumeRole once. `error`: what AWS answered, or what went wrong before that, with the body of the response as it came. What is thrown
 * is an error without a response that could be read.
 */
export type StsCall = (
  input: AssumeRoleInput,
  withinMs: number,
) => Promise<
  { readonly outcome: 'answer'; readonly answer: StsAnswer } | { readonly outcome: 'error'; readonly error: unknown; readonly body: string }
>

export function stsAdapter({ call, clock, random, sleep, timers, wholeCallMs }: StsSettings): Sts {
  return {
    async assumeRole(input) {
      const began = clock()
      // Once the outcome of one send is unknown, no later refusal makes the whole call definite.
      let unknown: StsFailure | undefined
      for (let sends = 1; ; sends++) {
        const left = wholeCallMs - (clock() - began)
        const called = await within(left, call(input, left), timers).catch(
          (error: unknown) => ({ outcome: 'error', error, body: '' }) as const,
        )
        if (called.outcome === 'answer') return done({ ...called.answer, sends })
        const fault = classify(called.error, called.body)
        if (!fault.refusal) unknown = fault
        const worthIt = clock() - began < wholeCallMs / 2
        if (!fault.retry || sends >= SENDS || !worthIt) return conclude(unknown ?? fault, sends)
        await sleep(WAIT_MS * (0.5 + (random(1)[0] ?? 0) / 256))
      }
    },
  }
}

// ── Errors ───────────────────────────────────────────────────────────────────────────────────────────────────────────

type StsFailure = {
  /** Why AWS refused and therefore did nothing; absent if AWS did not answer, or not reliably. */
  readonly refusal?: Refused<StsRefusal>
  readonly retry: boolean
  /** For the operator: AWS's own error name and message. */
  readonly words: string
  readonly awsRequestId?: string
}

/** Errors are distinguished by code, never by status: STS throttles with 400 (AWS STS API Reference, "Common Errors"). */
const throttles = new Set(['Throttling', 'ThrottlingException', 'TooManyRequestsException', 'RequestLimitExceeded', 'RequestThrottled'])
const invalids = new Set([
  'ValidationError',
  'MalformedPolicyDocument',
  'MalformedPolicyDocumentException',
  'RegionDisabledException',
  'InvalidParameterValue',
])
const denials = new Set(['AccessDenied', 'AccessDeniedException'])
/** The broker's own credentials are not accepted. */
const ownCredentials = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
  'IncompleteSignature',
])
/** Socket errors which mean that nothing was sent. */
const neverSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'])

/** An error as the AWS client throws it. From a response with two codes, the SDK makes a list of names. */
type Thrown = {
  readonly name?: unknown
  readonly message?: string
  readonly code?: string
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string }
}

/**
 * An error in the format of STS: one code and a request ID. A gateway's page with the same status says nothing about what STS did. Source:
 * AWS STS API Reference, "Making Query requests", "Error responses".
 */
const stsError =
  /^\s*(?:<\?xml[^>]*\?>\s*)?<ErrorResponse(?: xmlns="https:\/\/sts\.amazonaws\.com\/doc\/2011-06-15\/")?>\s*<Error>(?:(?!<\/Error>)[\s\S])*<Code>[A-Za-z][A-Za-z0-9.]{2,63}<\/Code>(?:(?!<\/Error>)[\s\S])*<\/Error>\s*<RequestId>[A-Za-z0-9-]{1,128}<\/RequestId>\s*<\/ErrorResponse>\s*$/

function classify(error: unknown, body: string): StsFailure {
  const { name: thrown = 'Error', message = '', code, $metadata } = error as Thrown
  const name = typeof thrown === 'string' ? thrown : undefined
  const words = `sts: ${name ?? 'an error with several codes'}: ${brief(message, 240)}`
  const status = $metadata?.httpStatusCode
  const id = requestIdOf($metadata?.requestId)
  if (status === undefined || status >= 500 || status < 400 || name === undefined || !stsError.test(body)) {
    const unsent = code !== undefined && neverSent.has(code)
    return {
      retry: true,
      words,
      ...id,
      ...(unsent ? { refusal: refused('sts-timeout', 'AWS STS is unreachable. No credentials were returned.', { operator: words }) } : {}),
    }
  }
  return { refusal: refusalOf(name, message, words), retry: throttles.has(name), words, ...id }
}

function refusalOf(name: string, message: string, operator: string): Refused<StsRefusal> {
  if (throttles.has(name)) return refused('sts-throttled', 'AWS STS is throttling requests. No credentials were returned.', { operator })
  if (denials.has(name))
    return refused('assume-role-denied', 'AWS denied AssumeRole on the target role.', { operator, evidence: { gate: gateOf(message) } })
  if (ownCredentials.has(name))
    return refused('assume-role-denied', 'AWS does not accept the broker’s own credentials.', { operator, evidence: { gate: 'unknown' } })
  if (name.startsWith('PackedPolicyTooLarge'))
    return refused('packed-policy-too-large', 'The session policy and the tags are together too large for AWS.', { operator })
  if (invalids.has(name)) return refused('assume-role-invalid', 'AWS rejected the parameters of AssumeRole.', { operator })
  return refused('assume-role-invalid', 'AWS refused AssumeRole with an error unknown to Stint.', { operator })
}

/**
 * Which of the gates refused, as far as AWS's message shows (AWS IAM User Guide, "Troubleshoot access denied error messages"). AWS does not
 * distinguish an unmet condition of a trust policy from a missing statement: both are `trust-policy`.
 */
export function gateOf(message: string): Gate {
  if (/(role trust policy|resource-based policy)/i.test(message)) return 'trust-policy'
  if (/(identity-based policy|permissions boundary|session policy|service control policy|resource control policy)/i.test(message))
    return 'caller-permission'
  return 'unknown'
}

function conclude(fault: StsFailure, sends: number): AssumeFailed | { outcome: 'unknown'; cause: string; sends: number } {
  if (!fault.refusal) return { outcome: 'unknown', cause: fault.words, sends }
  return {
    ...fault.refusal,
    sends,
    ...(fault.awsRequestId ? { awsRequestId: fault.awsRequestId } : {}),
  }
}
