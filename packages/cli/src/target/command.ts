/** `stint target add`: makes targets of the config from one account or a list of accounts. */

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { loadConfig } from '@stint/broker/build/config-file'
import { formatFaults } from '@stint/core/config/check'
import { defined } from '@stint/core/defined'
import { parse } from 'csv-parse/sync'
import type { Context } from '../context.ts'
import { Failure } from '../frame/failure.ts'
import { pairs, type TalkFlags } from '../frame/flags.ts'
import { forPeople, jsonLine } from '../output.ts'
import { kitFaults } from './kit.ts'
import { configLines, parametersOf, type Row, type Targets, targetsFrom } from './targets.ts'

type AddFlags = TalkFlags & {
  readonly account?: string
  readonly name?: string
  readonly csv?: string
  readonly role: string
  readonly region: string
  readonly path: string
  readonly prefix: string
  readonly config: string
  readonly binding?: readonly string[]
  readonly to?: string
  readonly parameters?: string
  readonly brokerRole?: string
  readonly policy?: readonly string[]
}

export async function addCommand({ process: { stdout, stderr } }: Context, flags: AddFlags): Promise<void> {
  const rows = await rowsOf(flags)
  // Checked even if no stack is written: a role or a policy is always meant for the stacks.
  const faults = kitFaults(defined({ brokerRole: flags.brokerRole, policies: flags.policy }))
  if (faults.length > 0) throw new Failure('usage', 'Invalid stack parameters:', { details: faults, next: 'stint target add --help' })
  if (flags.parameters !== undefined && flags.brokerRole === undefined)
    throw new Failure('usage', 'Missing --broker-role: the ARN of the role that the stacks trust.', {
      next: 'sst deploy prints it. Pass it as --broker-role ARN.',
    })
  const checked = await loadConfig(resolve(flags.config), pairs(flags.binding))
  if (!checked.ok)
    throw new Failure('failed', `${flags.config} is invalid:`, { details: formatFaults(checked.faults).split('\n'), next: 'stint lint' })

  // The config may import the file already, or not yet.
  const before = flags.to === undefined ? {} : await readTargets(flags.to)
  const made = targetsFrom(rows, flags, { ...before, ...checked.rules.targets })
  if (!made.ok)
    throw new Failure('failed', 'Nothing was written:', { details: made.faults, next: 'Correct the rows and repeat the command.' })

  // New targets go last, because the order is that of the permissions to assume (packages/broker/src/lambda/assume.ts).
  if (flags.to !== undefined) await writeFile(flags.to, `${JSON.stringify({ ...before, ...made.targets }, null, 2)}\n`)
  const stacks = flags.parameters === undefined ? [] : await writeParameters(flags.parameters, made.targets, flags)
  if (flags.json) return void stdout.write(jsonLine({ targets: made.targets, ...defined({ to: flags.to }), stacks }, 2))
  if (flags.to === undefined) stdout.write(configLines(made.targets))
  if (flags.quiet) return
  const count = Object.keys(made.targets).length
  const said = [
    `${count} ${count === 1 ? 'target' : 'targets'}${flags.to === undefined ? '' : ` in ${flags.to}`}`,
    ...stacks.map(
      ({ file, accounts }) => `${file}: for the stack in ${accounts.length === 1 ? accounts[0] : `${accounts.length} accounts`}`,
    ),
  ]
  stderr.write(said.map((line) => `stint: ${forPeople(line)}\n`).join(''))
}

/** The parameters of a stack, one file for each role, and the accounts in which the stack is needed. */
type Stack = { readonly file: string; readonly accounts: readonly string[] }

async function writeParameters(folder: string, targets: Targets, flags: AddFlags): Promise<readonly Stack[]> {
  await mkdir(folder, { recursive: true })
  const given = { brokerRole: flags.brokerRole ?? '', path: flags.path, prefix: flags.prefix, policies: flags.policy ?? [] }
  const stacks: Stack[] = []
  for (const [role, { accounts, parameters }] of parametersOf(targets, given)) {
    const file = join(folder, `${role}.json`)
    await writeFile(file, `${JSON.stringify(parameters, null, 2)}\n`)
    stacks.push({ file, accounts })
  }
  return stacks
}

async function rowsOf({ account, name, csv }: AddFlags): Promise<readonly Row[]> {
  if (csv === undefined) {
    if (account === undefined || name === undefined)
      throw new Failure('usage', 'Missing target.', { next: 'Pass --account and --name for one target, or --csv FILE for a list.' })
    return [{ account, name }]
  }
  if (account !== undefined || name !== undefined)
    throw new Failure('usage', 'Both a list and a target are given.', { next: 'Pass either --csv, or --account and --name.' })
  const read = await readRows(csv)
  return read.map(({ name = '', account = '', role, region, ...unknown }) => {
    const strange = Object.keys(unknown)
    if (strange.length > 0)
      throw new Failure('usage', `${csv} has unknown columns: ${strange.join(', ')}.`, { next: 'Use name, account, role and region.' })
    return { name, account, ...(role ? { role } : {}), ...(region ? { region } : {}) }
  })
}

async function readRows(csv: string): Promise<Record<string, string>[]> {
  try {
    return parse(await readFile(csv, 'utf8'), { columns: true, bom: true, trim: true, skip_empty_lines: true })
  } catch (error) {
    throw new Failure('usage', `${csv} is unreadable: ${(error as Error).message}.`, {
      next: 'Pass a CSV file with the columns name, account and, optionally, role and region.',
    })
  }
}

async function readTargets(file: string): Promise<Targets> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}'
    throw error
  })
  return JSON.parse(text) as Targets
}
