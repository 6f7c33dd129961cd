/** Rules about what a profile's policy allows as a whole, and about the account and partition that it is for. */
import { approvalFor } from '@stint/core/config/approval'
import { mintsOf } from '@stint/core/config/mints'
import { parsePattern } from '@stint/core/config/pattern'
import type { Profile, Rules, Target } from '@stint/core/config/shape'
import { profileStatements } from '@stint/core/scope/policy'
import { type StatementJson, splitArn } from '@stint/iam'
import { mintingActions, openedBy } from '@stint/iam/minting/actions'
import { namesAction } from '@stint/iam/minting/deny'
import { partitionIn, partitionOfRegion } from '@stint/iam/partition'
import type { Report } from '../catalogue.ts'
import { PASS, paths, receiversOf } from './escalation.ts'
import { keysOf, lintStatement, listOf } from './statements.ts'

export function lintPolicy(rules: Rules, profile: Profile, path: string, report: Report): void {
  const target = rules.targets[profile.target] as Target
  // Parameters as wildcards: what some caller could choose.
  const anything = Object.fromEntries(Object.keys(profile.parameters ?? {}).map((name) => [name, '*']))
  const statements = profileStatements(profile, anything)
  const written = profile.policy ? statements : []
  written.forEach((statement, index) => void lintStatement(statement, `${path}.policy[${index}]`, report))
  lintWidth(profile, written, target, path, report)
  lintEscalation(profile, written, path, report)
  lintPlaces(profile, written, target, path, report)
  lintParameters(profile, path, report)
}

// ── How much it allows ───────────────────────────────────────────────────────────────────────────────────────────────

/** AWS's managed policies that make an administrator, at once or by IAM. */
const MIGHTY = /:iam::aws:policy\/(AdministratorAccess|PowerUserAccess|IAMFullAccess)$/

const isEverything = (names: readonly string[]): boolean => names.some((name) => /^[*?]*\*[*?]*$/.test(name))
/** A whole type of resource, or more: `*`, `arn:aws:iam::*:role/*`, `arn:aws:lambda:*:*:function:*`. */
const isEveryResource = ({ Resource, NotResource }: StatementJson): boolean =>
  NotResource !== undefined || listOf(Resource).some((name) => /^\*+$|^arn:(?:[^:]*:){4}[a-z-]*[:/]?\*+$/.test(name))

function lintWidth(profile: Profile, statements: readonly StatementJson[], target: Target, path: string, report: Report): void {
  if (approvalFor(profile, target)) return
  for (const [index, statement] of statements.entries()) {
    const at = `${path}.policy[${index}]`
    if (statement.Effect !== 'Allow') continue
    if (isEverything(listOf(statement.Action)) && isEveryResource(statement))
      report('wide-without-approval', at, 'It allows every action on every resource that the role allows.')
    else if (statement.NotAction !== undefined && isEveryResource(statement))
      report('wide-without-approval', at, 'It allows every action but those listed, on every resource that the role allows.')
    else if (isEveryResource(statement) && statement.Condition === undefined && namesAction(statement, 'iam:PassRole'))
      report('wide-without-approval', at, 'It can pass every role of the account to a service, so it can act as each of them.')
  }
  profile.policyArns?.forEach((arn, index) => {
    const [, name] = MIGHTY.exec(arn) ?? []
    if (name) report('wide-without-approval', `${path}.policyArns[${index}]`, `${name} makes the session an administrator.`)
  })
}

function lintEscalation(profile: Profile, statements: readonly StatementJson[], path: string, report: Report): void {
  const allows = statements.filter(({ Effect }) => Effect === 'Allow')
  const denies = statements.filter(
    ({ Effect, Condition, Resource }) => Effect === 'Deny' && Condition === undefined && listOf(Resource).includes('*'),
  )
  const open = openedBy(mintsOf(profile))
  const stopped = (action: string) =>
    (mintingActions.includes(action) && !open.has(action)) || denies.some((one) => namesAction(one, action))
  const allowing = (action: string) => (stopped(action) ? -1 : allows.findIndex((one) => namesAction(one, action)))
  const found = paths.flatMap(({ actions, what }) => {
    const [first = ''] = actions
    const opens = (one: StatementJson) => namesAction(one, first) && isEveryResource(one) && (first !== PASS || passes(one, actions))
    const at = stopped(first) ? -1 : allows.findIndex(opens)
    return at >= 0 && actions.every((action) => allowing(action) >= 0)
      ? [{ at: statements.indexOf(allows[at] as StatementJson), actions, what }]
      : []
  })
  // One finding for each statement, or a wide policy would have fifty.
  for (const at of new Set(found.map((one) => one.at))) {
    const ways = found.filter((one) => one.at === at)
    const shown = ways.slice(0, MOST_WAYS).map(({ actions, what }) => `${actions.join(' + ')} ${what}`)
    const more = ways.length > MOST_WAYS ? `, and ${ways.length - MOST_WAYS} more ways` : ''
    report('privilege-escalation', `${path}.policy[${at}]`, `A session can gain more than the policy says: ${shown.join('; ')}${more}.`)
  }
}
const MOST_WAYS = 4

