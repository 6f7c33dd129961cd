/** What settings mean together: names that must exist, rules that must hold between values. The schema has checked each value. */
import { splitArn } from '@stint/iam'
import { mintingActions, openedBy } from '@stint/iam/minting/actions'
import { connectionActions, grantActions } from '@stint/iam/minting/left-open'
import { durationSeconds, formatDuration, parseDuration } from '../duration.ts'
import { own } from '../json.ts'
import { MAX_TAG_VALUE, tagText } from '../tag-value.ts'
import { approvalFor } from './approval.ts'
import { canFetchAgain, jobClaimOf, presetOf } from './issuers/presets.ts'
import { isGlob } from './matcher.ts'
import { mintsOf } from './mints.ts'
import { nearest } from './nearest.ts'
import { parsePattern } from './pattern.ts'
import { checkPolicy } from './policy-check.ts'
import { REVOKER, revokerOf, roleName } from './revoker.ts'
import { isIssuerUrl } from './schema.ts'
import {
  type Approval,
  type Config,
  MAX_CREDENTIALS_SECONDS,
  MAX_GRANT_DAYS,
  MAX_SESSION_SECONDS,
  type Matcher,
  type Profile,
  type Target,
  type Who,
} from './shape.ts'
import { sharedIssuers } from './shared-issuers.ts'

/** A shorter session is useless to any client. The end-time Deny makes sessions under 15 minutes possible (docs/decisions/0002). */
const MIN_SESSION_SECONDS = 60

/** A stolen token works as long as it lives. A week is longer than the longest job of the issuers with a preset. */
const MAX_TOKEN_LIFE = '168h'
/** Further ahead than this, a clock is wrong and should be corrected. */
const MAX_CLOCK_SKEW = '60s'

type Say = (path: string, fault: string) => void

