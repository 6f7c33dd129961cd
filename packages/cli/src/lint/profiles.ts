/** Rules about whole targets and profiles. */
import { approvalFor } from '@stint/core/config/approval'
import { knowledge } from '@stint/core/config/issuers/index'
import { presetOf } from '@stint/core/config/issuers/presets'
import type { Approval, Profile, Rules, Target, Who } from '@stint/core/config/shape'
import { durationSeconds, parseDuration } from '@stint/core/duration'
import { personOf } from '@stint/core/identity/person'
import { storedSubject } from '@stint/core/identity/subject'
import { type Instant, parseIso } from '@stint/core/instant'
import { MIN_CONTAINER_SECONDS, maxRenewals } from '@stint/core/request/session'
import { lastingAccess } from '@stint/core/scope/lasting-access'
import { profileStatements } from '@stint/core/scope/policy'
import { catalogue } from '@stint/iam/minting/catalogue'
import type { Report } from './catalogue.ts'
import { lintItemSize } from './item-size.ts'
import { lintPartitions, lintPolicy } from './policy/profile.ts'
import { isExact, valuesOf } from './reach.ts'
import { lintSize, lintTags } from './tags.ts'

export function lintTargets(rules: Rules, report: Report): void {
  const seen = new Map<string, { readonly name: string; readonly account: string }>()
  for (const [name, target] of Object.entries(rules.targets)) {
    const other = seen.get(target.externalId)
    if (other && other.account !== target.account)
      report(
        'external-id-shared',
        `targets.${name}.externalId`,
        `Target '${other.name}' in account ${other.account} has the same external ID.`,
      )
    seen.set(target.externalId, other ?? { name, account: target.account })
  }
  lintPartitions(rules, report)
}

/** The context for checking a profile. `isDead`: no token can match the rule. */
type Look = { readonly rules: Rules; readonly isDead: (who: Who) => boolean; readonly now: Instant | undefined; readonly report: Report }

export function lintProfile(look: Look, id: string, profile: Profile): void {
  const { rules, isDead, report } = look
  const path = `profiles.${id}`
  const target = rules.targets[profile.target] as Target
  if (profile.eligible.every(isDead)) report('unreachable-profile', `${path}.eligible`, 'No token can match any of its rules.')
  if (profile.chaining) report('chaining-outlives', `${path}.chaining`, 'Sessions can assume further roles, whose sessions outlive them.')
  lintLasting(profile, path, report)
  lintPolicy(rules, profile, path, report)
  lintSize(profile, path, report)
  lintTags(rules, profile, path, report)
  lintItemSize(profile, target, path, report)

  const approval = approvalFor(profile, target)
  lintRenewal(rules, profile, approval, path, report)
  if (!approval) return
  // The profile's rules come first, then the target's.
  const ours = profile.approval?.rules.length ?? 0
  const placeOf = (index: number) =>
    index < ours ? `${path}.approval.rules[${index}]` : `targets.${profile.target}.approval.rules[${index - ours}]`
  lintApproval(look, profile, approval, path, placeOf)
  if (approval.breakGlass) lintBreakGlass(rules, profile, approval, path, report)
}

const MIN_CONSOLE_SECONDS = 30 * 60
/** How long before the end AWS SDKs renew, at most: 15 minutes in botocore, 5 in others. They cannot renew credentials of less than 30 minutes. */
const SDK_EARLY_SECONDS = 15 * 60
/** `stint` renews when a quarter of the life is left (credentials/obtain.ts). */
const OWN_EARLY_PART = 1 / 4

function lintRenewal(rules: Rules, profile: Profile, approval: Approval | undefined, path: string, report: Report): void {
  const { renew, default: usual } = profile.duration
  if (renew === undefined) return
  if (approval && durationSeconds(approval.window) < durationSeconds(usual))
    report('renewal-cut-short', `${path}.duration.default`, `Sessions last ${usual}, but end with the window of ${approval.window}.`)
  const isForPeople = profile.eligible.some(({ issuer }) => rules.issuers[issuer]?.kind === 'human')
  if (isForPeople && durationSeconds(renew) < MIN_CONSOLE_SECONDS)
    report('console-cut-short', `${path}.duration.renew`, `A session in the AWS console ends after ${renew}.`)
  const seconds = durationSeconds(renew)
  const early = seconds >= MIN_CONTAINER_SECONDS ? SDK_EARLY_SECONDS : seconds * OWN_EARLY_PART
  const uses = approval?.maxUses ?? 1
  const needed = uses * (Math.ceil(durationSeconds(profile.duration.max) / (seconds - early)) - 1)
  if (needed > maxRenewals(uses))
    report(
      'renewals-run-out',
      `${path}.duration.renew`,
      `Clients that renew early need up to ${needed} renewals, and a request has ${maxRenewals(uses)}.`,
    )
}

/** What sessions of the profile can leave behind. The permissions of its role are unknown here. */
function lintLasting(profile: Profile, path: string, report: Report): void {
  const policy = profileStatements(profile, {})
  const { policyArns = [], mints = [] } = profile
  mints.forEach((name, index) => {
    const at = `${path}.mints[${index}]`
    if (!lastingAccess({ policy, policyArns, mints: [name] }).includes(name))
      report('mints-outlive', at, `No Allow of the profile matches ${name}, so it has no effect.`)
    else if (name === 'sts:AssumeRole') report('chaining-outlives', at, 'Sessions can assume further roles, whose sessions outlive them.')
    else report('mints-outlive', at, `Sessions can call ${name}, which creates ${makes.get(name)}.`)
  })
  if (profile.policy) {
    const grants = lastingAccess({ policy, policyArns: [] })
    if (grants.length > 0) report('lasting-access', `${path}.policy`, `Sessions can call ${listed(grants)}.`)
  }
  if (policyArns.length > 0 && lastingAccess({ policy: [], policyArns }).length > 0)
    report('lasting-access', `${path}.policyArns`, 'Its managed policies can allow actions that change permissions.')
}
const makes: ReadonlyMap<string, string> = new Map(catalogue.map(({ action, what }) => [action, what]))
const listed = (names: readonly string[]): string =>
  `${names.slice(0, MOST_NAMES).join(', ')}${names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : ''}`
