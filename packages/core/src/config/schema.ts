/**
 * The one schema of `stint.config.ts`: what each setting means and which values it can have. The types (`settings.ts`), the JSON Schema
 * and the reference page are generated from it (`packages/core/build/settings.ts`), and a test compares them. `check.ts` validates what
 * settings mean together.
 */
import { isCidr } from '@stint/iam/ip'
import { partitions } from '@stint/iam/partition'
import { parseVkey } from '@stint/tlog/note'
import * as v from 'valibot'
import { parseDuration } from '../duration.ts'
import { isTimeZone, parseIso } from '../instant.ts'
import { isSafeNumber } from '../json.ts'
import { isLoopback } from '../loopback.ts'

/** Gives a schema the name of its type, and a description. */
const named = <T extends v.GenericSchema>(name: string, description: string, schema: T) =>
  v.pipe(schema, v.title(name), v.description(description))
/** Gives a setting its description. */
const about = <T extends v.GenericSchema>(description: string, schema: T) => v.pipe(schema, v.description(description))
const optional = <T extends v.GenericSchema>(description: string, schema: T) => v.optional(about(description, schema))
const yes = v.literal(true)
const PARTITION = partitions.map(({ id }) => id).join('|')

// ── Values ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const id = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{0,47}$/, 'must be 1 to 48 of a-z, 0-9 and -, and must not begin with -'))
/** A token's `sub` (`identity/subject.ts`). */
const subject = v.pipe(
  v.string(),
  v.regex(/^\P{Cc}{1,2048}$/u, 'must have 1 to 2,048 characters, none of them a control character'),
  // Events have it so. It would never match, and a person could approve their own request with that identity.
  v.check((text) => !/^sha256:[0-9a-f]{64}$/.test(text), 'is the digest of a subject. Enter the subject itself, as tokens have it'),
)
const line = v.pipe(v.string(), v.nonEmpty('must not be empty'), v.maxLength(256, 'must be at most 256 characters'))
const list = <T extends v.GenericSchema>(item: T) => v.pipe(v.array(item), v.minLength(1, 'must not be empty'))
const filledRecord = <K extends v.GenericSchema<string>, T extends v.GenericSchema>(key: K, value: T, empty: string) =>
  v.pipe(
    v.record(key, value),
    v.check((record) => Object.keys(record).length > 0, empty),
  )
const count = (least: number, most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least, `must be at least ${least}`), v.maxValue(most, `must be at most ${most}`))

const duration = named(
  'Duration',
  "A length of time with units, such as '15m' or '1h30m'.",
  v.pipe(
    v.string(),
    v.check((value) => parseDuration(value) !== undefined, "must be a duration with units, such as '15m' or '1h30m'"),
  ),
)
/** Tokens with larger numbers are refused, so a rule with such a number could only match by mistake. */
const safeNumber = v.pipe(
  v.number(),
  v.check(isSafeNumber, `must be between ${Number.MIN_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER}; use a string for a longer identifier`),
)
const scalar = named('Scalar', 'A single value.', v.union([v.string(), safeNumber, v.boolean()]))
const claimRef = named(
  'ClaimRef',
  '`/a/b` is a JSON Pointer (RFC 6901) into the claims; anything else is the literal name of a top-level claim.',
  line,
)
const cidr = v.pipe(v.string(), v.check(isCidr, 'must be a CIDR block'))
const instant = v.pipe(
  v.string(),
  v.check((value) => parseIso(value) !== undefined, 'must be a date and time with a zone, such as 2026-12-24T00:00:00Z'),
)
const account = v.pipe(v.string(), v.regex(/^\d{12}$/, 'must be 12 digits'))
const localTime = v.pipe(v.string(), v.regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be HH:MM'))
const httpsUrl = v.pipe(line, v.check(isIssuerUrl, 'must be an https URL without credentials or fragment (http only for loopback)'))
/** Slack IDs: a letter for the kind, then capital letters and digits. */
const slackId = (kind: string, what: string) =>
  v.pipe(
    v.string(),
    v.regex(
      new RegExp(`^[${kind}][A-Z0-9]{2,20}$`),
      `must be the ID of ${/^[aeio]/.test(what) ? 'an' : 'a'} ${what}, such as ${kind[0]}0123ABCD`,
    ),
  )
const oneOrMore = <T extends v.GenericSchema>(item: T) => v.union([item, list(item)])

/** https, or http on a loopback address for the sandbox. The build of the Lambda functions refuses http entirely. */
export function isIssuerUrl(text: string): boolean {
  const url = URL.parse(text)
  if (!url || url.username || url.password || url.hash) return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(text))
}

