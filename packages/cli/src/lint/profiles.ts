/** Rules about targets and profiles as wholes. */
import { deflateRawSync } from 'node:zlib'
import { knowledge, presetOf } from '@stint/core/config/issuers/index'
import type { Approval, Profile, Rules, Target, Who } from '@stint/core/config/shape'
import { parseDuration } from '@stint/core/duration'
import { approvalFor } from '@stint/core/request/approval'
import { profileStatements, sessionPolicy } from '@stint/core/scope/policy'
import { estimatedPackedPercent, MAX_SESSION_POLICY_CHARACTERS } from '@stint/iam'
import type { Report } from './catalogue.ts'
import { valuesOf } from './reach.ts'

export function lintTargets(rules: Rules, report: Report): void {
  const seen = new Map<string, { readonly name: string; readonly account: string }>()
  for (const [name, target] of Object.entries(rules.targets)) {
    const other = seen.get(target.externalId)
    if (other && other.account !== target.account)
      report('external-id-shared', `targets.${name}.externalId`, `It is also that of target '${other.name}' in account ${other.account}.`)
    seen.set(target.externalId, other ?? { name, account: target.account })
  }
}

/** `isDead`: no token can meet that rule. */
export function lintProfile(rules: Rules, id: string, profile: Profile, isDead: (who: Who) => boolean, report: Report): void {
  const path = `profiles.${id}`
  const target = rules.targets[profile.target] as Target
  if (profile.eligible.every(isDead)) report('unreachable-profile', `${path}.eligible`, 'No token can meet any of its rules.')
  if (profile.chaining) report('chaining-outlives', `${path}.chaining`, 'Sessions may assume further roles, which live past their own end.')
  lintSize(profile, path, report)

  const approval = approvalFor(profile, target)
  if (!approval) return
  lintApproval(rules, profile, approval, path, isDead, report)
  if (approval.breakGlass) lintBreakGlass(rules, profile, path, report)
}

/** With parameters at their longest; a claim's value is taken for 36 characters, which is a UUID. */
function lintSize(profile: Profile, path: string, report: Report): void {
  const longest = Object.fromEntries(Object.entries(profile.parameters ?? {}).map(([name, { max }]) => [name, filler(max)]))
  const policy = sessionPolicy(profileStatements(profile, longest), 0)
  if (policy.length > MAX_SESSION_POLICY_CHARACTERS) {
    report(
      'packed-size',
      `${path}.policy`,
      `Up to ${policy.length} characters with the longest parameters; AWS takes ${MAX_SESSION_POLICY_CHARACTERS}.`,
    )
    return
  }
  const tags = Object.entries(profile.tags ?? {}).map(([key, value]) => {
    const length =
      'const' in value ? value.const.length : 'param' in value ? (profile.parameters?.[value.param]?.max ?? 0) : CLAIM_CHARACTERS
    return key.length + length
  })
  const tagCharacters = tags.reduce((sum, length) => sum + length, SESSION_TAG_CHARACTERS)
  const percent = estimatedPackedPercent(tagCharacters, deflateRawSync(policy).length)
  if (percent >= 80) report('packed-size', path, `Likely ${percent} % of what AWS takes.`)
}
const CLAIM_CHARACTERS = 36
/** `stint:session` and a session id. */
const SESSION_TAG_CHARACTERS = 13 + 39
/** What compresses no better than a name does. */
const filler = (length: number): string =>
  Array.from({ length }, (_, index) => 'acdfgijlmnpqrsuvwxyz0123456789-'[(index * 17 + index * index * 7) % 31]).join('')

function lintApproval(
  rules: Rules,
  profile: Profile,
  approval: Approval,
  path: string,
  isDead: (who: Who) => boolean,
  report: Report,
): void {
  const at = profile.approval ? `${path}.approval` : `targets.${profile.target}.approval`
  const linked = new Set(
    Object.values(rules.people ?? {}).flatMap((identities) => (identities.length > 1 ? identities.map(({ issuer }) => issuer) : [])),
  )
  for (const [index, rule] of approval.rules.entries()) {
    const open = [...rule.by, ...(rule.escalateTo ?? []), ...(rule.delegates ?? []).map(({ who }) => who)].filter((who) => !isDead(who))
    const named = open.map((who) =>
      who.claims.sub === undefined ? Number.POSITIVE_INFINITY : valuesOf(who.claims.sub).length || Number.POSITIVE_INFINITY,
    )
    const people = named.reduce((sum, count) => sum + count, 0)
    if (people < rule.count) report('unreachable-profile', `${at}.rules[${index}]`, `It needs ${rule.count} people, and names ${people}.`)
    for (const asking of new Set(profile.eligible.map(({ issuer }) => issuer))) {
      const strangers = open.filter((who) => who.issuer !== asking).map(({ issuer }) => issuer)
      const [other] = strangers
      if (other !== undefined && !(linked.has(asking) && linked.has(other)))
        report('self-approval', `${at}.rules[${index}]`, `'${asking}' asks and '${other}' agrees, and nobody says who is the same person.`)
    }
  }
}

function lintBreakGlass(rules: Rules, profile: Profile, path: string, report: Report): void {
  profile.eligible.forEach((who, index) => {
    const issuer = rules.issuers[who.issuer]
    if (issuer?.kind !== 'human') return
    const { mfa, authTime } = knowledge[presetOf(issuer)]
    const lacks = [...(mfa && !who.mfa ? ['mfa'] : []), ...(authTime && !who.authAge ? ['authAge'] : [])]
    const long = who.authAge !== undefined && (parseDuration(who.authAge) ?? 0) > 3600
    if (lacks.length > 0 || long)
      report(
        'break-glass-alone',
        `${path}.eligible[${index}]`,
        lacks.length > 0 ? `It asks for no ${lacks.join(' and no ')}.` : `A sign-in of ${who.authAge} ago is enough.`,
      )
  })
}
