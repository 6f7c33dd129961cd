/** What every preset takes besides its own settings. */
import type { Bindable, Issuer } from '../shape.ts'

export type Common = {
  /** Begins the source identity of its callers in AWS: 1 to 12 of `[a-z0-9-]`. */
  readonly key: string
  /** Another place than the preset's own, such as `binding('ACTIONS_ISSUER', …)` for the sandbox to fill in. */
  readonly at?: { readonly url: Bindable; readonly jwksUri: Bindable }
} & Partial<Pick<Issuer, 'maxTokenLife' | 'replay' | 'network' | 'algorithms' | 'nameClaim'>>

/** The `aud` values that mean this broker. Have the job ask for one of its own, such as your broker's URL. */
export type Audiences = { readonly audiences: readonly [string, ...string[]] }

/** What was set, and nothing for what was not. */
export const common = ({ key, maxTokenLife, replay, network, nameClaim, algorithms }: Common) => ({
  key,
  ...(maxTokenLife === undefined ? {} : { maxTokenLife }),
  ...(replay === undefined ? {} : { replay }),
  ...(network === undefined ? {} : { network }),
  ...(nameClaim === undefined ? {} : { nameClaim }),
  ...(algorithms === undefined ? {} : { algorithms }),
})
