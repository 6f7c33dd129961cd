/**
 * Access tests: a table next to the config that states which caller gets which profile. `stint test` runs it.
 *
 *     import { defineCases } from 'stint'
 *
 *     export default defineCases({
 *       callers: { dana: { issuer: 'people', claims: { sub: 'dana', groups: ['developers'] } } },
 *       cases: [
 *         ['dana', 'staging-power', 'allow'],
 *         ['dana', 'break-glass', 'not-eligible'],
 *       ],
 *     })
 */
import type { Duration } from '../duration.ts'
import type { Json } from '../json.ts'
import type { ProblemCode } from '../problem.ts'
import type { ClaimRef } from './shape.ts'

/** `allow`: a session is vended immediately. `approval`: approvers decide first. Otherwise the code of the refusal. */
export type Expected = 'allow' | 'approval' | ProblemCode

export type CaseCaller = {
  /** The issuer's id in the config. */
  readonly issuer: string
  /** As in a token. `iss`, `aud`, times, the pinned tenant and the markers of the token kind are filled in if absent. */
  readonly claims: { readonly [claim: ClaimRef]: Json }
  /** The time since the person signed in (`auth_time`). */
  readonly signedIn?: Duration
  /** The IP address of the call; 203.0.113.1 if absent. */
  readonly from?: string
}

export type CaseCall = {
  readonly parameters?: { readonly [name: string]: string }
  readonly duration?: string | number
  readonly narrow?: Json
  readonly justification?: string
  readonly ticket?: string
  /** An IP address to use in place of the caller's. */
  readonly from?: string
}

export type Cases = {
  /** The time of the calls (RFC 3339); the time of the run if absent. */
  readonly now?: string
  readonly callers: { readonly [name: string]: CaseCaller }
  readonly cases: readonly (readonly [caller: string, profile: string, expected: Expected, call?: CaseCall])[]
  /**
   * `refused`: every caller must be refused by the rules of every profile that has no row for that caller. A refusal because
   * of a missing parameter, a missing second factor or the IP address does not count.
   */
  readonly rest?: 'refused'
}

export const defineCases = (cases: Cases): Cases => cases
