/** `stint doctor --aws`: the roles of one target or of all, read with your own AWS credentials. */
import { resolve } from 'node:path'
import { loadConfig } from '@stint/broker/build/config-file'
import { formatFaults } from '@stint/core/config/check'
import type { Profile, Rules, Target } from '@stint/core/config/shape'
import { parseDuration } from '@stint/core/duration'
import { toIso } from '@stint/core/instant'
import { tableClient } from '../audit/aws.ts'
import { sendFor } from '../broker/broker.ts'
import type { Context } from '../context.ts'
import { type Check, checksText, hasFailed, hasSkipped } from '../doctor/check.ts'
import type { DoctorFlags } from '../doctor/command.ts'
import type { Exit } from '../frame/exit.ts'
import { Failure } from '../frame/failure.ts'
import { pairs } from '../frame/flags.ts'
import { liveLine } from '../frame/terminal.ts'
import { tableText } from '../frame/words.ts'
import { jsonLine } from '../output.ts'
import { kitFaults } from '../target/kit.ts'
import { keepRolePolicies, type RolePolicies } from '../why/role-policies.ts'
import { targetAws } from './aws.ts'
import { targetChecks } from './check-target.ts'
import type { Expected } from './judge-role.ts'

type Judged = { readonly target: string; readonly checks: readonly Check[] }

export async function awsDoctor(context: Context, flags: DoctorFlags, name: string | undefined): Promise<Exit> {
  const { stdout, env } = context.process
  const rules = await rulesIn(flags)
  const expected = chosen(rules, flags, name)
  const keys = tableClient(expected[0]?.target.region ?? 'eu-central-1').config.credentials
  const send = sendFor(context)
  const aws = targetAws({ keys, send, env, clock: Date.now, ...(flags.reader === undefined ? {} : { reader: flags.reader }) })
  const line = liveLine(context, flags.quiet)
  const judged: Judged[] = []
  const keep = (found: Omit<RolePolicies, 'readAt'>) => keepRolePolicies(env, { ...found, readAt: toIso(Date.now()) })
  for (const one of expected) {
    line.show(`${one.name}: ${judged.length + 1} of ${expected.length}`)
    judged.push({ target: one.name, checks: await targetChecks(aws, one, rules, keep) })
  }
  line.clear()
  // A role that was not read is not a role that is right.
  const ok = judged.every(({ checks }) => !hasFailed(checks) && !hasSkipped(checks))
  stdout.write(flags.json ? jsonLine({ ok, targets: judged }) : judgedText(judged))
  return ok ? 'ok' : 'failed'
}

async function rulesIn({ config, binding, brokerRole, reader }: DoctorFlags): Promise<Rules> {
  const faults = kitFaults(brokerRole === undefined ? {} : { brokerRole })
  if (faults.length > 0) throw new Failure('usage', 'Invalid --broker-role:', { details: faults, next: 'stint doctor --help' })
  if (reader !== undefined && !/^([A-Za-z0-9+=,.@_-]+\/)*[A-Za-z0-9+=,.@_-]{1,64}$/.test(reader))
    throw new Failure('usage', '--reader must be the name of a role.', {
      next: 'For example: stint doctor --all --reader OrganizationAccountAccessRole',
    })
  const checked = await loadConfig(resolve(config), pairs(binding))
  if (!checked.ok)
    throw new Failure('unreachable', `${config} is invalid: ${formatFaults(checked.faults)}`, {
      next: `Check it: stint lint --config ${config}`,
    })
  return checked.rules
}

/** By the name of a target, or of a profile, whose target it is. */
function chosen(rules: Rules, { all, brokerRole }: DoctorFlags, name: string | undefined): readonly Expected[] {
  if (all && name !== undefined)
    throw new Failure('usage', 'A target and --all cannot be used together.', { next: 'Leave one of them out: stint doctor --all' })
  if (!all && name === undefined)
    throw new Failure('usage', 'Missing target.', { next: 'stint doctor TARGET --aws, or stint doctor --all' })
  const profiles = rules.profiles.ids.flatMap((id) => rules.profiles.find(id) ?? [])
  const id = name !== undefined && !Object.hasOwn(rules.targets, name) ? rules.profiles.find(name)?.target : name
  if (!all && (id === undefined || !Object.hasOwn(rules.targets, id)))
    throw new Failure('usage', `The config has no target or profile '${name}'.`, {
      next: `Its targets: ${Object.keys(rules.targets).join(', ')}`,
    })
  return Object.entries(rules.targets)
    .filter(([target]) => all || target === id)
    .map(([target, value]) => ({
      name: target,
      target: value as Target,
      longestSeconds: Math.max(0, ...profiles.filter((one) => one.target === target).map(({ duration }) => longestCredentials(duration))),
      ...(brokerRole === undefined ? {} : { brokerRole }),
    }))
}

/** AWS limits each set of credentials, and not a session whose credentials are renewed. */
const longestCredentials = ({ max, renew = max }: Profile['duration']): number =>
  Math.min(parseDuration(max) ?? 0, parseDuration(renew) ?? 0)

function judgedText(judged: readonly Judged[]): string {
  if (judged.length === 1) return checksText(judged[0]?.checks ?? [])
  const details = judged
    .map(({ target, checks }) => ({ target, checks: checks.filter(({ state }) => state !== 'ok') }))
    .filter(({ checks }) => checks.length > 0)
    .map(({ target, checks }) => `${target}\n${checksText(checks)}\n`)
  const rows = judged.map(({ target, checks }) => {
    const open = checks.filter(({ state }) => state === 'failed')
    const gates = [...new Set(open.flatMap(({ gate }) => gate ?? []))].join(', ')
    const result =
      open.length > 0 ? 'failed' : hasSkipped(checks) ? 'skipped' : checks.some(({ state }) => state === 'warning') ? 'warning' : 'ok'
    return [target, result, gates === '' ? '–' : gates, open.map(({ check }) => check).join(', ')]
  })
  return `${details.join('')}${tableText(['target', 'result', 'closed gates', 'failed checks'], rows)}`
}
