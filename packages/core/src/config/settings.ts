// Generated from schema.ts by packages/core/build/settings.ts. Do not edit.

/* biome-ignore-all format: generated */

/** The config, with its bindings filled in. */
export type Config = {
  /** The issuers whose tokens are accepted, by ID. */
  readonly issuers: { readonly [name: string]: Issuer }
  /** The roles that profiles lead to, by ID. */
  readonly targets: { readonly [name: string]: Target }
  /** For more targets than a role's policy can list one by one (about 900): `vend` can assume every role under this path in accounts of this organization. Each target's role must be under the path. Profiles still decide who gets which target. */
  readonly targetRoles?: { readonly path: string; readonly organization: string }
  /** What callers can have, by ID. */
  readonly profiles: { readonly [name: string]: Profile }
  /** Who can read all sessions and requests and the details of `/readyz`. */
  readonly auditors?: readonly Who[]
  /** Who can set freezes. Two of them together can release one. */
  readonly responders?: readonly Who[]
  /** Limits of the container credentials protocol. */
  readonly container?: ContainerSettings
  readonly log?: LogConfig
  /** For a company that needs more than one broker: its brokers, by ID. Each profile names its cell, and `log` is set per cell. All cells are built from this one config (docs/scale.md). */
  readonly cells?: { readonly [name: string]: Cell }
  /** Slack, for requests and notifications. */
  readonly slack?: SlackConfig
  /** By issuer: the sign-in for Stint's own pages. */
  readonly signIn?: { readonly [name: string]: SignInClient }
  /** By issuer: where to look up its people when there is no token. */
  readonly directories?: { readonly [name: string]: Directory }
  /** Identities that belong to one person, who must not approve their own requests. Never guessed from email addresses. */
  readonly people?: { readonly [name: string]: readonly Identity[] }
}

/** An issuer whose tokens callers present. */
export type Issuer = {
  /** Exactly the `iss` of its tokens, including a slash at the end. Can be a binding. */
  readonly url: string
  /** The URL of its key set. Can be a binding. */
  readonly jwksUri: string
  /** 1 to 12 of `[a-z0-9-]`. Every source identity of the issuer's callers begins with it, so it must be unique. */
  readonly key: string
  /** Whether its tokens are about people or about workloads. */
  readonly kind: 'human' | 'workload'
  /** The `aud` values that mean this broker (for Cognito access tokens: the `client_id`). */
  readonly audiences: readonly string[]
  /** Which of its tokens are accepted. */
  readonly tokenUse: 'id' | 'access' | 'any'
  /** The signature algorithms that are accepted. */
  readonly algorithms: readonly Algorithm[]
  /** The kind of issuer. `stint lint` knows the claims of each preset. The helpers in `issuers/` set it. */
  readonly preset?: Preset
  /** How tokens mark their use where that is not RFC 9068's `typ` (identity/token-use.ts). Default: by the URL of Cognito, Okta, Entra ID, Keycloak, Auth0. */
  readonly dialect?: Dialect
  /** The claim with the caller's identity in AWS. Default: `sub`. The issuer must verify any other claim you name here. */
  readonly identityClaim?: ClaimRef
  /** A readable name, for display only: one claim, or several joined so that no two callers get the same name by accident. */
  readonly nameClaim?: ClaimRef | readonly ClaimRef[]
  /** The claim with the caller's groups. */
  readonly groupsClaim?: ClaimRef
  /** Claims that every token must have. They pin one tenant of a shared issuer (GitHub, GitLab.com, Buildkite …). */
  readonly tenant?: { readonly [name: ClaimRef]: Scalar }
  /** `acr` values of a sign-in with a second factor; a step-up requests them. Default: `phr` and `phrh` (OIDC EAP ACR Values §3). */
  readonly mfaAcr?: readonly string[]
  /** `private`: the keys are served inside your own network. Otherwise a JWKS host with a private address is refused. */
  readonly network?: 'private'
  /** The longest `exp - iat` that is accepted, at most 168h. Default: 24h for people, 1h for workloads. */
  readonly maxTokenLife?: Duration
  /** How far `iat` and `nbf` can be ahead of the broker's clock, at most 60s. Default: 10s. */
  readonly clockSkew?: Duration
  /** For workloads: the claims that tell the jobs of one caller apart (`run_id`, `build_number`). Only the job that started a session can renew it. */
  readonly jobIdentity?: readonly ClaimRef[]
  /** For workloads: the claim that names the person who triggered the job (`actor_id`, `user_id`). */
  readonly actorClaim?: ClaimRef
  /** `once`: a token can be used for one session per profile. */
  readonly replay?: 'once'
}

