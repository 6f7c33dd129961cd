/**
 * From what `stint.config.ts` exports to rules that the broker may follow. Runs at build and at the sandbox's start,
 * never on the vend path: the deployed function reads what this has accepted.
 *
 * There are three passes, and each reports the path and the fix: fill in bindings, check the shape (unknown properties are
 * errors), and check values against each other.
 */

import { parsePolicy, splitArn } from '@stint/iam'
import { isCidr } from '@stint/iam/ip'
import { mintingActions, openedBy } from '@stint/iam/minting/actions'
import { connectionActions, grantActions } from '@stint/iam/minting/left-open'
import { parseVkey } from '@stint/tlog/note'
import * as v from 'valibot'
import { sha256Hex } from '../digest.ts'
import { formatDuration, parseDuration } from '../duration.ts'
import { isTimeZone, parseIso } from '../instant.ts'
import { canonicalJson, isObject, isSafeNumber } from '../json.ts'
import { approvalFor } from './approval.ts'
import { isGlob } from './matcher.ts'
import { mintsOf } from './mints.ts'
import { nearest } from './nearest.ts'
import { parsePattern } from './pattern.ts'
import { rulesOf } from './rules.ts'
import {
  type Approval,
  type Config,
  dialects,
  MAX_GRANT_DAYS,
  MAX_SESSION_SECONDS,
  type Matcher,
  type Profile,
  presets,
  type Rules,
  type Who,
} from './shape.ts'
import { fillStatement } from './template.ts'

export type ConfigFault = { readonly path: string; readonly fault: string }
export type CheckedConfig = { readonly ok: true; readonly rules: Rules } | { readonly ok: false; readonly faults: readonly ConfigFault[] }

/** Values by the name of their binding. */
export type Bindings = { readonly [name: string]: string | undefined }

/** A shorter session is useless to any client. The end-time Deny makes sessions under 15 minutes possible (docs/decisions/0002). */
const MIN_SESSION_SECONDS = 60

export function checkConfig(source: unknown, bindings: Bindings = {}): CheckedConfig {
  const faults: ConfigFault[] = []
  const filled = fillBindings(source, bindings, '', faults)
  if (faults.length > 0) return { ok: false, faults }

  const shaped = v.safeParse(configSchema, filled)
  if (!shaped.success) return { ok: false, faults: shaped.issues.map(shapeFault) }
  const config = shaped.output as unknown as Config

  meaningFaults(config, (path, fault) => void faults.push({ path, fault }))
  if (faults.length > 0) return { ok: false, faults }
  return { ok: true, rules: rulesOf(config, sha256Hex(canonicalJson(config))) }
}

export const formatFaults = (faults: readonly ConfigFault[]): string =>
  faults.map(({ path, fault }) => `${path || 'config'}: ${fault}`).join('\n')

/** No setting needs even half of this depth. */
const MAX_CONFIG_DEPTH = 40

/** Where a binding is allowed: only for values that differ between a deployment and the sandbox. */
const bindable =
  /^(issuers\.[^.]+\.(url|jwksUri)|signIn\.[^.]+\.(authorization|token)Endpoint|directories\.[^.]+\.scim|targets\.[^.]+\.(account|roleArn)|log\.origin)$/

function fillBindings(value: unknown, bindings: Bindings, path: string, faults: ConfigFault[], depth = 0): unknown {
  if (depth > MAX_CONFIG_DEPTH) {
    faults.push({ path, fault: 'is nested too deep, or contains itself' })
    return undefined
  }
  if (typeof value === 'function') {
    faults.push({ path, fault: 'is a function, but the config must be data' })
    return undefined
  }
  if (Array.isArray(value)) return value.map((item, index) => fillBindings(item, bindings, `${path}[${index}]`, faults, depth + 1))
  if (!isObject(value)) return value
  if (typeof value.binding === 'string') {
    const filled = bindings[value.binding] ?? value.default
    if (!bindable.test(path))
      faults.push({
        path,
        fault: 'cannot be a binding. Only URLs of issuers, sign-ins and directories, account IDs, role ARNs and the name of the log can be',
      })
    else if (typeof filled !== 'string') faults.push({ path, fault: `binding '${value.binding}' has no value. Set it for the deploy` })
    return filled
  }
  // valibot's record() silently drops these names, so a rule would lose a claim without an error.
  for (const name of Object.keys(value))
    if (['__proto__', 'prototype', 'constructor'].includes(name))
      faults.push({ path: path ? `${path}.${name}` : name, fault: 'is not allowed as a name' })
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      fillBindings(member, bindings, path ? `${path}.${name}` : name, faults, depth + 1),
    ]),
  )
}

