/**
 * The config in its three forms: as you write it, with its bindings filled in (settings.ts), and checked. It is plain data; the helpers in
 * `define.ts` only build it.
 */
import type { Cell, Config, Directory, Issuer, LogConfig, Profile, SignInClient, Target } from './settings.ts'

export type * from './settings.ts'

/** Maximum number of days from the request to the end of the window. Longer access is not temporary. The start can be up to a week ahead. */
export const MAX_GRANT_DAYS = 45

/** AWS STS API Reference, AssumeRole, DurationSeconds: credentials of a chained session last at most one hour. */
export const MAX_CREDENTIALS_SECONDS = 3600
/** The longest session whose credentials are renewed: a working day. */
export const MAX_SESSION_SECONDS = 43_200

/** A value that a deployment or the sandbox fills in. */
export type Binding = { readonly binding: string; readonly default?: string }
export type Bindable = string | Binding

export type IssuerSource = Omit<Issuer, 'url' | 'jwksUri'> & { readonly url: Bindable; readonly jwksUri: Bindable }

type LogSource = Omit<LogConfig, 'origin'> & { readonly origin: Bindable }

/** The config as you write it. URLs, account IDs, role ARNs and the log origin can be bindings. */
export type ConfigSource = Omit<Config, 'issuers' | 'targets' | 'log' | 'cells' | 'signIn' | 'directories'> & {
  readonly log?: LogSource
  readonly cells?: { readonly [id: string]: Omit<Cell, 'account' | 'log'> & { readonly account: Bindable; readonly log: LogSource } }
  readonly signIn?: {
    readonly [issuer: string]: Omit<SignInClient, 'authorizationEndpoint' | 'tokenEndpoint'> & {
      readonly authorizationEndpoint: Bindable
      readonly tokenEndpoint: Bindable
    }
  }
  readonly directories?: { readonly [issuer: string]: Omit<Directory, 'scim'> & { readonly scim: Bindable } }
  readonly issuers: { readonly [id: string]: IssuerSource }
  readonly targets: {
    readonly [id: string]: Omit<Target, 'account' | 'roleArn'> & { readonly account: Bindable; readonly roleArn: Bindable }
  }
}

/** A checked config with its bindings filled in, and its hash, which every event contains. */
export type Rules = Omit<Config, 'profiles'> & {
  readonly hash: string
  readonly profiles: {
    readonly ids: readonly string[]
    readonly find: (id: string) => Profile | undefined
    /** Any profile: evaluated if the requested one does not exist, so that the response takes as long. */
    readonly first: () => Profile
  }
}

/** The log origin. Without one in the config this default applies, which is enough for a sandbox. */
export const originOf = ({ log }: Pick<Config, 'log'>): string => log?.origin ?? 'stint.invalid/log'