/** A role that profiles lead to. */
export type Target = {
  /** The account, 12 digits. Can be a binding. */
  readonly account: string
  /** The ARN of the role. Can be a binding. */
  readonly roleArn: string
  /** You choose it, one per target; callers cannot set it. It prevents the confused deputy problem. It is not a secret. */
  readonly externalId: string
  /** The region whose STS endpoint is called. */
  readonly region: string
  /** Approval that every profile of this target needs in addition to its own. */
  readonly approval?: Approval
  /** A session that is ended loses its access within seconds to minutes, and not only when its credentials expire: Stint denies it in a policy of the role. Needs the revoker and the permissions boundary of the target kit (docs/guides/targets.md). */
  readonly revocation?: true
}

/** What a session can do, and who can have one. */
export type Profile = {
  /** The target, by its ID in this config. */
  readonly target: string
  /** The purpose of the profile, shown to callers. */
  readonly description?: string
  /** Who can have a session. The items are alternatives. */
  readonly eligible: readonly Who[]
  /** Who can see the profile without being eligible. All others get the 404 of an unknown profile. */
  readonly visibleTo?: readonly Who[]
  /** The approval that a session needs. Without one, eligible callers get a session at once. */
  readonly approval?: Approval
  /** The statements of the session policy. A session can do what both the role and this policy allow. */
  readonly policy?: readonly PolicyStatement[]
  /** Managed policies that limit the session in the same way. */
  readonly policyArns?: readonly string[]
  /** Session tags, by key. */
  readonly tags?: { readonly [name: string]: Value }
  /** The parameters that a caller must pass, by name. */
  readonly parameters?: { readonly [name: string]: Parameter }
  /** The default and the maximum duration of a session. */
  readonly duration: {
    readonly default: Duration
    readonly max: Duration
    /** How long one set of credentials lasts, from 60s to 1h. The session can be renewed until it ends, and `max` can be up to 12h. Every renewal checks the caller, the rules and the freezes again. Without it, a session has one set of credentials. */
    readonly renew?: Duration
  }
  /** `true`: `stint exec`, `stint shell` and the integrations for GitHub Actions, GitLab and Buildkite end the session when the command, the shell or the job is done. Each command then has a session of its own. */
  readonly endOnExit?: true
  /** `false`: set no source identity, for chained roles that do not allow sts:SetSourceIdentity. A source identity persists through every hop. */
  readonly sourceIdentity?: false
  /** Deprecated. Use `mints: ['sts:AssumeRole']`, which has the same effect: the session can assume further roles, whose sessions outlive it. */
  readonly chaining?: true
  /** Actions that create credentials, tokens or keys which outlive the session, such as `ecr:GetAuthorizationToken`. Every session policy denies those that are not named here; docs/lasting-access.md lists them. Naming an action does not allow it, but also lifts the Deny of what the action needs (`sts:GetServiceBearerToken` for CodeArtifact and ECR Public). */
  readonly mints?: readonly string[]
  /** `required`: the caller must say why they need access. */
  readonly justification?: 'required'
  /** Where Slack messages about this profile go. */
  readonly slack?: ProfileSlack
  /** The cell whose broker serves the profile, by its ID in this config. Required if the config has `cells`. */
  readonly cell?: string
}

/** The container credentials protocol, `GET /credentials/{profile}`. SDKs fetch credentials for each client and process, and repeat a call after one or two seconds, so leave room for three calls per need. */
export type ContainerSettings = {
  /** Sessions that one caller can start within a minute with the same profile and parameters. Default: 60. A higher limit costs more writes and lets a stolen token start more sessions. */
  readonly perMinute?: number
  /** Sessions that one caller can start within an hour with all profiles. Default: 1200. */
  readonly perHour?: number
}

/** The audit log. */
export type LogConfig = {
  /** The log's name: a URL without scheme. It must not change after the log has started (C2SP tlog-checkpoint). Can be a binding. */
  readonly origin: string
  /** `true`: anyone can read checkpoint and tiles. They contain commitments and no events. */
  readonly publicLog?: true
  /** Witnesses that also sign each checkpoint: the URL of a C2SP tlog-witness and its key. */
  readonly witnesses?: readonly { readonly url: string; readonly vkey: string }[]
}