export function meaningFaults(config: Config, say: Say): void {
  const urls = new Map<string, string>()
  const keys = new Map<string, string>()
  for (const [name, item] of Object.entries(config.issuers)) {
    const path = `issuers.${name}`
    for (const member of ['url', 'jwksUri'] as const) {
      if (!isIssuerUrl(item[member]))
        say(`${path}.${member}`, 'must be an https URL without credentials or fragment (http only for loopback)')
    }
    for (const [name, most] of [
      ['clockSkew', MAX_CLOCK_SKEW],
      ['maxTokenLife', MAX_TOKEN_LIFE],
    ] as const) {
      if ((parseDuration(item[name] ?? most) ?? 0) > (parseDuration(most) ?? 0)) say(`${path}.${name}`, `must be at most ${most}`)
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
  checkRevocation(config, say)
  checkRevokingCells(config, say)
  checkCells(config, say)
  for (const [name, item] of Object.entries(config.targets)) checkApproval(config, item.approval, `targets.${name}.approval`, say)
  checkPeople(config, say)
  checkFaces(config, say)
  config.responders?.forEach((item, index) => void checkWho(config, item, `responders[${index}]`, say))
  config.auditors?.forEach((item, index) => void checkWho(config, item, `auditors[${index}]`, say))
  for (const [name, item] of Object.entries(config.profiles)) checkProfile(config, item, `profiles.${name}`, say)
}

/** Each cell is a broker in its own account with its own log, and each profile is served by exactly one of them. */
function checkCells({ cells, log, profiles }: Config, say: Say): void {
  const accounts = new Map<string, string>()
  const origins = new Map<string, string>()
  for (const [name, { account, log }] of Object.entries(cells ?? {})) {
    const path = `cells.${name}`
    if (accounts.has(account)) say(`${path}.account`, `is already the account of cell '${accounts.get(account)}'`)
    if (origins.has(log.origin)) say(`${path}.log.origin`, `is already the log of cell '${origins.get(log.origin)}'`)
    accounts.set(account, name)
    origins.set(log.origin, name)
  }
  if (cells && log) say('log', 'has no effect, because the config has cells. Set the log of each cell in cells')
  for (const [name, { cell }] of Object.entries(profiles)) {
    const path = `profiles.${name}.cell`
    if (cell !== undefined && !Object.hasOwn(cells ?? {}, cell)) say(path, `names the unknown cell '${cell}'`)
    if (cells && cell === undefined) say(path, `is missing; must be one of the cells: ${Object.keys(cells).join(', ')}`)
  }
}

/** AWS IAM User Guide, "IAM and AWS STS quotas": a role name has at most 64 characters, and the revoker's adds its ending to it. */
const MAX_ROLE_NAME = 64

/** One policy of a role denies the ended sessions of all its targets, so they agree on whether there is one, and on how to reach it. */
function checkRevocation({ targets }: Config, say: Say): void {
  const first = new Map<string, readonly [name: string, target: Target]>()
  for (const [name, item] of Object.entries(targets)) {
    if (item.revocation && roleName(revokerOf(item.roleArn)).length > MAX_ROLE_NAME)
      say(
        `targets.${name}.roleArn`,
        `must have a role name of at most ${MAX_ROLE_NAME - REVOKER.length} characters, because \`revocation\` adds ${REVOKER} to it`,
      )
    const [other, same] = first.get(item.roleArn) ?? [name, item]
    first.set(item.roleArn, [other, same])
    if (same.revocation !== item.revocation) say(`targets.${name}.revocation`, `must be as in target '${other}', which has the same role`)
  }
}

/** The broker of each cell would make the policy of the role from its own table, without the sessions of the other. */
function checkRevokingCells({ targets, profiles }: Config, say: Say): void {
  const cells = new Map<string, string>()
  for (const [name, { cell, target }] of Object.entries(profiles)) {
    const found = own(targets, target)
    if (!found?.revocation || cell === undefined) continue
    const first = cells.get(found.roleArn) ?? cell
    cells.set(found.roleArn, first)
    if (first !== cell)
      say(`profiles.${name}.cell`, `must be '${first}': \`revocation\` of target '${target}' needs a role that only one cell uses`)
  }
}

function checkProfile(config: Config, profile: Profile, path: string, say: Say): void {
  if (!Object.hasOwn(config.targets, profile.target)) say(`${path}.target`, `names the unknown target '${profile.target}'`)
  for (const list of ['eligible', 'visibleTo'] as const) {
    profile[list]?.forEach((item, index) => void checkWho(config, item, `${path}.${list}[${index}]`, say))
  }
  checkApproval(config, profile.approval, `${path}.approval`, say)
  const approval = approvalFor(profile, config.targets[profile.target] ?? {})
  // Each side can be right by itself. Together, the longer delay and the shorter wait apply.
  if (profile.approval && config.targets[profile.target]?.approval)
    checkWaits(approval, `${path}.approval`, ' of profile and target together', say)
  // The people who could stop an unattended approval must be notified. Only a channel reaches them for certain.
  if (typeof approval?.breakGlass === 'object' && !(profile.slack?.channel ?? config.slack?.channel))
    say(`${path}.approval.breakGlass.delay`, 'approves without a person, but no Slack channel is set for the notification')
  checkDurations(profile, path, say)
  checkRenewal(config, profile, approval, path, say)
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
    if (durationSeconds(approval.breakGlass.delay) < 60)
      say(`${path}.breakGlass.delay`, 'is below 60s, which leaves no time to deny the request')
  }
  checkWaits(approval, path, '', say)
}

/** What happens after the request has expired never happens. `whose`: whose expiresAfter it is, if that is not plain from the path. */
function checkWaits(approval: Approval | undefined, path: string, whose: string, say: Say): void {
  if (!approval) return
  const waits = [
    ['breakGlass.delay', typeof approval.breakGlass === 'object' ? approval.breakGlass.delay : undefined],
    ['escalateAfter', approval.escalateAfter],
  ] as const
  for (const [name, wait] of waits)
    if (wait !== undefined && durationSeconds(wait) >= durationSeconds(approval.expiresAfter))
      say(`${path}.${name}`, `must be shorter than expiresAfter${whose} (${approval.expiresAfter}), or it has no effect`)
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
  const { trustEmail, workspaces, enterprise } = config.slack ?? {}
  if (trustEmail && workspaces && !enterprise)
    say(
      'slack.trustEmail',
      'needs slack.enterprise beside workspaces: administrators of an independent workspace choose its email addresses',
    )
  config.slack?.workspaces?.forEach((workspace, index, all) => {
    if (workspace === config.slack?.team || all.indexOf(workspace) !== index)
      say(`slack.workspaces[${index}]`, 'is listed twice. Remove one')
  })
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
  const { renew } = profile.duration
  if (longest > MAX_SESSION_SECONDS) say(`${path}.duration.max`, `must be at most ${formatDuration(MAX_SESSION_SECONDS)}`)
  else if (renew === undefined && longest > MAX_CREDENTIALS_SECONDS)
    say(
      `${path}.duration.max`,
      `must be at most ${formatDuration(MAX_CREDENTIALS_SECONDS)} without renew, because that is the AWS limit for role chaining`,
    )
  if (preset < MIN_SESSION_SECONDS) say(`${path}.duration.default`, `must be at least ${MIN_SESSION_SECONDS}s`)
  if (preset > longest) say(`${path}.duration.default`, 'must not be longer than duration.max')
}

/** Sets of credentials that a request needs at most. Its item has room for 150, because renewals can fail or be repeated. */
const MAX_NEEDED_SETS = 100

/** Renewals must fit into the request's item, and each caller must be able to prove again who they are. */
function checkRenewal(config: Config, profile: Profile, approval: Approval | undefined, path: string, say: Say): void {
  const { renew, max } = profile.duration
  if (renew === undefined) return
  const seconds = parseDuration(renew) ?? 0
  if (seconds < MIN_SESSION_SECONDS || seconds > MAX_CREDENTIALS_SECONDS) {
    say(`${path}.duration.renew`, `must be ${MIN_SESSION_SECONDS}s to ${formatDuration(MAX_CREDENTIALS_SECONDS)}`)
    return
  }
  const sets = (approval?.maxUses ?? 1) * Math.ceil((parseDuration(max) ?? 0) / seconds)
  if (sets > MAX_NEEDED_SETS)
    say(
      `${path}.duration.renew`,
      `makes up to ${sets} sets of credentials (maxUses × max / renew). One request can have ${MAX_NEEDED_SETS}: set a longer renew, a shorter max or fewer uses`,
    )
  for (const [index, { issuer }] of profile.eligible.entries()) {
    const found = config.issuers[issuer]
    const claim = found && jobClaimOf(presetOf(found))
    if (claim !== undefined && found?.jobIdentity === undefined)
      say(
        `issuers.${issuer}.jobIdentity`,
        `is missing. Without it, every later job can renew a session of '${path}'. Set it to ['${claim}']`,
      )
    if (found && !canFetchAgain(presetOf(found)))
      say(
        `${path}.eligible[${index}].issuer`,
        'gives a job one token at its start, so its sessions cannot be renewed. Use a profile without renew',
      )
  }
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
    if ('const' in item && (tagText(item.const) !== item.const || [...item.const].length > MAX_TAG_VALUE))
      say(
        `${path}.tags.${key}`,
        `is not a valid session tag value. Use at most ${MAX_TAG_VALUE} letters, digits, spaces and _.:/=+-@ (no = before two hex digits, no aws: at the start)`,
      )
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
