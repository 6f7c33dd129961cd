/** The signing keys of trusted issuers. */
import type { Issuer } from '@stint/core/config/shape'
import type { UnverifiedToken } from '@stint/core/identity/token'
import type { Done, Unknown } from '@stint/core/outcome'

type SignatureCheck =
  | Done<true>
  /** The keys were available, and the signature was not made by any of them. */
  | { readonly outcome: 'forged'; readonly why: string }
  /** The keys are unavailable. */
  | Unknown

export type IssuerKeys = {
  check(issuer: Issuer, token: UnverifiedToken): Promise<SignatureCheck>
  /** Whether usable keys are available, after refreshing stale ones; `failing` if the refresh fails and cached keys are still in use. */
  ready(issuer: Issuer): Promise<Done<'up' | 'failing'> | Unknown>
  /** Starts to fetch the keys of an issuer, unless that was done before. Nothing waits for it, and its failure has no effect. */
  prefetch(issuer: Issuer): void
}
