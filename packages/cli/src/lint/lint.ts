/**
 * `lint(rules)`: finds problems in a config that the config check accepts. Pure except for zlib. Not part of the vend path.
 *
 *     import { lint } from '@stint/cli/lint/lint'
 */
import { leavesTwoResponders } from '@stint/core/access/responders'
import { deprecatedIn } from '@stint/core/config/former'
import { mintsOf } from '@stint/core/config/mints'
import type { Approval, Matcher, Profile, Rules, Who } from '@stint/core/config/shape'
import type { Instant } from '@stint/core/instant'
import { lastingAccess } from '@stint/core/scope/lasting-access'
import { profileStatements } from '@stint/core/scope/policy'
import type { Finding, Report } from './catalogue.ts'
import { lintCells } from './cells.ts'
import { lintPeople } from './emails.ts'
import { lintIssuers } from './issuers.ts'
import { lintProfile, lintTargets, peopleIn } from './profiles.ts'
import { lintWho, type RulePlace } from './who.ts'

/** `now`: delegations that have expired are ignored. If absent, all count as current. */
export function lint(rules: Rules, now?: Instant): readonly Finding[] {
  const findings: Finding[] = []
  const report = (rule: Finding['rule'], path: string, what: string) => void findings.push({ rule, path, what })

  // By content: a profile is parsed from the packed config each time it is found, so its rules are new objects.
  const dead = new Set<string>()
  for (const place of placesOf(rules)) if (lintWho(place, report).dead) dead.add(JSON.stringify(place.who))
  lintIssuers(rules, report)
  lintTargets(rules, report)
  lintCells(rules, profilesOf(rules), report)
  for (const [id, profile] of profilesOf(rules))
    lintProfile({ rules, isDead: (who) => dead.has(JSON.stringify(who)), now, report }, id, profile)
  lintGroups(rules, findings)
  lintResponders(rules, (who) => dead.has(JSON.stringify(who)), report)
  lintPeople(rules, report)
  for (const { path, what } of deprecatedIn({ ...rules, profiles: Object.fromEntries(profilesOf(rules)) }))
    report('setting-deprecated', path, what)
  return dedupe(findings)
}

/** By profile: the actions with which a session could create access that outlives it, including those that only the role limits. */
export const lastingAccessOf = (rules: Rules): { readonly [profile: string]: readonly string[] } =>
  Object.fromEntries(
    profilesOf(rules).flatMap(([id, profile]) => {
      const terms = { policy: profileStatements(profile, {}), policyArns: profile.policyArns ?? [], mints: mintsOf(profile) }
      const actions = lastingAccess(terms)
      return actions.length > 0 ? [[id, actions]] : []
    }),
  )

const profilesOf = (rules: Rules): readonly (readonly [string, Profile])[] =>
  rules.profiles.ids.map((id) => [id, rules.profiles.find(id) as Profile])

/** Every `Who` in the config. */
function placesOf(rules: Rules): readonly RulePlace[] {
  const list = (whos: readonly Who[] | undefined, path: string, opens = true) =>
    (whos ?? []).map((who, index) => ({ who, path: `${path}[${index}]`, opens }))
  const approval = (given: Approval | undefined, path: string) =>
    (given?.rules ?? []).flatMap((rule, index) => [
      ...list(rule.by, `${path}.rules[${index}].by`),
      ...list(rule.escalateTo, `${path}.rules[${index}].escalateTo`),
      ...(rule.delegates ?? []).map(({ who }, at) => ({ who, path: `${path}.rules[${index}].delegates[${at}].who`, opens: true })),
    ])
  const all = [
    ...profilesOf(rules).flatMap(([id, profile]) => [
      ...list(profile.eligible, `profiles.${id}.eligible`),
      ...list(profile.visibleTo, `profiles.${id}.visibleTo`, false),
      ...approval(profile.approval, `profiles.${id}.approval`),
    ]),
    ...Object.entries(rules.targets).flatMap(([id, target]) => approval(target.approval, `targets.${id}.approval`)),
    ...list(rules.auditors, 'auditors'),
    ...list(rules.responders, 'responders'),
  ]
  return all.flatMap((place) => {
    const issuer = rules.issuers[place.who.issuer]
    return issuer ? [{ ...place, issuer }] : []
  })
}

/** Responders who could not release a freeze: too few of all, or of other issuers. Without responders, there are no freezes. */
function lintResponders(rules: Rules, isDead: (who: Who) => boolean, report: Report): void {
  const responders = rules.responders ?? []
  if (responders.length === 0) return
  const people = peopleIn(
    rules,
    responders.filter((who) => !isDead(who) && rules.issuers[who.issuer]?.kind === 'human'),
  )
  if (people && people.size < 2) {
    report(
      'one-responder',
      'responders',
      `Releasing a freeze takes two people, and ${people.size === 1 ? 'only one is' : 'none is'} a responder.`,
    )
    return
  }
  for (const issuer of Object.keys(rules.issuers))
    if (!leavesTwoResponders(rules, issuer))
      report('responders-of-one-issuer', `issuers.${issuer}`, 'Freezing this issuer leaves fewer than two responders to release it.')
}

/** A name in a list claim (groups, roles) that gives access at two issuers. */
function lintGroups(rules: Rules, findings: Finding[]): void {
  const seen = new Map<string, { readonly issuer: string; readonly path: string }>()
  for (const { who, path } of placesOf(rules)) {
    for (const [claim, matcher] of Object.entries(who.claims)) {
      for (const group of includedIn(matcher)) {
        // An ID is unique across issuers.
        if (/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(group)) continue
        const first = seen.get(group)
        if (first && first.issuer !== who.issuer)
          findings.push({
            rule: 'group-across-issuers',
            path: `${path}.claims.${claim}`,
            what: `'${group}' gives access for issuer '${who.issuer}' here, and for issuer '${first.issuer}' at ${first.path}.`,
          })
        else seen.set(group, { issuer: who.issuer, path })
      }
    }
  }
}

function includedIn(matcher: Matcher): readonly string[] {
  if (typeof matcher !== 'object') return []
  if ('includes' in matcher) return [String(matcher.includes)]
  if ('all' in matcher) return matcher.all.flatMap(includedIn)
  if ('any' in matcher) return matcher.any.flatMap(includedIn)
  return []
}

/** A list that two profiles share is checked once for each profile. Each finding is reported once. */
const dedupe = (findings: readonly Finding[]): readonly Finding[] => [
  ...new Map(findings.map((finding) => [`${finding.rule} ${finding.path} ${finding.what}`, finding])).values(),
]
