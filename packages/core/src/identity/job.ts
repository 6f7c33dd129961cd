/**
 * Tells the jobs of one workload apart. All of them are one caller, but only the job that started a session can renew it: otherwise every
 * later job of the repository could continue the session of an earlier one.
 */
import { findClaim } from '../config/matcher.ts'
import type { Issuer } from '../config/shape.ts'
import { canonicalJson } from '../json.ts'
import type { Caller } from './caller.ts'

/** The values of the issuer's `jobIdentity` claims; undefined if it has none. */
export const jobOf = ({ jobIdentity }: Pick<Issuer, 'jobIdentity'>, { claims }: Pick<Caller, 'claims'>): string | undefined =>
  jobIdentity && canonicalJson(jobIdentity.map((claim) => findClaim(claims, claim) ?? null))

/** Whether the caller is the job with these values. A token that lacks one of the claims belongs to no job. */
export const isSameJob = (issuer: Pick<Issuer, 'jobIdentity'>, caller: Pick<Caller, 'claims'>, job: string | undefined): boolean =>
  jobOf(issuer, caller) === job && (issuer.jobIdentity ?? []).every((claim) => findClaim(caller.claims, claim) !== undefined)
