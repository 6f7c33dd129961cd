/** `stint lint`: reads flags, prints findings, and sets the exit code. */
import { readFile } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { getBytes } from '@stint/broker/adapters/https'
import { loadConfig } from '@stint/broker/build/config-file'
import type { Context } from '../context.ts'
import type { Exit } from '../frame/exit.ts'
import { Failure } from '../frame/failure.ts'
import { pairs, type TalkFlags } from '../frame/flags.ts'
import { forPeople } from '../output.ts'
import type { Finding } from './catalogue.ts'
import { lastingAccessOf, lint } from './lint.ts'
import { lintOnline } from './online.ts'
import { place, reportJson, reportText } from './report.ts'
import { readSource } from './source.ts'

type LintFlags = TalkFlags & {
  readonly config: string
  readonly binding?: readonly string[]
  readonly online: boolean
  readonly strict: boolean
}

export async function lintCommand({ process }: Context, flags: LintFlags): Promise<Exit> {
  const file = resolve(flags.config)
  const shown = relative(process.cwd(), file) || file
  const source = await readFile(file, 'utf8').catch(() => undefined)
  if (source === undefined)
    throw new Failure('unreachable', `${shown} is unreadable.`, { next: 'Check the path: stint lint --config FILE' })
  const checked = await loadConfig(file, pairs(flags.binding))
  const findings: Finding[] = checked.ok
    ? [...lint(checked.rules, Date.now()), ...(flags.online ? await lintOnline(checked.rules, getBytes) : [])]
    : checked.faults.map(({ path, fault }) => ({ rule: 'config', path, what: fault }))
  const placed = place(findings, sourceOf(source))
  const text = flags.json
    ? reportJson(shown, placed.findings, placed.ignored, checked.ok ? lastingAccessOf(checked.rules) : {})
    : forPeople(reportText(shown, placed.findings, placed.ignored))
  process.stdout.write(text)
  const grave = placed.findings.some(({ severity }) => severity === 'error' || (flags.strict && severity === 'warning'))
  return grave ? 'failed' : 'ok'
}

/** If the file cannot be parsed here, the config check reports the fault better. */
function sourceOf(text: string) {
  try {
    return readSource(text)
  } catch {
    return { locate: () => undefined, ignores: [] }
  }
}
