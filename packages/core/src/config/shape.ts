/**
 * The shape of `stint.config.ts`, which reviewers read and a deployment hashes. It is plain data; the helpers in `define.ts`
 * only build it. Each setting is described here. `check.ts` validates the values.
 */
import type { ConditionValue, Effect } from '@stint/iam'
import type { Duration } from '../duration.ts'

export type Scalar = string | number | boolean

/** `/a/b` is a JSON Pointer (RFC 6901) into the claims; anything else is the literal name of a top-level claim. */
export type ClaimRef = string

/** A missing claim never matches, not even under `not`. Every match is exact unless a matcher says otherwise. */
export type Matcher =
  | Scalar
  | { readonly oneOf: readonly Scalar[] }
  | { readonly includes: Scalar }
  | { readonly glob: string }
  | { readonly cidr: readonly string[] }
  | { readonly not: Matcher }
  | { readonly all: readonly Matcher[] }
  | { readonly any: readonly Matcher[] }

/** Matches callers of one issuer who meet every condition given here. Lists of `Who` are alternatives. */
export type Who = {
  readonly issuer: string
  /** At least one claim. `{}` would match every caller and is an error. */
  readonly claims: { readonly [claim: ClaimRef]: Matcher }
  /** Requires a sign-in with a second factor: `amr` contains `mfa` (RFC 8176), or `acr` is one of the issuer's `mfaAcr`. */
  readonly mfa?: true
  /** The maximum time since the person signed in (`auth_time`). */
  readonly authAge?: Duration
  /** CIDR blocks that the call must come from. */
  readonly sourceIp?: readonly string[]
}

export type Algorithm = 'RS256' | 'RS384' | 'RS512' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA'

export const presets = [
  'github',
  'gitlab',
  'buildkite',
  'circleci',
  'kubernetes',
  'cognito',
  'okta',
  'entra',
  'google',
  'aws',
  'oidc',
] as const
export type Preset = (typeof presets)[number]
export const dialects = ['rfc9068', 'cognito', 'okta', 'entra'] as const
export type Dialect = (typeof dialects)[number]

export type Issuer = {
  /** Exactly the `iss` of its tokens, including a slash at the end. */
  readonly url: string
  readonly jwksUri: string
  /** 1 to 12 of `[a-z0-9-]`. Every source identity of the issuer's callers begins with it, so it must be unique. */
  readonly key: string
  readonly kind: 'human' | 'workload'
  /** The `aud` values that mean this broker (for Cognito access tokens: the `client_id`). */
  readonly audiences: readonly string[]
  readonly tokenUse: 'id' | 'access' | 'any'
  readonly algorithms: readonly Algorithm[]
  /** The kind of issuer. `stint lint` knows the claims of each preset. The helpers in `issuers/` set it. */
  readonly preset?: Preset
  /** How tokens mark their use where that is not RFC 9068's `typ` (identity/token-use.ts). Default: by the URL of Cognito, Okta, Entra ID. */
  readonly dialect?: Dialect
  /** The claim with the caller's identity in AWS. Default: `sub`. The issuer must verify any other claim you name here. */
  readonly identityClaim?: ClaimRef
  /** A readable name, for display only: one claim, or several joined so that no two callers get the same name by accident. */
  readonly nameClaim?: ClaimRef | readonly ClaimRef[]
  readonly groupsClaim?: ClaimRef
  /** Claims that every token must have. They pin one tenant of a shared issuer (GitHub, GitLab.com, Buildkite …). */
  readonly tenant?: { readonly [claim: ClaimRef]: Scalar }
  /** `acr` values of a sign-in with a second factor; a step-up requests them. Default: `phr` and `phrh` (OIDC EAP ACR Values §3). */
  readonly mfaAcr?: readonly string[]
  /** `private`: the keys are served inside your own network. Otherwise a JWKS host with a private address is refused. */
  readonly network?: 'private'
  /** The longest `exp - iat` that is accepted. Default: 24h for people, 1h for workloads. */
  readonly maxTokenLife?: Duration
  /** For workloads: the claim that names the person who triggered the job (`actor_id`, `user_id`). */
  readonly actorClaim?: ClaimRef
  /** `once`: a token can be used for one session per profile. */
  readonly replay?: 'once'
}

export type Target = {
  readonly account: string
  readonly roleArn: string
  /** You choose it, one per target; callers cannot set it. It prevents the confused deputy problem. It is not a secret. */
  readonly externalId: string
  /** The region whose STS endpoint is called. */
  readonly region: string
  /** Approval that every profile of this target needs in addition to its own. */
  readonly approval?: Approval
}