const MOST_NAMES = 12

function lintApproval(
  { rules, isDead, now, report }: Look,
  profile: Profile,
  approval: Approval,
  path: string,
  placeOf: (index: number) => string,
): void {
  const open = approval.rules.map((rule) => {
    const standIns = (rule.delegates ?? []).filter(({ from, until }) => {
      const [start, end] = [parseIso(from) ?? 0, parseIso(until) ?? 0]
      return start < end && (now === undefined || now < end)
    })
    return [...rule.by, ...(rule.escalateTo ?? []), ...standIns.map(({ who }) => who)].filter((who) => !isDead(who))
  })
  const asking = peopleIn(
    rules,
    profile.eligible.filter((who) => !isDead(who)),
  )
  for (const [index, rule] of approval.rules.entries()) {
    const people = peopleIn(rules, open[index] ?? [])
    // Requesters cannot approve their own request, so the only eligible person does not count as an approver.
    const others = people && asking?.size === 1 ? new Set([...people].filter((person) => !asking.has(person))) : people
    if (others && others.size < rule.count)
      report(
        'unreachable-profile',
        placeOf(index),
        `It needs ${rule.count} ${rule.count === 1 ? 'approver' : 'approvers'}, and has ${others.size}.`,
      )
    lintStrangers(rules, profile, open[index] ?? [], placeOf(index), report)
  }
  const all = peopleIn(rules, open.flat())
  const needed = approval.rules.reduce((sum, { count }) => sum + count, 0)
  if (approval.rules.length > 1 && all && all.size < needed)
    report('unreachable-profile', placeOf(0), `Its rules need ${needed} different approvers in total, and name ${all.size}.`)

  profile.eligible.forEach((who, index) => {
    const issuer = rules.issuers[who.issuer]
    if (issuer?.kind !== 'workload' || isDead(who)) return
    const known = Object.values(rules.people ?? {}).some((identities) =>
      identities.some((one) => one.issuer === who.issuer && 'actor' in one),
    )
    if (!issuer.actorClaim || !known)
      report(
        'unreachable-profile',
        `${path}.eligible[${index}]`,
        'These jobs cannot request it, because the person who triggers a job is unknown. Set actorClaim and people.',
      )
  })
}

/** The people that rules name individually; undefined if a rule matches a group or a pattern. */
export function peopleIn(rules: Rules, whos: readonly Who[]): ReadonlySet<string> | undefined {
  const people = new Set<string>()
  for (const who of whos) {
    const claim = ['sub', rules.issuers[who.issuer]?.identityClaim].find((name) => name !== undefined && who.claims[name] !== undefined)
    const matcher = claim === undefined ? undefined : who.claims[claim]
    if (claim === undefined || matcher === undefined || !isExact(matcher)) return undefined
    for (const value of valuesOf(matcher)) {
      const subject = String(value)
      people.add(
        claim === 'sub' ? personOf(rules, { issuer: who.issuer, subject: storedSubject(subject) }) : `${who.issuer}#${claim}#${subject}`,
      )
    }
  }
  return people
}

/** Approvers of another issuer than the requesters', where `people` links no accounts at both. */
function lintStrangers(rules: Rules, profile: Profile, open: readonly Who[], place: string, report: Report): void {
  const linked = (a: string, b: string) =>
    Object.values(rules.people ?? {}).some((identities) => [a, b].every((issuer) => identities.some((one) => one.issuer === issuer)))
  for (const asking of new Set(profile.eligible.map(({ issuer }) => issuer))) {
    for (const other of new Set(open.map(({ issuer }) => issuer))) {
      if (other !== asking && !linked(asking, other))
        report('self-approval', place, `Requesters are at '${asking}' and approvers at '${other}', and people links no identities of both.`)
    }
  }
}

/** A shorter delay leaves no time to read a message. */
const SOONEST_UNATTENDED_SECONDS = 300

function lintBreakGlass(rules: Rules, profile: Profile, approval: Approval, path: string, report: Report): void {
  if (typeof approval.breakGlass === 'object' && durationSeconds(approval.breakGlass.delay) < SOONEST_UNATTENDED_SECONDS)
    report('break-glass-alone', `${path}.approval.breakGlass`, `It is approved automatically after only ${approval.breakGlass.delay}.`)
  profile.eligible.forEach((who, index) => {
    const issuer = rules.issuers[who.issuer]
    if (issuer?.kind !== 'human') return
    const { mfa, authTime } = knowledge[presetOf(issuer)]
    // A second factor can also be required as a claim.
    const strong = who.mfa || ['amr', 'acr', 'acrs'].some((claim) => who.claims[claim] !== undefined)
    const lacks = [...(mfa && !strong ? ['mfa'] : []), ...(authTime && !who.authAge ? ['authAge'] : [])]
    const long = who.authAge !== undefined && (parseDuration(who.authAge) ?? 0) > 3600
    if (lacks.length > 0 || long)
      report(
        'break-glass-alone',
        `${path}.eligible[${index}]`,
        lacks.length > 0 ? `It does not require ${lacks.join(' or ')}.` : `A sign-in ${who.authAge} ago is enough.`,
      )
  })
}