// ── Who ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

const matcher: v.GenericSchema = named(
  'Matcher',
  'Matches the value of a claim. A missing claim never matches, not even under `not`. Every match is exact unless a matcher says otherwise.',
  v.lazy(() =>
    v.union([
      scalar,
      v.strictObject({ oneOf: list(scalar) }),
      v.strictObject({ includes: scalar }),
      v.strictObject({ glob: line }),
      v.strictObject({ cidr: list(cidr) }),
      v.strictObject({ not: matcher }),
      v.strictObject({ all: list(matcher) }),
      v.strictObject({ any: list(matcher) }),
    ]),
  ),
)

const who = named(
  'Who',
  'Matches callers of one issuer who meet every condition given here. Lists of `Who` are alternatives.',
  v.strictObject({
    issuer: about('The issuer, by its ID in this config.', id),
    claims: about(
      'The claims that must match, at least one. `{}` would match every caller and is an error.',
      filledRecord(claimRef, matcher, 'must name a claim, because {} would match every caller'),
    ),
    mfa: optional(
      "Requires a sign-in with a second factor: `amr` contains `mfa` (RFC 8176), or `acr` is one of the issuer's `mfaAcr`.",
      yes,
    ),
    authAge: optional('The maximum time since the person signed in (`auth_time`).', duration),
    sourceIp: optional('CIDR blocks that the call must come from.', list(cidr)),
  }),
)

// ── Issuers ──────────────────────────────────────────────────────────────────────────────────────────────────────────

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
  'keycloak',
  'auth0',
  'terraform',
  'vercel',
  'bitbucket',
  'azure-devops',
  'spacelift',
  'oidc',
] as const
const dialects = ['rfc9068', 'cognito', 'okta', 'entra', 'keycloak', 'auth0'] as const
const algorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const

const acr = v.pipe(line, v.regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, 'must be printable ASCII without spaces, double quotes or backslashes'))

const issuer = named(
  'Issuer',
  'An issuer whose tokens callers present.',
  v.strictObject({
    url: about('Exactly the `iss` of its tokens, including a slash at the end. Can be a binding.', line),
    jwksUri: about('The URL of its key set. Can be a binding.', line),
    key: about(
      "1 to 12 of `[a-z0-9-]`. Every source identity of the issuer's callers begins with it, so it must be unique.",
      v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,12}$/, 'must be 1 to 12 of a-z, 0-9 and -')),
    ),
    kind: about('Whether its tokens are about people or about workloads.', v.picklist(['human', 'workload'])),
    audiences: about('The `aud` values that mean this broker (for Cognito access tokens: the `client_id`).', list(line)),
    tokenUse: about('Which of its tokens are accepted.', v.picklist(['id', 'access', 'any'])),
    algorithms: about(
      'The signature algorithms that are accepted.',
      list(named('Algorithm', 'A signature algorithm (RFC 7518, RFC 8037).', v.picklist(algorithms))),
    ),
    preset: optional(
      'The kind of issuer. `stint lint` knows the claims of each preset. The helpers in `issuers/` set it.',
      named('Preset', 'A kind of issuer.', v.picklist(presets)),
    ),
    dialect: optional(
      "How tokens mark their use where that is not RFC 9068's `typ` (identity/token-use.ts). Default: by the URL of Cognito, Okta, Entra ID, Keycloak, Auth0.",
      named('Dialect', 'How tokens mark their use.', v.picklist(dialects)),
    ),
    identityClaim: optional(
      "The claim with the caller's identity in AWS. Default: `sub`. The issuer must verify any other claim you name here.",
      claimRef,
    ),
    nameClaim: optional(
      'A readable name, for display only: one claim, or several joined so that no two callers get the same name by accident.',
      v.union([claimRef, list(claimRef)]),
    ),
    groupsClaim: optional("The claim with the caller's groups.", claimRef),
    tenant: optional(
      'Claims that every token must have. They pin one tenant of a shared issuer (GitHub, GitLab.com, Buildkite …).',
      filledRecord(claimRef, scalar, 'must name a claim'),
    ),
    mfaAcr: optional(
      '`acr` values of a sign-in with a second factor; a step-up requests them. Default: `phr` and `phrh` (OIDC EAP ACR Values §3).',
      list(acr),
    ),
    network: optional(
      '`private`: the keys are served inside your own network. Otherwise a JWKS host with a private address is refused.',
      v.literal('private'),
    ),
    maxTokenLife: optional('The longest `exp - iat` that is accepted, at most 168h. Default: 24h for people, 1h for workloads.', duration),
    clockSkew: optional("How far `iat` and `nbf` can be ahead of the broker's clock, at most 60s. Default: 10s.", duration),
    jobIdentity: optional(
      'For workloads: the claims that tell the jobs of one caller apart (`run_id`, `build_number`). Only the job that started a session can renew it.',
      list(claimRef),
    ),
    actorClaim: optional('For workloads: the claim that names the person who triggered the job (`actor_id`, `user_id`).', claimRef),
    replay: optional('`once`: a token can be used for one session per profile.', v.literal('once')),
  }),
)