/** A session tag's value. */
export type Value = ({ readonly claim: ClaimRef } | { readonly const: string } | { readonly param: string }) & {
  /** The claim is the same in every token of one caller. */
  readonly stable?: true
  /** The tag is passed on to every role that the session assumes. */
  readonly transitive?: true
}

/** A string with parameters. Parameters are inserted into values, never into JSON text. */
export type Template = { readonly join: readonly (string | { readonly param: string })[] }
export type TemplateText = string | Template

/** An IAM statement whose values can contain parameters. */
export type PolicyStatement = {
  readonly Sid?: string
  readonly Effect: Effect
  readonly Action?: string | readonly string[]
  readonly NotAction?: string | readonly string[]
  readonly Resource?: TemplateText | readonly TemplateText[]
  readonly NotResource?: TemplateText | readonly TemplateText[]
  readonly Condition?: {
    readonly [operator: string]: { readonly [key: string]: ConditionValue | Template | readonly (ConditionValue | Template)[] }
  }
}

export type Parameter = {
  /**
   * A JavaScript regular expression (flag `u`) that the whole value must match. Lookaround, backreferences and modifiers are
   * not supported, because values are matched in linear time.
   */
  readonly pattern: string
  /** Longest value, in characters. */
  readonly max: number
  /** Allows `*` and `?` in the value, which IAM reads as wildcards. `$` is never allowed. */
  readonly wildcard?: true
}

export type ApprovalRule = {
  readonly by: readonly Who[]
  /** The number of different people who must approve, at least 1. */
  readonly count: number
  /** Additional approvers once `escalateAfter` has passed without a decision. */
  readonly escalateTo?: readonly Who[]
  /** Stand-ins for `by` between two instants (RFC 3339). */
  readonly delegates?: readonly { readonly who: Who; readonly from: string; readonly until: string }[]
  /** Approvals count only within these hours. Denying is possible at any time. */
  readonly hours?: Hours
}

export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun'
/** Local times `HH:MM`. `from` is inclusive, `until` exclusive. */
export type Hours = { readonly timeZone: string; readonly days: readonly Weekday[]; readonly from: string; readonly until: string }

export type Approval = {
  /** All rules must be fulfilled. Each person counts for one rule. */
  readonly rules: readonly ApprovalRule[]
  /** How long a request waits for a decision. */
  readonly expiresAfter: Duration
  /** How long after the approval sessions can be taken. */
  readonly window: Duration
  readonly maxUses: number
  /** After this time without a decision, each rule's `escalateTo` can decide too. */
  readonly escalateAfter?: Duration
  /**
   * For emergencies: requires a justification, and a review by another person afterwards. With `delay` the request is
   * approved by rule after that time unless someone stops it, for nights when no approver is awake.
   */
  readonly breakGlass?: true | { readonly delay: Duration }
  /** Approvals require a sign-in within the last five minutes. The button in Slack opens a page that asks for one. */
  readonly stepUp?: true
}

/** One of a person's identities: as a caller, or as the actor who triggers an issuer's workloads (`actorClaim`). */
export type Identity = { readonly issuer: string; readonly subject: string } | { readonly issuer: string; readonly actor: string }

export type Profile = {
  readonly target: string
  /** The purpose of the profile, shown to callers. */
  readonly description?: string
  readonly eligible: readonly Who[]
  /** Who can see the profile without being eligible. All others get the 404 of an unknown profile. */
  readonly visibleTo?: readonly Who[]
  readonly approval?: Approval
  readonly policy?: readonly PolicyStatement[]
  readonly policyArns?: readonly string[]
  readonly tags?: { readonly [key: string]: Value }
  readonly parameters?: { readonly [name: string]: Parameter }
  readonly duration: { readonly default: Duration; readonly max: Duration }
  /** `false`: set no source identity, for chained roles that do not allow sts:SetSourceIdentity. A source identity persists through every hop. */
  readonly sourceIdentity?: false
  /** `true`: the session can assume further roles, whose sessions outlive it. Short for `mints: ['sts:AssumeRole']`. */
  readonly chaining?: true
  /**
   * Actions that create credentials, tokens or keys which outlive the session, such as `ecr:GetAuthorizationToken`. Every
   * session policy denies those that are not named here; docs/lasting-access.md lists them. Naming an action does not allow
   * it, but also lifts the Deny of what the action needs (`sts:GetServiceBearerToken` for CodeArtifact and ECR Public).
   */
  readonly mints?: readonly string[]
  readonly justification?: 'required'
  readonly slack?: ProfileSlack
}

/** Maximum number of days from the request to the end of the window. Longer access is not temporary. The start can be up to a week ahead. */
export const MAX_GRANT_DAYS = 45

