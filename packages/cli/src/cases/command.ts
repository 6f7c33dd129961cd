/** `stint test`: runs a table of access tests against a config. */
import { resolve } from 'node:path'
import { importConfig, loadConfig } from '@stint/broker/build/config-file'
import { formatFaults } from '@stint/core/config/check'
import { shellWord } from '@stint/core/shell'
import type { Context } from '../context.ts'
import type { Exit } from '../frame/exit.ts'
import { Failure } from '../frame/failure.ts'
import { pairs, type TalkFlags } from '../frame/flags.ts'
import { forPeople } from '../output.ts'
import { casesJson, casesText } from './report.ts'
import { runCases } from './run.ts'
import { checkTable } from './table.ts'

type TestFlags = TalkFlags & { readonly config: string; readonly binding?: readonly string[]; readonly verbose: boolean }

export async function testCommand({ process }: Context, flags: TestFlags, file: string): Promise<Exit> {
  const checked = await loadConfig(resolve(flags.config), pairs(flags.binding))
  if (!checked.ok)
    throw invalid(
      flags.config,
      formatFaults(checked.faults).split('\n'),
      `Check the config: stint lint --config ${shellWord(flags.config)}`,
    )
  const imported = await importConfig(resolve(file))
  if (!imported.ok) throw new Failure('unreachable', `${file}: ${imported.fault}`, { next: 'Check the path: stint test FILE' })
  const table = checkTable(imported.value, checked.rules)
  if (!table.ok) throw invalid(file, table.faults, 'Correct the access tests: docs/guides/config.md shows their form.')
  const result = runCases(checked.rules, table.cases, Date.now())
  process.stdout.write(flags.json ? casesJson(result) : forPeople(casesText(result, flags.verbose)))
  return result.results.every(({ passed }) => passed) ? 'ok' : 'failed'
}

const invalid = (file: string, faults: readonly string[], next: string): Failure =>
  new Failure('unreachable', `${file} is invalid:`, { details: faults, next })
