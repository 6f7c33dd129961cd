/**
 * The shape of `stint.config.ts`: what a reviewer reads and a deploy hashes. It is data all the way down; the helpers in
 * `define.ts` only build it. What each setting does stands beside it; `check.ts` says what is wrong with a given value.
 */
import type { ConditionValue, Effect } from '@stint/iam'
import type { Duration } from '../duration.ts'

export type Scalar = string | number | boolean

/** `/a/b` is a JSON Pointer (RFC 6901) into the claims; anything else is the literal name of a top-level claim. */
export type ClaimRef = string

/** A claim that is missing matches nothing, also not under `not`. Everything is exact unless spelled out otherwise. */
export type Matcher =
  | Scalar
  | { readonly oneOf: readonly Scalar[] }
  | { readonly includes: Scalar }
  | { readonly glob: string }
  | { readonly cidr: readonly string[] }
  | { readonly not: Matcher }
  | { readonly all: readonly Matcher[] }
  | { readonly any: readonly Matcher[] }

/** Callers of one issuer for whom everything said here holds. Lists of `Who` are alternatives. */
export type Who = {
  readonly issuer: string
  /** At least one; `{}` would admit everybody and is an error. */
  readonly claims: { readonly [claim: ClaimRef]: Matcher }
  /** The sign-in used a second factor: `amr` holds `mfa` (RFC 8176), or `acr` is one of the issuer's `mfaAcr`. */
  readonly mfa?: true
  /** The longest time since the person signed in (`auth_time`). */
  readonly authAge?: Duration
  /** CIDR blocks the call must come from. */
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
  /** Exactly the `iss` of its tokens, to the last slash. */
  readonly url: string
  readonly jwksUri: string
  /** 1 to 12 of `[a-z0-9-]`: begins every source identity of its callers, so two issuers never share one. */
  readonly key: string
  readonly kind: 'human' | 'workload'
  /** The `aud` values that mean this broker (for Cognito access tokens: the `client_id`). */
  readonly audiences: readonly string[]
  readonly tokenUse: 'id' | 'access' | 'any'
  readonly algorithms: readonly Algorithm[]
  /** Whose claims these are: `stint lint` knows each preset's ids, names and traps. The helpers in `issuers/` set it. */
  readonly preset?: Preset
  /** How token use is told where it is not RFC 9068's `typ` (identity/token-use.ts). Default: by the URL of Cognito, Okta, Entra ID. */
  readonly dialect?: Dialect
  /** The claim that is the caller's identity in AWS; `sub` unless another is declared that the issuer verifies. */
  readonly identityClaim?: ClaimRef
  /** A readable name, only shown: one claim, or several that are joined so that no two callers' names meet by accident. */
  readonly nameClaim?: ClaimRef | readonly ClaimRef[]
  readonly groupsClaim?: ClaimRef
  /** Claims that every token must have: they pin one tenant of an issuer that many share (GitHub, GitLab.com, Buildkite …). */
  readonly tenant?: { readonly [claim: ClaimRef]: Scalar }
  /** `acr` values that mean a second factor was used; a step-up asks for them. `phr` and `phrh` unless set (OIDC EAP ACR Values §3). */
  readonly mfaAcr?: readonly string[]
  /** private: the keys are served inside your own network. Otherwise a JWKS host with a private address is refused. */
  readonly network?: 'private'
  /** The longest `exp - iat` accepted: 24h for people and 1h for workloads unless set. */
  readonly maxTokenLife?: Duration
  /** For workloads: the claim that names the person who triggered the job (`actor_id`, `user_id`). */
  readonly actorClaim?: ClaimRef
  /** One token buys one session per profile. */
  readonly replay?: 'once'
}

export type Target = {
  readonly account: string
  readonly roleArn: string
  /** Chosen by you, one per target, never the caller's: it stops a confused deputy. Not a secret. */
  readonly externalId: string
  /** The region whose STS endpoint is called. */
  readonly region: string
  /** Agreement that every profile into this target needs, besides its own. */
  readonly approval?: Approval
}

/** A session tag's value. */
export type Value = ({ readonly claim: ClaimRef } | { readonly const: string } | { readonly param: string }) & {
  /** The claim does not change between two tokens of one caller. */
  readonly stable?: true
  /** The tag sticks to every role the session assumes next. */
  readonly transitive?: true
}