// ── Shape ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const id = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{0,47}$/, 'must be 1 to 48 of a-z, 0-9 and -, and must not begin with -'))
const line = v.pipe(v.string(), v.nonEmpty('must not be empty'), v.maxLength(256, 'must be at most 256 characters'))
const list = <T extends v.GenericSchema>(item: T) => v.pipe(v.array(item), v.minLength(1, 'must not be empty'))
const duration = v.pipe(
  v.string(),
  v.check((value) => parseDuration(value) !== undefined, "must be a duration with units, such as '15m' or '1h30m'"),
)
/** Tokens with larger numbers are refused, so a rule with such a number could only match by mistake. */
const safeNumber = v.pipe(
  v.number(),
  v.check(isSafeNumber, `must be between ${Number.MIN_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER}; use a string for a longer identifier`),
)
const scalar = v.union([v.string(), safeNumber, v.boolean()])

const matcher: v.GenericSchema<Matcher> = v.lazy(
  () =>
    v.union([
      scalar,
      v.strictObject({ oneOf: list(scalar) }),
      v.strictObject({ includes: scalar }),
      v.strictObject({ glob: line }),
      v.strictObject({ cidr: list(v.pipe(v.string(), v.check(isCidr, 'must be a CIDR block'))) }),
      v.strictObject({ not: matcher }),
      v.strictObject({ all: list(matcher) }),
      v.strictObject({ any: list(matcher) }),
    ]) as unknown as v.GenericSchema<Matcher>,
)

const filledRecord = <T extends v.GenericSchema>(key: v.GenericSchema<string>, value: T, empty: string) =>
  v.pipe(
    v.record(key, value),
    v.check((record) => Object.keys(record).length > 0, empty),
  )

const who = v.strictObject({
  issuer: id,
  claims: filledRecord(line, matcher, 'must name a claim, because {} would match every caller'),
  mfa: v.optional(v.literal(true)),
  authAge: v.optional(duration),
  sourceIp: v.optional(list(v.pipe(v.string(), v.check(isCidr, 'must be a CIDR block')))),
})

const issuer = v.strictObject({
  url: line,
  jwksUri: line,
  key: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,12}$/, 'must be 1 to 12 of a-z, 0-9 and -')),
  kind: v.picklist(['human', 'workload']),
  audiences: list(line),
  tokenUse: v.picklist(['id', 'access', 'any']),
  algorithms: list(v.picklist(['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'EdDSA'])),
  preset: v.optional(v.picklist(presets)),
  dialect: v.optional(v.picklist(dialects)),
  identityClaim: v.optional(line),
  nameClaim: v.optional(v.union([line, list(line)])),
  groupsClaim: v.optional(line),
  tenant: v.optional(filledRecord(line, scalar, 'must name a claim')),
  mfaAcr: v.optional(
    list(v.pipe(line, v.regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, 'must be printable ASCII without spaces, double quotes or backslashes'))),
  ),
  network: v.optional(v.literal('private')),
  maxTokenLife: v.optional(duration),
  actorClaim: v.optional(line),
  replay: v.optional(v.literal('once')),
})

const value = v.union([
  v.strictObject({ claim: line, stable: v.optional(v.literal(true)), transitive: v.optional(v.literal(true)) }),
  v.strictObject({ const: v.string(), stable: v.optional(v.literal(true)), transitive: v.optional(v.literal(true)) }),
  v.strictObject({ param: line, stable: v.optional(v.literal(true)), transitive: v.optional(v.literal(true)) }),
])