/** AWS STS API Reference, AssumeRole, DurationSeconds: a chained session lasts at most one hour. */
export const MAX_SESSION_SECONDS = 3600

export type LogConfig = {
  /** The log's name: a URL without scheme. It must not change after the log has started (C2SP tlog-checkpoint). */
  readonly origin: string
  /** `true`: anyone can read checkpoint and tiles. They contain commitments and no events. */
  readonly publicLog?: true
  /** Witnesses that also sign each checkpoint: the URL of a C2SP tlog-witness and its key. */
  readonly witnesses?: readonly { readonly url: string; readonly vkey: string }[]
}

/** The Slack app, and the channels for requests. Use Slack's own IDs: a name can later refer to another channel or group. */
export type SlackConfig = {
  /** The only workspace (`T…`) and app (`A…`) whose calls are accepted. */
  readonly team: string
  readonly app: string
  /** The channel (`C…`) that requests are posted to, unless the profile names another. */
  readonly channel?: string
  /** The user group (`S…`) that a break-glass mentions. */
  readonly onCall?: string
  /**
   * Set this only if people can enter the workspace only through this issuer's single sign-on. A Slack user whose email address
   * is exactly the verified one of a signed-in person is then linked to that person without a code.
   */
  readonly trustEmail?: { readonly issuer: string }
}

/** The Slack settings of one profile. */
export type ProfileSlack = {
  readonly channel?: string
  readonly onCall?: string
  /** Sends a direct message to each approver whom the rules name by `sub`. */
  readonly dm?: true
}

/** How people sign in on Stint's own pages: a client at the issuer (authorization code with PKCE). */
export type SignInClient = {
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
  readonly clientId: string
  /** Default: `openid`. */
  readonly scope?: string
  /** The client of the command line at the same issuer. Absent: people cannot sign in with `stint login`. */
  readonly cli?: CliClient
}

/**
 * A public client (no secret; PKCE) with the redirect URLs `http://localhost:8421/callback`, `:8422` and `:8423`. Its ID is published
 * at `/.well-known/oauth-protected-resource`, so it must not be a client that is used for anything else.
 */
export type CliClient = {
  readonly clientId: string
  /** Default: `openid`. Most issuers return a refresh token only for `offline_access`. */
  readonly scope?: string
}

/** A SCIM 2.0 service (RFC 7644) in which the issuer's people are looked up live. */
export type Directory = {
  /** The base URL, without `/Users`. */
  readonly scim: string
  /** The attribute of a user that holds the token's `sub`. */
  readonly by: 'id' | 'externalId' | 'userName'
  /** Whether `groupsClaim` holds the groups' ids (`value`, the default) or their names. */
  readonly groups?: 'value' | 'display'
  /** `private`: the service runs inside your own network. */
  readonly network?: 'private'
}

export type Config = {
  readonly issuers: { readonly [id: string]: Issuer }
  readonly targets: { readonly [id: string]: Target }
  /**
   * For more targets than a role's policy can list one by one (about 900): `vend` can assume every role under this path in
   * accounts of this organization. Each target's role must be under the path. Profiles still decide who gets which target.
   */
  readonly targetRoles?: { readonly path: string; readonly organization: string }
  readonly profiles: { readonly [id: string]: Profile }
  /** Who can read all sessions and requests and the details of `/readyz`. */
  readonly auditors?: readonly Who[]
  /** Who can set freezes. Two of them together can release one. */
  readonly responders?: readonly Who[]
  /** The audit log. */
  readonly log?: LogConfig
  readonly slack?: SlackConfig
  /** By issuer: the sign-in for Stint's own pages. */
  readonly signIn?: { readonly [issuer: string]: SignInClient }
  /** By issuer: where to look up its people when there is no token. */
  readonly directories?: { readonly [issuer: string]: Directory }
  /** Identities that belong to one person, who must not approve their own requests. Never guessed from email addresses. */
  readonly people?: { readonly [person: string]: readonly Identity[] }
}

/** A value that a deployment or the sandbox fills in. */
export type Binding = { readonly binding: string; readonly default?: string }
export type Bindable = string | Binding

export type IssuerSource = Omit<Issuer, 'url' | 'jwksUri'> & { readonly url: Bindable; readonly jwksUri: Bindable }

/** The config as you write it. URLs, account IDs, role ARNs and the log origin can be bindings. */
export type ConfigSource = Omit<Config, 'issuers' | 'targets' | 'log' | 'signIn' | 'directories'> & {
  readonly log?: Omit<LogConfig, 'origin'> & { readonly origin: Bindable }
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
