/**
 * What a preset knows about its issuer's claims. The broker does not use it. `stint lint` does, and tests compare the guide with it.
 */
import { defined } from '../../defined.ts'
import { claimPath } from '../matcher.ts'
import type { ClaimRef } from '../shape.ts'

/**
 * `id` never changes and is never reassigned. `name` can be renamed, transferred or taken over, so alone it proves nothing.
 * `fact` says what happens, not who does it.
 */
export type KnownClaim = {
  readonly is: 'id' | 'name' | 'fact'
  /** `flag`: a boolean, or the same as a string. */
  readonly type: 'text' | 'number' | 'boolean' | 'flag' | 'texts' | 'object'
  /** For a name: the stable claim for the same thing. */
  readonly id?: ClaimRef
  /** Users can edit it themselves unless an administrator forbids it, so it proves nothing. */
  readonly editable?: true
  /** It identifies the caller (a person, a group, a repository, a service account), not only the owner, the place or the circumstances. */
  readonly enters?: true
}

export type Knowledge = {
  readonly claims: { readonly [claim: ClaimRef]: KnownClaim }
  /** Claims that an organization can add itself. If absent, a claim outside the table does not exist and is a typo. */
  readonly custom?: RegExp
  /** Further claims that users can edit, or that are often derived from what they can edit; `url` is the issuer's. */
  readonly editable?: (claim: ClaimRef, url: string) => boolean
  /** The default audiences of tokens. Tokens for other services have them too. */
  readonly defaultAudience?: RegExp
  /** `amr` or `acr` can say that a second factor was used. */
  readonly mfa?: true
  /** `auth_time` says when the person signed in. */
  readonly authTime?: true
}

export const id = (type: KnownClaim['type'] = 'text'): KnownClaim => ({ is: 'id', type })
export const name = (by?: ClaimRef, type: KnownClaim['type'] = 'text'): KnownClaim => ({
  is: 'name',
  type,
  ...defined({ id: by }),
})
export const fact = (type: KnownClaim['type'] = 'text'): KnownClaim => ({ is: 'fact', type })

/** Marks a claim that its users can edit. */
export const editable = (claim: KnownClaim): KnownClaim => ({ ...claim, editable: true })

/** Marks a claim that identifies the caller. */
export const entering = (claim: KnownClaim): KnownClaim => ({ ...claim, enters: true })

/**
 * Claims that users write themselves, whatever the issuer: those that OpenID Connect Core 1.0 §5.1 lets people say about themselves,
 * and the part of a profile that belongs to the user: `user_metadata` of Auth0 and Supabase (Supabase Docs, "JWT Claims Reference"),
 * `unsafe_metadata` of Clerk (Clerk Docs, "User metadata"). Auth0's namespaced claims often come from `user_metadata` (Auth0 Docs,
 * "User Metadata"). `app_metadata` is the part that only administrators write.
 */
export function isSelfWritten(claim: ClaimRef): boolean {
  const path = claimPath(claim)
  if (path.some((name) => /app_?metadata/i.test(name))) return false
  const [outer = ''] = path
  return /^https?:\/\//.test(outer) || selfAsserted.has(outer) || path.some((name) => /^(raw_)?(user|unsafe)_?meta_?data$/i.test(name))
}
const selfAsserted: ReadonlySet<string> = new Set([
  'nickname',
  'middle_name',
  'profile',
  'picture',
  'website',
  'gender',
  'birthdate',
  'zoneinfo',
  'locale',
  'address',
])

/** RFC 7519 §4.1. Each issuer defines `sub` itself. */
export const registered: Knowledge['claims'] = {
  iss: id(),
  aud: fact(),
  exp: fact('number'),
  iat: fact('number'),
  nbf: fact('number'),
  jti: fact(),
}