const template = v.strictObject({ join: list(v.union([v.string(), v.strictObject({ param: line })])) })
const templateText = v.union([v.string(), template])
const oneOrMore = <T extends v.GenericSchema>(item: T) => v.union([item, list(item)])

const statement = v.strictObject({
  Sid: v.optional(v.string()),
  Effect: v.picklist(['Allow', 'Deny']),
  Action: v.optional(oneOrMore(v.string())),
  NotAction: v.optional(oneOrMore(v.string())),
  Resource: v.optional(oneOrMore(templateText)),
  NotResource: v.optional(oneOrMore(templateText)),
  Condition: v.optional(v.record(v.string(), v.record(v.string(), oneOrMore(v.union([scalar, template]))))),
})

const instant = v.pipe(
  v.string(),
  v.check((value) => parseIso(value) !== undefined, 'must be a date and time with a zone, such as 2026-12-24T00:00:00Z'),
)
const localTime = v.pipe(v.string(), v.regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be HH:MM'))
const hours = v.strictObject({
  timeZone: v.pipe(v.string(), v.check(isTimeZone, 'must be a time zone such as Europe/Berlin')),
  days: list(v.picklist(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])),
  from: localTime,
  until: localTime,
})
const approvalRule = v.strictObject({
  by: list(who),
  count: v.pipe(v.number(), v.integer(), v.minValue(1, 'must be at least 1'), v.maxValue(10, 'must be at most 10')),
  escalateTo: v.optional(list(who)),
  delegates: v.optional(list(v.strictObject({ who, from: instant, until: instant }))),
  hours: v.optional(hours),
})
const approval = v.strictObject({
  rules: list(approvalRule),
  expiresAfter: duration,
  window: duration,
  maxUses: v.pipe(v.number(), v.integer(), v.minValue(1, 'must be at least 1'), v.maxValue(100, 'must be at most 100')),
  escalateAfter: v.optional(duration),
  breakGlass: v.optional(v.union([v.literal(true), v.strictObject({ delay: duration })])),
  stepUp: v.optional(v.literal(true)),
})

/** Slack IDs: a letter for the kind, then capital letters and digits. */
const slackId = (kind: string, what: string) =>
  v.pipe(v.string(), v.regex(new RegExp(`^[${kind}][A-Z0-9]{2,20}$`), `must be the ID of a ${what}, such as ${kind[0]}0123ABCD`))
const profileSlack = v.strictObject({
  channel: v.optional(slackId('CG', 'channel')),
  onCall: v.optional(slackId('S', 'user group')),
  dm: v.optional(v.literal(true)),
})
const scope = v.pipe(
  line,
  v.check((text) => text.split(' ').includes('openid'), 'must include openid'),
)
const httpsUrl = v.pipe(
  line,
  v.check((text) => isIssuerUrl(text), 'must be an https URL without credentials or fragment (http only for loopback)'),
)

const target = v.strictObject({
  account: v.pipe(v.string(), v.regex(/^\d{12}$/, 'must be 12 digits')),
  // AWS IAM API Reference, CreateRole: a path of at most 512 characters, a name of at most 64. Events have no room for more.
  roleArn: v.pipe(
    v.string(),
    v.regex(/^arn:aws[a-z-]{0,16}:iam::\d{12}:role\/([\w+=,.@-]+\/)*[\w+=,.@-]{1,64}$/, 'must be the ARN of an IAM role'),
    v.maxLength(608, 'must be the ARN of an IAM role'),
  ),
  // AWS STS API Reference, AssumeRole, ExternalId.
  externalId: v.pipe(v.string(), v.regex(/^[\w+=,.@:/-]{2,1224}$/, 'must be 2 to 1224 characters: letters, digits and +=,.@:/-_')),
  region: v.pipe(v.string(), v.regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a region such as eu-central-1')),
  approval: v.optional(approval),
})

const profile = v.strictObject({
  target: id,
  description: v.optional(line),
  eligible: list(who),
  visibleTo: v.optional(list(who)),
  approval: v.optional(approval),
  policy: v.optional(list(statement)),
  policyArns: v.optional(
    v.pipe(
      list(v.pipe(v.string(), v.regex(/^arn:aws[a-z-]*:iam::(aws|\d{12}):policy\/.+$/, 'must be the ARN of a managed policy'))),
      v.maxLength(10, 'must have at most 10 items, the AWS limit'),
    ),
  ),
  tags: v.optional(v.record(v.pipe(v.string(), v.regex(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u, 'must be a valid session tag key')), value)),
  parameters: v.optional(
    v.record(
      v.pipe(v.string(), v.regex(/^[a-z][a-zA-Z0-9]{0,31}$/, 'must be a name such as bucket')),
      v.strictObject({
        pattern: line,
        max: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(512)),
        wildcard: v.optional(v.literal(true)),
      }),
    ),
  ),
  duration: v.strictObject({ default: duration, max: duration }),
  sourceIdentity: v.optional(v.literal(false)),
  chaining: v.optional(v.literal(true)),
  mints: v.optional(list(v.string())),
  justification: v.optional(v.literal('required')),
  slack: v.optional(profileSlack),
})

