/**
 * Policy tests: who gets in and who does not, as a table beside the config. `stint test` runs it.
 *
 *     import { defineCases } from '@stint/core'
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

/** `allow`: a session is vended at once. `approval`: people are asked first. Otherwise the code of the refusal. */
export type Expected = 'allow' | 'approval' | ProblemCode

export type CaseCaller = {
  /** The issuer's id in the config. */
  readonly issuer: string
  /** As in a token. `iss`, `aud`, times, the pinned tenant and what marks its kind are filled in where they are not said. */
  readonly claims: { readonly [claim: ClaimRef]: Json }
  /** How long ago the person signed in (`auth_time`). */
  readonly signedIn?: Duration
  /** The address it calls from; 203.0.113.1 if absent. */
  readonly from?: string
}

export type CaseCall = {
  readonly parameters?: { readonly [name: string]: string }
  readonly duration?: string | number
  readonly narrow?: Json
  readonly justification?: string
  readonly ticket?: string
  /** Another address than the caller's. */
  readonly from?: string
}

export type Cases = {
  /** What the clock says (RFC 3339); the time of the run if absent. */
  readonly now?: string
  readonly callers: { readonly [name: string]: CaseCaller }
  readonly cases: readonly (readonly [caller: string, profile: string, expected: Expected, call?: CaseCall])[]
  /**
   * `refused`: the rules of every profile that no row of theirs names keep each caller out. Whom only a missing parameter, a
   * missing second factor or another address keeps out, they do not.
   */
  readonly rest?: 'refused'
}

export const defineCases = (cases: Cases): Cases => cases
