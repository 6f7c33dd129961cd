/**
 * What a preset knows of its issuer's claims. The broker needs none of it; `stint lint` does, and the guide is held to it.
 */
import type { ClaimRef } from '../shape.ts'

/**
 * `id` never changes and is never given to another; `name` may be renamed, transferred or taken over, so alone it proves
 * nothing; `fact` says what happens and not who does it.
 */
export type KnownClaim = {
  readonly is: 'id' | 'name' | 'fact'
  /** `flag`: a boolean, or the same as a text. */
  readonly type: 'text' | 'number' | 'boolean' | 'flag' | 'texts' | 'object'
  /** For a name: the claim that says the same and stays. */
  readonly id?: ClaimRef
  /** Users may edit it themselves, unless somebody has forbidden it: it proves nothing, and says what they like. */
  readonly editable?: true
  /** It says who or what enters (a person, a group, a repository, a service account), and not only whose, where or how. */
  readonly enters?: true
}

export type Knowledge = {
  readonly claims: { readonly [claim: ClaimRef]: KnownClaim }
  /** Claims that an organization may add itself. Absent: what is not in the table does not occur, and is a typing error. */
  readonly custom?: RegExp
  /** Further claims that users may edit themselves, or that are often made from what they may edit; `url` is the issuer's. */
  readonly editable?: (claim: ClaimRef, url: string) => boolean
  /** Audiences that tokens have when nobody asked for another: those minted for other services fit them too. */
  readonly defaultAudience?: RegExp
  /** `amr` or `acr` may say that a second factor was used. */
  readonly mfa?: true
  /** `auth_time` says when the person signed in. */
  readonly authTime?: true
}

export const id = (type: KnownClaim['type'] = 'text'): KnownClaim => ({ is: 'id', type })
export const name = (by?: ClaimRef, type: KnownClaim['type'] = 'text'): KnownClaim => ({
  is: 'name',
  type,
  ...(by === undefined ? {} : { id: by }),
})
export const fact = (type: KnownClaim['type'] = 'text'): KnownClaim => ({ is: 'fact', type })

/** Of a claim that its users may edit. */
export const editable = (claim: KnownClaim): KnownClaim => ({ ...claim, editable: true })

/** Of a claim that says who or what enters. */
export const entering = (claim: KnownClaim): KnownClaim => ({ ...claim, enters: true })

/** RFC 7519 §4.1; `sub` is each issuer's own matter. */
export const registered: Knowledge['claims'] = {
  iss: id(),
  aud: fact(),
  exp: fact('number'),
  iat: fact('number'),
  nbf: fact('number'),
  jti: fact(),
}