/** Whether an Allow of `iam:PassRole` passes every role to a service of this way. Any other condition may limit which roles. */
function passes(statement: StatementJson, actions: readonly string[]): boolean {
  const receivers = receiversOf(actions)
  return keysOf(statement).every(([operator, key, values]) => {
    if (key.toLowerCase() !== 'iam:passedtoservice') return false
    const plain = /^(?:ForA(?:ll|ny)Values?:)?String(?:Equals|EqualsIgnoreCase|Like)(?:IfExists)?$/.test(operator)
    return !plain || values.map(servicePattern).some((pattern) => receivers.some((name) => pattern.test(name)))
  })
}

/** `states.eu-central-1.amazonaws.com` and `ec2.amazonaws.com.cn` are names of the same services. */
function servicePattern(value: string): RegExp {
  const plain = value.replace(/\.[a-z]{2}(-[a-z]+)+-\d(?=\.amazonaws\.com)/, '').replace(/\.cn$/, '')
  return new RegExp(
    `^${plain
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('?', '.')
      .replace(/\*+/g, '.*')}$`,
    'i',
  )
}

// ── Where it is for ──────────────────────────────────────────────────────────────────────────────────────────────────

function lintPlaces(profile: Profile, statements: readonly StatementJson[], target: Target, path: string, report: Report): void {
  const home = partitionIn(target.roleArn)
  const fits = (arn: string) => {
    const partition = arn.startsWith('arn:') ? partitionIn(arn) : home
    return partition === home || /[*?]/.test(partition)
  }
  profile.policyArns?.forEach((arn, index) => {
    const at = `${path}.policyArns[${index}]`
    const account = splitArn(arn)?.[4]
    if (!fits(arn)) report('mixed-partitions', at, `It is in partition ${partitionIn(arn)}, and the role is in ${home}.`)
    if (account !== 'aws' && account !== target.account)
      report('foreign-policy', at, `It is in account ${account}, and the role is in ${target.account}.`)
  })
  statements.forEach((statement, index) => {
    for (const arn of [...listOf(statement.Resource), ...listOf(statement.NotResource)])
      if (!fits(arn))
        report(
          'mixed-partitions',
          `${path}.policy[${index}].Resource`,
          `'${arn}' is in partition ${partitionIn(arn)}, and the role is in ${home}.`,
        )
  })
}

/** The targets themselves: role, region and each other. */
export function lintPartitions(rules: Rules, report: Report): void {
  const counts = new Map<string, number>()
  for (const [name, { roleArn, region }] of Object.entries(rules.targets)) {
    const [ofRole, ofRegion] = [partitionIn(roleArn), partitionOfRegion(region).id]
    counts.set(ofRole, (counts.get(ofRole) ?? 0) + 1)
    if (ofRole !== ofRegion)
      report('mixed-partitions', `targets.${name}.region`, `${region} is in partition ${ofRegion}, and the role is in ${ofRole}.`)
  }
  if (counts.size < 2) return
  const [most = ''] = [...counts].toSorted(([, a], [, b]) => b - a)[0] ?? []
  for (const [name, { roleArn }] of Object.entries(rules.targets))
    if (partitionIn(roleArn) !== most)
      report(
        'mixed-partitions',
        `targets.${name}.roleArn`,
        `Other targets are in ${most}. A broker's credentials are valid in one partition only.`,
      )
}

// ── Parameters ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Sample strings. A pattern that accepts all of them accepts any string. */
const probes = ['a', 'Z', '0', '/', '.', '-', '_', 'a/b', '../x', 'A.b-c_d/e', 'prod', 'x'.repeat(8)]

function lintParameters(profile: Profile, path: string, report: Report): void {
  for (const [name, { pattern, wildcard }] of Object.entries(profile.parameters ?? {})) {
    const at = `${path}.parameters.${name}`
    const parsed = parsePattern(pattern)
    const used = (profile.policy ?? []).some((statement) =>
      JSON.stringify([statement.Resource, statement.NotResource]).includes(`{"param":"${name}"}`),
    )
    if (wildcard) report('open-parameter', `${at}.wildcard`, 'The caller can write * and ?, so one value matches many resources.')
    if (used && parsed.ok && probes.every(parsed.fits))
      report(
        'open-parameter',
        `${at}.pattern`,
        `The pattern ${pattern} accepts any text, so the caller chooses every resource that starts the same way.`,
      )
  }
}