/** The Slack app, and the channels for requests. Use Slack's own IDs: a name can later refer to another channel or group. */
export type SlackConfig = {
  /** The workspace (`T…`) of the app. Its members can use Stint. */
  readonly team: string
  /** Further workspaces (`T…`) whose members can use Stint. Without `enterprise`, each is independent of the others. */
  readonly workspaces?: readonly string[]
  /** The Enterprise Grid organization (`E…`) of `team` and of all `workspaces`. A user has one ID in all of its workspaces, so they link once. Also allows an app that is installed for the whole organization. */
  readonly enterprise?: string
  /** The only app (`A…`) whose calls are accepted. */
  readonly app: string
  /** The channel (`C…`) that requests are posted to, unless the profile names another. */
  readonly channel?: string
  /** The user group (`S…`) that a break-glass request mentions. */
  readonly onCall?: string
  /** Set this only if people can enter the workspace only through this issuer's single sign-on. A Slack user whose email address is exactly the verified one of a signed-in person is then linked to that person without a code. */
  readonly trustEmail?: { readonly issuer: string }
}

/** Matches callers of one issuer who meet every condition given here. Lists of `Who` are alternatives. */
export type Who = {
  /** The issuer, by its ID in this config. */
  readonly issuer: string
  /** The claims that must match, at least one. `{}` would match every caller and is an error. */
  readonly claims: { readonly [name: ClaimRef]: Matcher }
  /** Requires a sign-in with a second factor: `amr` contains `mfa` (RFC 8176), or `acr` is one of the issuer's `mfaAcr`. */
  readonly mfa?: true
  /** The maximum time since the person signed in (`auth_time`). */
  readonly authAge?: Duration
  /** CIDR blocks that the call must come from. */
  readonly sourceIp?: readonly string[]
}

/** A broker in an account of its own, with a table and an audit log of its own. It serves the profiles that name it. */
export type Cell = {
  /** The account of the broker, 12 digits. Can be a binding. */
  readonly account: string
  /** The audit log of the cell. */
  readonly log: LogConfig
}

/** How people sign in on Stint's own pages: a client at the issuer (authorization code with PKCE). Its redirect URI is `/sign-in/callback` at the broker's address, or `/sign-in/callback/ISSUER` if there are several issuers. */
export type SignInClient = {
  /** The authorization endpoint of the issuer. Can be a binding. */
  readonly authorizationEndpoint: string
  /** The token endpoint of the issuer. Can be a binding. */
  readonly tokenEndpoint: string
  /** The ID of Stint's client at the issuer. */
  readonly clientId: string
  /** Default: `openid`. */
  readonly scope?: string
  /** The client of the command line at the same issuer. Absent: people cannot sign in with `stint login`. */
  readonly cli?: CliClient
}

/** A SCIM 2.0 service (RFC 7644) in which the issuer's people are looked up live. */
export type Directory = {
  /** The base URL, without `/Users`. Can be a binding. */
  readonly scim: string
  /** The attribute of a user that holds the token's `sub`. */
  readonly by: 'id' | 'externalId' | 'userName'
  /** Whether `groupsClaim` holds the groups' IDs (`value`, the default) or their names. */
  readonly groups?: 'value' | 'display'
  /** `private`: the service runs inside your own network. */
  readonly network?: 'private'
}

/** A signature algorithm (RFC 7518, RFC 8037). */
export type Algorithm = 'RS256' | 'RS384' | 'RS512' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA'

/** A kind of issuer. */
export type Preset = 'github' | 'gitlab' | 'buildkite' | 'circleci' | 'kubernetes' | 'cognito' | 'okta' | 'entra' | 'google' | 'aws' | 'keycloak' | 'auth0' | 'terraform' | 'vercel' | 'bitbucket' | 'azure-devops' | 'spacelift' | 'oidc'

/** How tokens mark their use. */
export type Dialect = 'rfc9068' | 'cognito' | 'okta' | 'entra' | 'keycloak' | 'auth0'

/** `/a/b` is a JSON Pointer (RFC 6901) into the claims; anything else is the literal name of a top-level claim. */
export type ClaimRef = string

/** A length of time with units, such as '15m' or '1h30m'. */
export type Duration = string