/** A text with parameters in it. They are put into values, never into JSON. */
export type Template = { readonly join: readonly (string | { readonly param: string })[] }
export type TemplateText = string | Template

/** An IAM statement whose values may hold parameters. */
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
   * A regular expression of JavaScript (flag `u`) that the whole value must fit. Lookaround, backreferences and modifiers are
   * refused, because values are matched in linear time.
   */
  readonly pattern: string
  /** Longest value, in characters. */
  readonly max: number
  /** Lets `*` and `?` through, which IAM reads as wildcards. `${` is never let through. */
  readonly wildcard?: true
}

export type ApprovalRule = {
  readonly by: readonly Who[]
  /** Distinct people who must agree, at least 1. */
  readonly count: number
  /** Who may agree too once `escalateAfter` has passed without an answer. */
  readonly escalateTo?: readonly Who[]
  /** Who may stand in for `by` between two instants (RFC 3339). */
  readonly delegates?: readonly { readonly who: Who; readonly from: string; readonly until: string }[]
  /** Agreement counts only within these hours; saying no is possible at any time. */
  readonly hours?: Hours
}

export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun'
/** Local times `HH:MM`, `from` included, `until` not. */
export type Hours = { readonly timeZone: string; readonly days: readonly Weekday[]; readonly from: string; readonly until: string }

export type Approval = {
  /** All must be fulfilled; one person fulfils one rule. */
  readonly rules: readonly ApprovalRule[]
  /** How long a request waits for an answer. */
  readonly expiresAfter: Duration
  /** How long after the approval sessions may be taken. */
  readonly window: Duration
  readonly maxUses: number
  /** After this without an answer each rule's `escalateTo` may decide too. */
  readonly escalateAfter?: Duration
  /**
   * For emergencies: demands a justification, and stays to be reviewed by somebody else. With `delay` the request is
   * approved by rule after that time, unless somebody stops it: for the night when nobody else is awake.
   */
  readonly breakGlass?: true | { readonly delay: Duration }
  /** Agreement counts only from a sign-in of the last five minutes: Slack's button leads to a page that asks for one. */
  readonly stepUp?: true
}

/** One of a person's identities: as a caller, or as whoever triggers an issuer's workloads (`actorClaim`). */
export type Identity = { readonly issuer: string; readonly subject: string } | { readonly issuer: string; readonly actor: string }

export type Profile = {
  readonly target: string
  /** What this way in is for, shown to callers. */
  readonly description?: string
  readonly eligible: readonly Who[]
  /** Who sees the profile without being eligible; everybody else gets the 404 of an unknown profile. */
  readonly visibleTo?: readonly Who[]
  readonly approval?: Approval
  readonly policy?: readonly PolicyStatement[]
  readonly policyArns?: readonly string[]
  readonly tags?: { readonly [key: string]: Value }
  readonly parameters?: { readonly [name: string]: Parameter }
  readonly duration: { readonly default: Duration; readonly max: Duration }
  /** false: no source identity, for roles whose next hop does not allow sts:SetSourceIdentity. It sticks to every hop. */
  readonly sourceIdentity?: false
  /** true: the session may assume further roles, which live past its own end. Short for `mints: ['sts:AssumeRole']`. */
  readonly chaining?: true
  /**
   * Actions that make credentials, tokens or keys which outlive the session, such as `ecr:GetAuthorizationToken`. Every
   * session policy denies the ones that are not named here; docs/lasting-access.md lists them. A name allows nothing by
   * itself, and also opens what the action needs (`sts:GetServiceBearerToken` for CodeArtifact and ECR Public).
   */
  readonly mints?: readonly string[]
  readonly justification?: 'required'
  readonly slack?: ProfileSlack
}

/** Days from the asking to the end of the window, at most: what lasts longer is no temporary access. The start may be chosen a week ahead. */
export const MAX_GRANT_DAYS = 45

/** AWS STS API Reference, AssumeRole, DurationSeconds: a chained session lasts at most one hour. */
export const MAX_SESSION_SECONDS = 3600