// ── Approval ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const hours = named(
  'Hours',
  'Local times `HH:MM`. `from` is inclusive, `until` exclusive.',
  v.strictObject({
    timeZone: v.pipe(v.string(), v.check(isTimeZone, 'must be a time zone such as Europe/Berlin')),
    days: list(named('Weekday', 'A day of the week.', v.picklist(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']))),
    from: localTime,
    until: localTime,
  }),
)
const approvalRule = named(
  'ApprovalRule',
  'People who must approve.',
  v.strictObject({
    by: about('Who can approve.', list(who)),
    count: about('The number of different people who must approve, at least 1.', count(1, 10)),
    escalateTo: optional('Additional approvers once `escalateAfter` has passed without a decision.', list(who)),
    delegates: optional(
      'Stand-ins for `by` between two instants (RFC 3339).',
      list(v.strictObject({ who, from: instant, until: instant })),
    ),
    hours: optional('Approvals count only within these hours. Denying is possible at any time.', hours),
  }),
)
const approval = named(
  'Approval',
  'The approval that a session needs.',
  v.strictObject({
    rules: about('All rules must be fulfilled. Each person counts for one rule.', list(approvalRule)),
    expiresAfter: about('How long a request waits for a decision.', duration),
    window: about('How long sessions can be started after the approval.', duration),
    maxUses: about('How many sessions one approved request can issue.', count(1, 100)),
    escalateAfter: optional("After this time without a decision, each rule's `escalateTo` can decide too.", duration),
    breakGlass: optional(
      'For emergencies: requires a justification, and a review by another person afterwards. With `delay` the request is approved by rule after that time unless someone stops it, for nights when no approver is awake.',
      v.union([yes, v.strictObject({ delay: duration })]),
    ),
    stepUp: optional('Approvals require a sign-in within the last five minutes. The button in Slack opens a page that asks for one.', yes),
  }),
)

// ── Targets and profiles ─────────────────────────────────────────────────────────────────────────────────────────────

const target = named(
  'Target',
  'A role that profiles lead to.',
  v.strictObject({
    account: about('The account, 12 digits. Can be a binding.', account),
    // AWS IAM API Reference, CreateRole: a path of at most 512 characters, a name of at most 64. Events have no room for more.
    roleArn: about(
      'The ARN of the role. Can be a binding.',
      v.pipe(
        v.string(),
        v.regex(new RegExp(`^arn:(${PARTITION}):iam::\\d{12}:role/([\\w+=,.@-]+/)*[\\w+=,.@-]{1,64}$`), 'must be the ARN of an IAM role'),
        v.maxLength(608, 'must be the ARN of an IAM role'),
      ),
    ),
    // AWS STS API Reference, AssumeRole, ExternalId.
    externalId: about(
      'You choose it, one per target; callers cannot set it. It prevents the confused deputy problem. It is not a secret.',
      v.pipe(v.string(), v.regex(/^[\w+=,.@:/-]{2,1224}$/, 'must be 2 to 1224 characters: letters, digits and +=,.@:/-_')),
    ),
    region: about(
      'The region whose STS endpoint is called.',
      v.pipe(v.string(), v.regex(/^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/, 'must be a region such as eu-central-1')),
    ),
    approval: optional('Approval that every profile of this target needs in addition to its own.', approval),
    revocation: optional(
      'A session that is ended loses its access within seconds to minutes, and not only when its credentials expire: Stint denies it in a policy of the role. Needs the revoker and the permissions boundary of the target kit (docs/guides/targets.md).',
      yes,
    ),
  }),
)

const valueSettings = {
  stable: optional('The claim is the same in every token of one caller.', yes),
  transitive: optional('The tag is passed on to every role that the session assumes.', yes),
}
const value = named(
  'Value',
  "A session tag's value: from a claim, a constant or a parameter.",
  v.union([
    v.strictObject({
      claim: claimRef,
      max: optional(
        'The longest value, in characters as sent to AWS. A longer one is refused. `stint lint` estimates the packed size with it.',
        v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(256)),
      ),
      ...valueSettings,
    }),
    v.strictObject({ const: v.string(), ...valueSettings }),
    v.strictObject({ param: line, ...valueSettings }),
  ]),
)

const template = named(
  'Template',
  'A string with parameters. Parameters are inserted into values, never into JSON text.',
  v.strictObject({ join: list(v.union([v.string(), v.strictObject({ param: line })])) }),
)
const templateText = named('TemplateText', 'A string, or a string with parameters.', v.union([v.string(), template]))

const statement = named(
  'PolicyStatement',
  'An IAM statement whose values can contain parameters.',
  v.strictObject({
    Sid: v.optional(v.string()),
    Effect: v.picklist(['Allow', 'Deny']),
    Action: v.optional(oneOrMore(v.string())),
    NotAction: v.optional(oneOrMore(v.string())),
    Resource: v.optional(oneOrMore(templateText)),
    NotResource: v.optional(oneOrMore(templateText)),
    Condition: v.optional(v.record(v.string(), v.record(v.string(), oneOrMore(v.union([scalar, template]))))),
  }),
)

const parameter = named(
  'Parameter',
  'A value that the caller chooses within limits.',
  v.strictObject({
    pattern: about(
      'A JavaScript regular expression (flag `u`) that the whole value must match. Lookaround, backreferences and modifiers are not supported, because values are matched in linear time.',
      line,
    ),
    max: about('Longest value, in characters.', v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(512))),
    wildcard: optional('Allows `*` and `?` in the value, which IAM reads as wildcards. `$` is never allowed.', yes),
  }),
)