const configSchema = v.strictObject({
  issuers: filledRecord(id, issuer, 'must name an issuer'),
  targets: filledRecord(id, target, 'must name a target'),
  profiles: filledRecord(id, profile, 'must name a profile'),
  targetRoles: v.optional(
    v.strictObject({
      path: v.pipe(v.string(), v.regex(/^\/[\w+=,.@-]+(\/[\w+=,.@-]+)*\/$/, 'must be a path such as /stint/')),
      organization: v.pipe(v.string(), v.regex(/^o-[a-z0-9]{10,32}$/, 'must be the ID of an organization, such as o-a1b2c3d4e5')),
    }),
  ),
  log: v.optional(
    v.strictObject({
      origin: v.pipe(
        line,
        v.regex(/^[^\s+]+[^\s+/]$/, 'must not contain white space or +, and must not end in a slash'),
        v.check((text) => !text.includes('://'), 'must not have a scheme'),
      ),
      publicLog: v.optional(v.literal(true)),
      witnesses: v.optional(
        list(
          v.strictObject({
            url: v.pipe(
              line,
              v.check((text) => /^https:\/\/|^http:\/\/(127\.0\.0\.1|localhost)[:/]/.test(text), 'must be https'),
            ),
            vkey: v.pipe(
              line,
              v.check((text) => parseVkey(text)?.kind === 'witness', 'must be the vkey of an Ed25519 witness (type 04)'),
            ),
          }),
        ),
      ),
    }),
  ),
  slack: v.optional(
    v.strictObject({
      team: slackId('T', 'workspace'),
      app: slackId('A', 'app'),
      channel: v.optional(slackId('CG', 'channel')),
      onCall: v.optional(slackId('S', 'user group')),
      trustEmail: v.optional(v.strictObject({ issuer: id })),
    }),
  ),
  signIn: v.optional(
    v.record(
      id,
      v.strictObject({
        authorizationEndpoint: httpsUrl,
        tokenEndpoint: httpsUrl,
        clientId: line,
        scope: v.optional(scope),
        cli: v.optional(v.strictObject({ clientId: line, scope: v.optional(scope) })),
      }),
    ),
  ),
  directories: v.optional(
    v.record(
      id,
      v.strictObject({
        scim: v.pipe(
          httpsUrl,
          v.check((text) => !text.endsWith('/') && !text.includes('?'), 'must be the base URL before /Users, without a slash at the end'),
        ),
        by: v.picklist(['id', 'externalId', 'userName']),
        groups: v.optional(v.picklist(['value', 'display'])),
        network: v.optional(v.literal('private')),
      }),
    ),
  ),
  auditors: v.optional(list(who)),
  responders: v.optional(list(who)),
  people: v.optional(
    v.record(id, list(v.union([v.strictObject({ issuer: id, subject: line }), v.strictObject({ issuer: id, actor: line })]))),
  ),
})

