/** The signing keys of trusted issuers. */
import type { Issuer } from '@stint/core/config/shape'
import type { UnverifiedToken } from '@stint/core/identity/token'
import type { Done, Unknown } from '@stint/core/outcome'

export type SignatureCheck =
  | Done<true>
  /** The keys could be had, and the signature is not one of theirs. */
  | { readonly outcome: 'forged'; readonly why: string }
  /** The keys are unavailable. */
  | Unknown

export type IssuerKeys = {
  check(issuer: Issuer, token: UnverifiedToken): Promise<SignatureCheck>
  /** Whether usable keys are at hand, fetching them if they are stale; `failing` where they cannot be had anew. */
  ready(issuer: Issuer): Promise<Done<'up' | 'failing'> | Unknown>
}
