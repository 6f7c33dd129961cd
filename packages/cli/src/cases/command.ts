/** `stint test`: runs a table of access tests against a config. */
import { resolve } from 'node:path'
import { importConfig, loadConfig } from '@stint/broker/build/config-file'
import { formatFaults } from '@stint/core/config/check'
import type { Context } from '../context.ts'
import { type Exit, exitCode } from '../frame/exit.ts'
import { pairs } from '../frame/flags.ts'
import { forPeople } from '../output.ts'
import { casesJson, casesText } from './report.ts'
import { runCases } from './run.ts'
import { checkTable } from './table.ts'

type TestFlags = { readonly config: string; readonly binding?: readonly string[]; readonly verbose: boolean; readonly json: boolean }

export async function testCommand(this: Context, flags: TestFlags, file: string): Promise<void> {
  const end = (exit: Exit, words: string) => {
    const stream = exit === 'ok' || exit === 'failed' ? this.process.stdout : this.process.stderr
    stream.write(flags.json && stream === this.process.stdout ? words : forPeople(words))
    this.process.exitCode = exitCode(exit)
  }
  const checked = await loadConfig(resolve(flags.config), pairs(flags.binding))
  if (!checked.ok) return end('unreachable', `stint: The config is invalid:\n${formatFaults(checked.faults)}\n`)
  const imported = await importConfig(resolve(file))
  if (!imported.ok) return end('unreachable', `stint: ${file}: ${imported.fault}\n`)
  const table = checkTable(imported.value, checked.rules)
  if (!table.ok) return end('unreachable', `stint: ${file} is invalid:\n${table.faults.join('\n')}\n`)
  const result = runCases(checked.rules, table.cases, Date.now())
  end(result.results.every(({ passed }) => passed) ? 'ok' : 'failed', flags.json ? casesJson(result) : casesText(result, flags.verbose))
}