const profileSlack = named(
  'ProfileSlack',
  'The Slack settings of one profile.',
  v.strictObject({
    channel: optional('The channel (`C…`) that its requests are posted to.', slackId('CG', 'channel')),
    onCall: optional('The user group (`S…`) that a break-glass request mentions.', slackId('S', 'user group')),
    dm: optional('Sends a direct message to each approver whom the rules name by `sub`.', yes),
  }),
)

const profile = named(
  'Profile',
  'What a session can do, and who can have one.',
  v.strictObject({
    target: about('The target, by its ID in this config.', id),
    description: optional('The purpose of the profile, shown to callers.', line),
    eligible: about('Who can have a session. The items are alternatives.', list(who)),
    visibleTo: optional('Who can see the profile without being eligible. All others get the 404 of an unknown profile.', list(who)),
    approval: optional('The approval that a session needs. Without one, eligible callers get a session at once.', approval),
    policy: optional('The statements of the session policy. A session can do what both the role and this policy allow.', list(statement)),
    policyArns: optional(
      'Managed policies that limit the session in the same way.',
      v.pipe(
        list(
          v.pipe(
            v.string(),
            v.regex(new RegExp(`^arn:(${PARTITION}):iam::(aws|\\d{12}):policy/.+$`), 'must be the ARN of a managed policy'),
          ),
        ),
        v.maxLength(10, 'must have at most 10 items, the AWS limit'),
      ),
    ),
    tags: optional(
      'Session tags, by key.',
      v.record(v.pipe(v.string(), v.regex(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u, 'must be a valid session tag key')), value),
    ),
    parameters: optional(
      'The parameters that a caller must pass, by name.',
      v.record(v.pipe(v.string(), v.regex(/^[a-z][a-zA-Z0-9]{0,31}$/, 'must be a name such as bucket')), parameter),
    ),
    duration: about(
      'The default and the maximum duration of a session.',
      v.strictObject({
        default: duration,
        max: duration,
        renew: optional(
          'How long one set of credentials lasts, from 60s to 1h. The session can be renewed until it ends, and `max` can be up to 12h. Every renewal checks the caller, the rules and the freezes again. Without it, a session has one set of credentials.',
          duration,
        ),
      }),
    ),
    endOnExit: optional(
      '`true`: `stint exec`, `stint shell` and the integrations for GitHub Actions, GitLab and Buildkite end the session when the command, the shell or the job is done. Each command then has a session of its own.',
      yes,
    ),
    sourceIdentity: optional(
      '`false`: set no source identity, for chained roles that do not allow sts:SetSourceIdentity. A source identity persists through every hop.',
      v.literal(false),
    ),
    chaining: optional(
      "Deprecated. Use `mints: ['sts:AssumeRole']`, which has the same effect: the session can assume further roles, whose sessions outlive it.",
      yes,
    ),
    mints: optional(
      'Actions that create credentials, tokens or keys which outlive the session, such as `ecr:GetAuthorizationToken`. Every session policy denies those that are not named here; docs/lasting-access.md lists them. Naming an action does not allow it, but also lifts the Deny of what the action needs (`sts:GetServiceBearerToken` for CodeArtifact and ECR Public).',
      list(v.string()),
    ),
    justification: optional('`required`: the caller must say why they need access.', v.literal('required')),
    slack: optional('Where Slack messages about this profile go.', profileSlack),
    cell: optional('The cell whose broker serves the profile, by its ID in this config. Required if the config has `cells`.', id),
  }),
)