export type LogConfig = {
  /** The log's name: a URL without scheme, never changed once the log has begun (C2SP tlog-checkpoint). */
  readonly origin: string
  /** true: anybody may read checkpoint and tiles; they hold commitments and no events. */
  readonly publicLog?: true
  /** Who else signs each checkpoint: the URL of a C2SP tlog-witness and its key. */
  readonly witnesses?: readonly { readonly url: string; readonly vkey: string }[]
}

/** The Slack app, and where requests are told. Ids are Slack's own; a name may come to mean something else. */
export type SlackConfig = {
  /** The one workspace (`T…`) and the one app (`A…`) whose calls are taken. */
  readonly team: string
  readonly app: string
  /** The channel (`C…`) that requests are posted to, unless their profile names another. */
  readonly channel?: string
  /** The user group (`S…`) that a break-glass calls. */
  readonly onCall?: string
  /**
   * The workspace lets people in through this issuer's single sign-on and in no other way. Then a Slack user whose e-mail is
   * exactly the verified one of a signed-in person is linked to them without a code.
   */
  readonly trustEmail?: { readonly issuer: string }
}

/** What one profile says of it. */
export type ProfileSlack = {
  readonly channel?: string
  readonly onCall?: string
  /** Tells the approvers whom the rules name by `sub`, each in a message of their own. */
  readonly dm?: true
}

/** How people sign in on Stint's own pages: a client of theirs at the issuer (authorization code with PKCE). */
export type SignInClient = {
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
  readonly clientId: string
  /** `openid` unless set. */
  readonly scope?: string
}

/** Where an issuer's people are looked up live: a SCIM 2.0 service (RFC 7644). */
export type Directory = {
  /** The base URL, without `/Users`. */
  readonly scim: string
  /** The attribute of a user that holds the token's `sub`. */
  readonly by: 'id' | 'externalId' | 'userName'
  /** Whether `groupsClaim` holds the groups' ids (`value`, the default) or their names. */
  readonly groups?: 'value' | 'display'
  /** private: it answers inside your own network. */
  readonly network?: 'private'
}

export type Config = {
  readonly issuers: { readonly [id: string]: Issuer }
  readonly targets: { readonly [id: string]: Target }
  /**
   * For more targets than IAM lets a role name one by one (about 900): `vend` may assume every role under this path, of
   * accounts of this organization. Each target's role must lie there; who may enter which stays with the profiles.
   */
  readonly targetRoles?: { readonly path: string; readonly organization: string }
  readonly profiles: { readonly [id: string]: Profile }
  /** Who reads everybody's sessions and requests and the details of `/readyz`. */
  readonly auditors?: readonly Who[]
  /** Who may freeze, and together unfreeze. */
  readonly responders?: readonly Who[]
  /** The audit log. */
  readonly log?: LogConfig
  readonly slack?: SlackConfig
  /** By issuer: the sign-in of Stint's own pages. */
  readonly signIn?: { readonly [issuer: string]: SignInClient }
  /** By issuer: who its people are today, where no token says so. */
  readonly directories?: { readonly [issuer: string]: Directory }
  /** Identities that are one person: whoever is both may not agree with themselves. Never guessed from e-mails. */
  readonly people?: { readonly [person: string]: readonly Identity[] }
}

/** A value that a deploy (or the sandbox) fills in. */
export type Binding = { readonly binding: string; readonly default?: string }
export type Bindable = string | Binding

export type IssuerSource = Omit<Issuer, 'url' | 'jwksUri'> & { readonly url: Bindable; readonly jwksUri: Bindable }

/** The config as it is written: URLs, account ids, role ARNs and the name of the log may be bindings. */
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

/** A checked config with its bindings filled in, and the hash that every event names. */
export type Rules = Omit<Config, 'profiles'> & {
  readonly hash: string
  readonly profiles: {
    readonly ids: readonly string[]
    readonly find: (id: string) => Profile | undefined
    /** Some profile: looked at where the one asked for does not exist, so that the answer takes as long. */
    readonly first: () => Profile
  }
}

/** The name of the log. One that the config names none gets this: good enough for a sandbox. */
export const originOf = ({ log }: Pick<Config, 'log'>): string => log?.origin ?? 'stint.invalid/log'
