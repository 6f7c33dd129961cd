/** Options that every preset takes in addition to its own. */
import { defined } from '../../defined.ts'
import type { Bindable, Issuer } from '../shape.ts'

export type CommonOptions = {
  /** The first part of the source identity of the issuer's callers in AWS: 1 to 12 of `[a-z0-9-]`. */
  readonly key: string
  /** URLs to use in place of the preset's own, such as `binding('ACTIONS_ISSUER', …)` for the sandbox to fill in. */
  readonly at?: { readonly url: Bindable; readonly jwksUri: Bindable }
} & Partial<Pick<Issuer, 'maxTokenLife' | 'clockSkew' | 'replay' | 'network' | 'algorithms' | 'nameClaim'>>

/** The `aud` values that mean this broker. Configure jobs to request one that only your broker uses, such as its URL. */
export type Audiences = { readonly audiences: readonly [string, ...string[]] }

/** The options that were set. */
export const common = ({ key, maxTokenLife, clockSkew, replay, network, nameClaim, algorithms }: CommonOptions) => ({
  key,
  ...defined({ maxTokenLife, clockSkew, replay, network, nameClaim, algorithms }),
})