// ── The rest ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const log = named(
  'LogConfig',
  'The audit log.',
  v.strictObject({
    origin: about(
      "The log's name: a URL without scheme. It must not change after the log has started (C2SP tlog-checkpoint). Can be a binding.",
      v.pipe(
        line,
        v.regex(/^[^\s+]+[^\s+/]$/, 'must not contain white space or +, and must not end in a slash'),
        v.check((text) => !text.includes('://'), 'must not have a scheme'),
      ),
    ),
    publicLog: optional('`true`: anyone can read checkpoint and tiles. They contain commitments and no events.', yes),
    witnesses: optional(
      'Witnesses that also sign each checkpoint: the URL of a C2SP tlog-witness and its key.',
      list(
        v.strictObject({
          url: v.pipe(
            line,
            v.check((text) => /^https:\/\//.test(text) || (/^http:\/\//.test(text) && isLoopback(text)), 'must be https'),
          ),
          vkey: v.pipe(
            line,
            v.check((text) => parseVkey(text)?.kind === 'witness', 'must be the vkey of an Ed25519 witness (type 04)'),
          ),
        }),
      ),
    ),
  }),
)

const cell = named(
  'Cell',
  'A broker in an account of its own, with a table and an audit log of its own. It serves the profiles that name it.',
  v.strictObject({
    account: about('The account of the broker, 12 digits. Can be a binding.', account),
    log: about('The audit log of the cell.', log),
  }),
)

const slack = named(
  'SlackConfig',
  "The Slack app, and the channels for requests. Use Slack's own IDs: a name can later refer to another channel or group.",
  v.strictObject({
    team: about('The workspace (`T…`) of the app. Its members can use Stint.', slackId('T', 'workspace')),
    workspaces: optional(
      'Further workspaces (`T…`) whose members can use Stint. Without `enterprise`, each is independent of the others.',
      v.pipe(list(slackId('T', 'workspace')), v.maxLength(100, 'are more than 100')),
    ),
    enterprise: optional(
      'The Enterprise Grid organization (`E…`) of `team` and of all `workspaces`. A user has one ID in all of its workspaces, so they link once. Also allows an app that is installed for the whole organization.',
      slackId('E', 'organization'),
    ),
    app: about('The only app (`A…`) whose calls are accepted.', slackId('A', 'app')),
    channel: optional('The channel (`C…`) that requests are posted to, unless the profile names another.', slackId('CG', 'channel')),
    onCall: optional('The user group (`S…`) that a break-glass request mentions.', slackId('S', 'user group')),
    trustEmail: optional(
      "Set this only if people can enter the workspace only through this issuer's single sign-on. A Slack user whose email address is exactly the verified one of a signed-in person is then linked to that person without a code.",
      v.strictObject({ issuer: id }),
    ),
  }),
)

const scope = v.pipe(
  line,
  v.check((text) => text.split(' ').includes('openid'), 'must include openid'),
)
const cliClient = named(
  'CliClient',
  'A public client (no secret; PKCE) with the redirect URLs `http://localhost:8421/callback`, `:8422` and `:8423`. Its ID is published at `/.well-known/oauth-protected-resource`, so it must not be a client that is used for anything else.',
  v.strictObject({
    clientId: about('The ID of the client at the issuer.', line),
    scope: optional('Default: `openid`. Most issuers return a refresh token only for `offline_access`.', scope),
  }),
)

