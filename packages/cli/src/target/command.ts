/** `stint target add`: makes targets of the config from one account or a list of accounts. */

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { loadConfig } from '@stint/broker/build/config-file'
import { formatFaults } from '@stint/core/config/check'
import { defined } from '@stint/core/defined'
import { parse } from 'csv-parse/sync'
import type { Context } from '../context.ts'
import { type Exit, exitCode } from '../frame/exit.ts'
import { forPeople, shownLine } from '../output.ts'
import { kitFaults } from './kit.ts'
import { configLines, parametersOf, type Row, type Targets, targetsFrom } from './targets.ts'

type AddFlags = {
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

export async function addCommand(this: Context, flags: AddFlags): Promise<void> {
  const { stdout, stderr } = this.process
  const end = (exit: Exit, ...lines: readonly string[]) => {
    stderr.write(lines.map((line) => `stint: ${forPeople(line)}\n`).join(''))
    this.process.exitCode = exitCode(exit)
  }
  const rows = await rowsOf(flags).catch((error: Error) => error)
  if (rows instanceof Error) return end('usage', shownLine(rows.message))
  // Checked even if no stack is written: a role or a policy is always meant for the stacks.
  const faults = kitFaults({
    ...defined({ brokerRole: flags.brokerRole, policies: flags.policy }),
  })
  if (faults.length > 0) return end('usage', ...faults.map((fault) => shownLine(fault)))
  if (flags.parameters !== undefined && flags.brokerRole === undefined)
    return end('usage', 'Missing --broker-role: the ARN of the role that the stacks trust, as `sst deploy` prints it.')
  const bindings = Object.fromEntries((flags.binding ?? []).map((text) => [text.split('=')[0] ?? '', text.slice(text.indexOf('=') + 1)]))
  const checked = await loadConfig(resolve(flags.config), bindings)
  if (!checked.ok) return end('failed', `${flags.config} is invalid:`, formatFaults(checked.faults))

  // The config may import the file already, or not yet.
  const before = flags.to === undefined ? {} : await readTargets(flags.to)
  const made = targetsFrom(rows, flags, { ...before, ...checked.rules.targets })
  if (!made.ok) return end('failed', ...made.faults.map((fault) => shownLine(fault)), 'Nothing was written.')

  if (flags.to === undefined) stdout.write(configLines(made.targets))
  else {
    // New targets go last, because the order is that of the permissions to assume (packages/broker/src/lambda/assume.ts).
    await writeFile(flags.to, `${JSON.stringify({ ...before, ...made.targets }, null, 2)}\n`)
  }
  const said = [`${Object.keys(made.targets).length} targets${flags.to === undefined ? '' : ` in ${flags.to}`}`]
  if (flags.parameters !== undefined) {
    await mkdir(flags.parameters, { recursive: true })
    const given = { brokerRole: flags.brokerRole ?? '', path: flags.path, prefix: flags.prefix, policies: flags.policy ?? [] }
    for (const [role, { accounts, parameters }] of parametersOf(made.targets, given)) {
      const file = join(flags.parameters, `${role}.json`)
      await writeFile(file, `${JSON.stringify(parameters, null, 2)}\n`)
      said.push(`${file}: for the stack in ${accounts.length === 1 ? accounts[0] : `${accounts.length} accounts`}`)
    }
  }
  end('ok', ...said)
}

async function rowsOf({ account, name, csv }: AddFlags): Promise<readonly Row[]> {
  if (csv === undefined) {
    if (account === undefined || name === undefined)
      throw new Error('Missing target. Pass --account and --name for one target, or --csv FILE for a list.')
    return [{ account, name }]
  }
  if (account !== undefined || name !== undefined) throw new Error('Pass either --csv, or --account and --name, but not both.')
  const text = await readFile(csv, 'utf8')
  const read = parse(text, { columns: true, bom: true, trim: true, skip_empty_lines: true }) as Record<string, string>[]
  return read.map(({ name = '', account = '', role, region, ...unknown }) => {
    const strange = Object.keys(unknown)
    if (strange.length > 0) throw new Error(`${csv}: unknown columns: ${strange.join(', ')}. Use name, account, role and region.`)
    return { name, account, ...(role ? { role } : {}), ...(region ? { region } : {}) }
  })
}

async function readTargets(file: string): Promise<Targets> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}'
    throw error
  })
  return JSON.parse(text) as Targets
}