function shapeFault(issue: v.BaseIssue<unknown>): ConfigFault {
  const path = (issue.path ?? [])
    .map((item) => (typeof item.key === 'number' ? `[${item.key}]` : `.${String(item.key)}`))
    .join('')
    .replace(/^\./, '')
  const unknown = issue.type === 'strict_object' && issue.expected === 'never'
  const missing = issue.received === 'undefined'
  const expected = issue.expected ? `must be ${issue.expected}, not ${issue.received}` : issue.message
  const builtIn = issue.message.startsWith('Invalid ')
  return {
    path,
    fault: unknown
      ? 'is an unknown setting. Remove it or check the spelling'
      : missing
        ? `is missing; ${expected}`
        : builtIn
          ? expected
          : issue.message,
  }
}

// ── Meaning ──────────────────────────────────────────────────────────────────────────────────────────────────────────

type Say = (path: string, fault: string) => void

/** Issuers that many organizations share. Without a pinned claim, the broker would accept a token of any tenant. */
const sharedIssuers: readonly { readonly url: RegExp; readonly pins: readonly string[] }[] = [
  { url: /^https:\/\/token\.actions\.githubusercontent\.com$/, pins: ['repository_owner_id', 'enterprise_id', 'repository_id'] },
  { url: /^https:\/\/gitlab\.com$/, pins: ['namespace_id', 'project_id'] },
  { url: /^https:\/\/agent\.buildkite\.com$/, pins: ['organization_id'] },
  { url: /^https:\/\/accounts\.google\.com$/, pins: ['hd', '/google/compute_engine/project_number', '/google/compute_engine/project_id'] },
  { url: /^https:\/\/login\.microsoftonline\.com\/(common|organizations|consumers)\//, pins: ['tid'] },
]

function meaningFaults(config: Config, say: Say): void {
  const urls = new Map<string, string>()
  const keys = new Map<string, string>()
  for (const [name, item] of Object.entries(config.issuers)) {
    const path = `issuers.${name}`
    for (const member of ['url', 'jwksUri'] as const) {
      if (!isIssuerUrl(item[member]))
        say(`${path}.${member}`, 'must be an https URL without credentials or fragment (http only for loopback)')
    }
    if (urls.has(item.url)) say(`${path}.url`, `is already used by issuer '${urls.get(item.url)}'`)
    if (keys.has(item.key)) say(`${path}.key`, `is already used by issuer '${keys.get(item.key)}'; source identities would collide`)
    urls.set(item.url, name)
    keys.set(item.key, name)
    if (/^https:\/\/login\.microsoftonline\.com\/9188040d-6c67-4c5b-b112-36a304b66dad\//.test(item.url))
      say(`${path}.url`, 'is the tenant of all personal Microsoft accounts, which anyone can create')
    const shared = sharedIssuers.find(({ url }) => url.test(item.url))
    if (shared && !shared.pins.some((pin) => item.tenant?.[pin] !== undefined)) {
      say(`${path}.tenant`, `is missing; many organizations share this issuer, so pin one of ${shared.pins.join(', ')}`)
    }
  }
  for (const [name, item] of Object.entries(config.targets)) {
    if (splitArn(item.roleArn)?.[4] !== item.account) say(`targets.${name}.roleArn`, `is not in account ${item.account}`)
    const { path } = config.targetRoles ?? {}
    if (path !== undefined && !item.roleArn.includes(`:role${path}`))
      say(`targets.${name}.roleArn`, `must be under ${path}, the path in targetRoles`)
  }
  for (const [name, item] of Object.entries(config.targets)) checkApproval(config, item.approval, `targets.${name}.approval`, say)
  checkPeople(config, say)
  checkFaces(config, say)
  config.responders?.forEach((item, index) => void checkWho(config, item, `responders[${index}]`, say))
  config.auditors?.forEach((item, index) => void checkWho(config, item, `auditors[${index}]`, say))
  for (const [name, item] of Object.entries(config.profiles)) checkProfile(config, item, `profiles.${name}`, say)
}

/** https, or http on a loopback address for the sandbox. The build of the Lambda functions refuses http entirely. */
function isIssuerUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  const loopback = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  return (
    url.username === '' && url.password === '' && url.hash === '' && (url.protocol === 'https:' || (url.protocol === 'http:' && loopback))
  )
}

function checkProfile(config: Config, profile: Profile, path: string, say: Say): void {
  if (!Object.hasOwn(config.targets, profile.target)) say(`${path}.target`, `names the unknown target '${profile.target}'`)
  for (const list of ['eligible', 'visibleTo'] as const) {
    profile[list]?.forEach((item, index) => void checkWho(config, item, `${path}.${list}[${index}]`, say))
  }
  checkApproval(config, profile.approval, `${path}.approval`, say)
  const approval = approvalFor(profile, config.targets[profile.target] ?? {})
  // The people who could stop an unattended approval must be notified. Only a channel reaches them for certain.
  if (typeof approval?.breakGlass === 'object' && !(profile.slack?.channel ?? config.slack?.channel))
    say(`${path}.approval.breakGlass.delay`, 'approves without a person, but no Slack channel is set for the notification')
  checkDurations(profile, path, say)
  checkTags(config, profile, path, say)
  checkParameters(profile, path, say)
  checkPolicy(profile, path, say)
  checkMints(profile, path, say)
}

function checkWho(config: Config, item: Who, path: string, say: Say): void {
  if (!Object.hasOwn(config.issuers, item.issuer)) say(`${path}.issuer`, `names the unknown issuer '${item.issuer}'`)
  for (const [name, matcher] of Object.entries(item.claims)) {
    for (const pattern of globsOf(matcher)) {
      if (!isGlob(pattern)) say(`${path}.claims.${name}`, `'${pattern}' is not a valid glob`)
      else if (/^\*+$/.test(pattern))
        say(`${path}.claims.${name}`, `glob '${pattern}' matches everything. Remove the claim or use an exact value`)
    }
  }
}

const globsOf = (matcher: Matcher): readonly string[] => {
  if (typeof matcher !== 'object') return []
  if ('glob' in matcher) return [matcher.glob]
  if ('not' in matcher) return globsOf(matcher.not)
  if ('all' in matcher) return matcher.all.flatMap(globsOf)
  if ('any' in matcher) return matcher.any.flatMap(globsOf)
  return []
}

const DAY_SECONDS = 86_400
/** A requester may choose a start up to a week ahead. */
const START_AHEAD_DAYS = 7

function checkApproval(config: Config, approval: Approval | undefined, path: string, say: Say): void {
  approval?.rules.forEach((rule, index) => {
    const place = `${path}.rules[${index}]`
    const people = [
      ...rule.by.map((who, at) => [who, `${place}.by[${at}]`] as const),
      ...(rule.escalateTo ?? []).map((who, at) => [who, `${place}.escalateTo[${at}]`] as const),
      ...(rule.delegates ?? []).map(({ who }, at) => [who, `${place}.delegates[${at}].who`] as const),
    ]
    for (const [who, at] of people) {
      checkWho(config, who, at, say)
      if (config.issuers[who.issuer]?.kind === 'workload') say(`${at}.issuer`, 'is a workload issuer. Only people can approve')
    }
    if (rule.escalateTo && !approval.escalateAfter) say(`${place}.escalateTo`, 'has no effect without escalateAfter')
    if (rule.hours && rule.hours.from >= rule.hours.until) say(`${place}.hours`, 'ends before it starts')
  })
  if (approval?.escalateAfter && !approval.rules.some((rule) => rule.escalateTo))
    say(`${path}.escalateAfter`, 'has no rule with escalateTo')
  const lasts = (parseDuration(approval?.expiresAfter ?? '') ?? 0) + (parseDuration(approval?.window ?? '') ?? 0)
  if (lasts > (MAX_GRANT_DAYS - START_AHEAD_DAYS) * DAY_SECONDS)
    say(`${path}.window`, `with expiresAfter lasts longer than ${MAX_GRANT_DAYS - START_AHEAD_DAYS} days, which is not temporary access`)
  if (approval && typeof approval.breakGlass === 'object') {
    const [delay, wait] = [parseDuration(approval.breakGlass.delay) ?? 0, parseDuration(approval.expiresAfter) ?? 0]
    if (delay < 60) say(`${path}.breakGlass.delay`, 'is below 60s, which leaves no time to deny the request')
    if (delay >= wait) say(`${path}.breakGlass.delay`, 'must be shorter than expiresAfter, or it has no effect')
  }
}

/** Slack and Stint's own pages identify people, so each issuer named for them must be an issuer of people. */
function checkFaces(config: Config, say: Say): void {
  const issuers = [
    ...Object.keys(config.signIn ?? {}).map((name) => [name, `signIn.${name}`] as const),
    ...Object.keys(config.directories ?? {}).map((name) => [name, `directories.${name}`] as const),
    ...(config.slack?.trustEmail ? [[config.slack.trustEmail.issuer, 'slack.trustEmail.issuer'] as const] : []),
  ]
  for (const [name, path] of issuers) {
    if (!Object.hasOwn(config.issuers, name)) say(path, `names the unknown issuer '${name}'`)
    else if (config.issuers[name]?.kind !== 'human') say(path, 'is a workload issuer. Only people use Slack and the pages')
  }
  for (const [name, { slack }] of Object.entries(config.profiles)) {
    if (slack && !config.slack) say(`profiles.${name}.slack`, 'needs the slack section, which names the workspace and the app')
    if (slack?.dm && !config.profiles[name]?.approval && !config.targets[config.profiles[name]?.target ?? '']?.approval)
      say(`profiles.${name}.slack.dm`, 'notifies approvers, but this profile has none')
  }
}

/** Checks that no identity is listed twice and that every identity names an existing issuer. */
function checkPeople(config: Config, say: Say): void {
  const seen = new Map<string, string>()
  for (const [person, identities] of Object.entries(config.people ?? {})) {
    identities.forEach((identity, index) => {
      const path = `people.${person}[${index}]`
      const key = JSON.stringify(identity)
      if (!Object.hasOwn(config.issuers, identity.issuer)) say(`${path}.issuer`, `names the unknown issuer '${identity.issuer}'`)
      if ('actor' in identity && config.issuers[identity.issuer]?.actorClaim === undefined)
        say(path, 'names an actor, but its issuer has no actorClaim')
      if (seen.has(key)) say(path, `is already an identity of '${seen.get(key)}'`)
      seen.set(key, person)
    })
    // A person who triggers jobs needs a sign-in identity too. Without it they could approve their own job.
    const signsIn = identities.some((identity) => 'subject' in identity && config.issuers[identity.issuer]?.kind === 'human')
    if (!signsIn) say(`people.${person}`, 'has no identity at a human issuer')
  }
}

function checkDurations(profile: Profile, path: string, say: Say): void {
  const [preset, longest] = [parseDuration(profile.duration.default) ?? 0, parseDuration(profile.duration.max) ?? 0]
  if (longest > MAX_SESSION_SECONDS) {
    say(`${path}.duration.max`, `must be at most ${formatDuration(MAX_SESSION_SECONDS)}, the AWS limit for role chaining`)
  }
  if (preset < MIN_SESSION_SECONDS) say(`${path}.duration.default`, `must be at least ${MIN_SESSION_SECONDS}s`)
  if (preset > longest) say(`${path}.duration.default`, 'must not be longer than duration.max')
}

function checkTags(config: Config, profile: Profile, path: string, say: Say): void {
  const needsApproval = profile.approval ?? config.targets[profile.target]?.approval
  const seen = new Set(['stint:session'])
  for (const [key, item] of Object.entries(profile.tags ?? {})) {
    const folded = key.toLowerCase()
    if (seen.has(folded)) say(`${path}.tags.${key}`, 'is set twice. AWS ignores the case of tag keys, and Stint sets stint:session')
    if (folded.startsWith('aws:')) say(`${path}.tags.${key}`, 'starts with aws:, which AWS reserves')
    seen.add(folded)
    if ('param' in item && !Object.hasOwn(profile.parameters ?? {}, item.param))
      say(`${path}.tags.${key}`, `names the unknown parameter '${item.param}'`)
    if (needsApproval && 'claim' in item && !item.stable) {
      say(`${path}.tags.${key}`, 'uses a claim that is not marked stable. A profile with approval must vend exactly what was approved')
    }
  }
  if (seen.size > 50) say(`${path}.tags`, 'are more than the 50 that AWS allows, including stint:session')
}

function checkParameters(profile: Profile, path: string, say: Say): void {
  for (const [name, item] of Object.entries(profile.parameters ?? {})) {
    const parsed = parsePattern(item.pattern)
    if (!parsed.ok) say(`${path}.parameters.${name}.pattern`, parsed.fault)
  }
}

/** Fills each statement with placeholder values and parses it as IAM would, so that a typo is found here and not by AWS. */
function checkPolicy(profile: Profile, path: string, say: Say): void {
  if (profile.policy && !profile.policyArns && !profile.policy.some((item) => item.Effect === 'Allow')) {
    say(`${path}.policy`, 'allows nothing. A policy of only Deny statements needs policyArns too')
  }
  const standIns = Object.fromEntries(Object.keys(profile.parameters ?? {}).map((name) => [name, 'x']))
  profile.policy?.forEach((item, index) => {
    const place = `${path}.policy[${index}]`
    for (const name of paramsOf(item)) {
      if (!Object.hasOwn(standIns, name)) say(place, `names the unknown parameter '${name}'`)
    }
    if (JSON.stringify(item).match(/\$"\s*,\s*\{"param"/))
      say(place, "has a '$' directly before a parameter, which could form a policy variable")
    const parsed = parsePolicy({ Version: '2012-10-17', Statement: [fillStatement(item, standIns)] }, 'session')
    if (!parsed.ok) for (const fault of parsed.faults) say(place, fault.replace(/^Statement\[0\][.:]?\s*/, ''))
    if (!/^[\t\n\r\u0020-\u00FF]*$/.test(JSON.stringify(item))) say(place, 'contains characters outside Latin-1, which STS rejects')
  })
}

/** Checks the minting actions in `mints`, and that `mints` names every minting action that the policy allows. */
function checkMints(profile: Profile, path: string, say: Say): void {
  profile.mints?.forEach((name, index) => {
    const fault = mintFault(name) ?? (profile.mints?.indexOf(name) === index ? undefined : 'is listed twice. Remove one')
    if (fault) say(`${path}.mints[${index}]`, fault)
  })
  const mints = mintsOf(profile)
  const open = openedBy(mints)
  const named = (profile.policy ?? []).map(({ Effect, Action }) =>
    mintingActions.filter(
      (action) =>
        Effect === 'Allow' && !open.has(action) && [Action ?? []].flat().some((name) => name.toLowerCase() === action.toLowerCase()),
    ),
  )
  // An action that another missing name opens as well need not be listed.
  const missing = [...new Set(named.flat())]
  const needed = missing.filter((action) => !missing.some((other) => other !== action && openedBy([other]).has(action)))
  const line = `mints: [${[...mints, ...needed].map((name) => `'${name}'`).join(', ')}]`
  named.forEach((actions, index) => {
    if (actions.length > 0)
      say(`${path}.policy[${index}].Action`, `names ${actions.join(' and ')}, which creates access that outlives the session. Add ${line}`)
  })
}

function mintFault(name: string): string | undefined {
  if (mintingActions.includes(name)) return undefined
  if (/[*?]/.test(name)) return `'${name}' contains a wildcard; list each action by its name`
  const folded = name.toLowerCase()
  if ([...grantActions, ...connectionActions].some((action) => action.toLowerCase() === folded))
    return `'${name}' is not denied by default; remove it`
  const byFolded = new Map(mintingActions.map((action) => [action.toLowerCase(), action]))
  const meant = byFolded.get(nearest(folded, [...byFolded.keys()]) ?? '')
  return `'${name}' is not a known minting action; ${meant ? `did you mean '${meant}'?` : 'see docs/lasting-access.md for the list'}`
}

function paramsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(paramsOf)
  if (!isObject(value)) return []
  return typeof value.param === 'string' ? [value.param] : Object.values(value).flatMap(paramsOf)
}