const signIn = named(
  'SignInClient',
  "How people sign in on Stint's own pages: a client at the issuer (authorization code with PKCE). Its redirect URI is `/sign-in/callback` at the broker's address, or `/sign-in/callback/ISSUER` if there are several issuers.",
  v.strictObject({
    authorizationEndpoint: about('The authorization endpoint of the issuer. Can be a binding.', httpsUrl),
    tokenEndpoint: about('The token endpoint of the issuer. Can be a binding.', httpsUrl),
    clientId: about("The ID of Stint's client at the issuer.", line),
    scope: optional('Default: `openid`.', scope),
    cli: optional('The client of the command line at the same issuer. Absent: people cannot sign in with `stint login`.', cliClient),
  }),
)

const directory = named(
  'Directory',
  "A SCIM 2.0 service (RFC 7644) in which the issuer's people are looked up live.",
  v.strictObject({
    scim: about(
      'The base URL, without `/Users`. Can be a binding.',
      v.pipe(
        httpsUrl,
        v.check((text) => !text.endsWith('/') && !text.includes('?'), 'must be the base URL before /Users, without a slash at the end'),
      ),
    ),
    by: about("The attribute of a user that holds the token's `sub`.", v.picklist(['id', 'externalId', 'userName'])),
    groups: optional(
      "Whether `groupsClaim` holds the groups' IDs (`value`, the default) or their names.",
      v.picklist(['value', 'display']),
    ),
    network: optional('`private`: the service runs inside your own network.', v.literal('private')),
  }),
)

const identity = named(
  'Identity',
  "One of a person's identities: as a caller, or as the actor who triggers an issuer's workloads (`actorClaim`).",
  v.union([v.strictObject({ issuer: id, subject }), v.strictObject({ issuer: id, actor: line })]),
)

const containerSettings = named(
  'ContainerSettings',
  'The container credentials protocol, `GET /credentials/{profile}`. SDKs fetch credentials for each client and process, and repeat a call after one or two seconds, so leave room for three calls per need.',
  v.pipe(
    v.strictObject({
      perMinute: optional(
        'Sessions that one caller can start within a minute with the same profile and parameters. Default: 60. A higher limit costs more writes and lets a stolen token start more sessions.',
        count(6, 600),
      ),
      perHour: optional('Sessions that one caller can start within an hour with all profiles. Default: 1200.', count(60, 6000)),
    }),
    v.check(({ perMinute = 60, perHour = 1200 }) => perMinute <= perHour, 'perMinute must not be larger than perHour'),
  ),
)

export const configSchema = named(
  'Config',
  'The config, with its bindings filled in.',
  v.strictObject({
    issuers: about('The issuers whose tokens are accepted, by ID.', filledRecord(id, issuer, 'must name an issuer')),
    targets: about('The roles that profiles lead to, by ID.', filledRecord(id, target, 'must name a target')),
    targetRoles: optional(
      "For more targets than a role's policy can list one by one (about 900): `vend` can assume every role under this path in accounts of this organization. Each target's role must be under the path. Profiles still decide who gets which target.",
      v.strictObject({
        path: v.pipe(v.string(), v.regex(/^\/[\w+=,.@-]+(\/[\w+=,.@-]+)*\/$/, 'must be a path such as /stint/')),
        organization: v.pipe(v.string(), v.regex(/^o-[a-z0-9]{10,32}$/, 'must be the ID of an organization, such as o-a1b2c3d4e5')),
      }),
    ),
    profiles: about('What callers can have, by ID.', filledRecord(id, profile, 'must name a profile')),
    auditors: optional('Who can read all sessions and requests and the details of `/readyz`.', list(who)),
    responders: optional('Who can set freezes. Two of them together can release one.', list(who)),
    container: optional('Limits of the container credentials protocol.', containerSettings),
    log: optional('The audit log.', log),
    cells: optional(
      'For a company that needs more than one broker: its brokers, by ID. Each profile names its cell, and `log` is set per cell. All cells are built from this one config (docs/scale.md).',
      filledRecord(id, cell, 'must name a cell'),
    ),
    slack: optional('Slack, for requests and notifications.', slack),
    signIn: optional("By issuer: the sign-in for Stint's own pages.", v.record(id, signIn)),
    directories: optional('By issuer: where to look up its people when there is no token.', v.record(id, directory)),
    people: optional(
      'Identities that belong to one person, who must not approve their own requests. Never guessed from email addresses.',
      v.record(id, list(identity)),
    ),
  }),
)