/** The approval that a session needs. */
export type Approval = {
  /** All rules must be fulfilled. Each person counts for one rule. */
  readonly rules: readonly ApprovalRule[]
  /** How long a request waits for a decision. */
  readonly expiresAfter: Duration
  /** How long sessions can be started after the approval. */
  readonly window: Duration
  /** How many sessions one approved request can issue. */
  readonly maxUses: number
  /** After this time without a decision, each rule's `escalateTo` can decide too. */
  readonly escalateAfter?: Duration
  /** For emergencies: requires a justification, and a review by another person afterwards. With `delay` the request is approved by rule after that time unless someone stops it, for nights when no approver is awake. */
  readonly breakGlass?: true | { readonly delay: Duration }
  /** Approvals require a sign-in within the last five minutes. The button in Slack opens a page that asks for one. */
  readonly stepUp?: true
}

/** The Slack settings of one profile. */
export type ProfileSlack = {
  /** The channel (`C…`) that its requests are posted to. */
  readonly channel?: string
  /** The user group (`S…`) that a break-glass request mentions. */
  readonly onCall?: string
  /** Sends a direct message to each approver whom the rules name by `sub`. */
  readonly dm?: true
}

/** One of a person's identities: as a caller, or as the actor who triggers an issuer's workloads (`actorClaim`). */
export type Identity = { readonly issuer: string; readonly subject: string } | { readonly issuer: string; readonly actor: string }

/** A single value. */
export type Scalar = string | number | boolean

/** An IAM statement whose values can contain parameters. */
export type PolicyStatement = { readonly Sid?: string; readonly Effect: 'Allow' | 'Deny'; readonly Action?: string | readonly string[]; readonly NotAction?: string | readonly string[]; readonly Resource?: TemplateText | readonly TemplateText[]; readonly NotResource?: TemplateText | readonly TemplateText[]; readonly Condition?: { readonly [name: string]: { readonly [name: string]: Scalar | Template | readonly (Scalar | Template)[] } } }

/** A session tag's value: from a claim, a constant or a parameter. */
export type Value = {
  readonly claim: ClaimRef
  /** The longest value, in characters as sent to AWS. A longer one is refused. `stint lint` estimates the packed size with it. */
  readonly max?: number
  /** The claim is the same in every token of one caller. */
  readonly stable?: true
  /** The tag is passed on to every role that the session assumes. */
  readonly transitive?: true
} | {
  readonly const: string
  /** The claim is the same in every token of one caller. */
  readonly stable?: true
  /** The tag is passed on to every role that the session assumes. */
  readonly transitive?: true
} | {
  readonly param: string
  /** The claim is the same in every token of one caller. */
  readonly stable?: true
  /** The tag is passed on to every role that the session assumes. */
  readonly transitive?: true
}

/** A value that the caller chooses within limits. */
export type Parameter = {
  /** A JavaScript regular expression (flag `u`) that the whole value must match. Lookaround, backreferences and modifiers are not supported, because values are matched in linear time. */
  readonly pattern: string
  /** Longest value, in characters. */
  readonly max: number
  /** Allows `*` and `?` in the value, which IAM reads as wildcards. `$` is never allowed. */
  readonly wildcard?: true
}

/** Matches the value of a claim. A missing claim never matches, not even under `not`. Every match is exact unless a matcher says otherwise. */
export type Matcher = Scalar | { readonly oneOf: readonly Scalar[] } | { readonly includes: Scalar } | { readonly glob: string } | { readonly cidr: readonly string[] } | { readonly not: Matcher } | { readonly all: readonly Matcher[] } | { readonly any: readonly Matcher[] }

/** A public client (no secret; PKCE) with the redirect URLs `http://localhost:8421/callback`, `:8422` and `:8423`. Its ID is published at `/.well-known/oauth-protected-resource`, so it must not be a client that is used for anything else. */
export type CliClient = {
  /** The ID of the client at the issuer. */
  readonly clientId: string
  /** Default: `openid`. Most issuers return a refresh token only for `offline_access`. */
  readonly scope?: string
}

/** People who must approve. */
export type ApprovalRule = {
  /** Who can approve. */
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

/** Local times `HH:MM`. `from` is inclusive, `until` exclusive. */
export type Hours = { readonly timeZone: string; readonly days: readonly Weekday[]; readonly from: string; readonly until: string }

/** A string, or a string with parameters. */
export type TemplateText = string | Template

/** A string with parameters. Parameters are inserted into values, never into JSON text. */
export type Template = { readonly join: readonly (string | { readonly param: string })[] }

/** A day of the week. */
export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun'
