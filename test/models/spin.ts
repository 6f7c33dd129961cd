/** Runs Spin: verifies a model, and prints the steps of its random simulations. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A change of one place of a model. Spin must report an error with it. */
export type Mutant = { readonly name: string; readonly from: string; readonly to: string; readonly settings?: readonly string[] }
export type Verified = {
  readonly errors: number
  readonly states: number
  readonly depth: number
  readonly seconds: number
  readonly megabytes: number
  readonly found: string
}

/** The longest path that Spin follows. A search that reaches it has not covered everything, and fails. */
const MAX_DEPTH = 1_000_000
const MAX_SECONDS = 1200
/** A search that needs more memory ends as a fault, before the machine has none left. */
const MAX_MEGABYTES = 8192

export const modelText = (model: string): string => readFileSync(fileURLToPath(new URL(`./${model}.pml`, import.meta.url)), 'utf8')

/** The model with the mutant's change. Its place must occur exactly once. */
export function mutated(model: string, { name, from, to }: Mutant): string {
  const text = modelText(model)
  if (text.split(from).length !== 2) throw new Error(`${model}.pml must have the place of the mutant "${name}" exactly once`)
  return text.replace(from, () => to)
}

function inScratch<T>(text: string, work: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'stint-model-'))
  try {
    writeFileSync(join(directory, 'model.pml'), text)
    return work(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Searches all states of the model. `ltl`: the formula to check, under weak fairness; absent: assertions and invalid end states. */
export function verify(text: string, settings: readonly string[] = [], ltl?: string): Verified {
  return inScratch(text, (cwd) => {
    const started = Date.now()
    execFileSync('spin', [...settings.map((one) => `-D${one}`), '-a', 'model.pml'], { cwd, stdio: 'pipe' })
    const kind = ltl === undefined ? ['-DSAFETY', '-DNOCLAIM'] : ['-DNFAIR=3']
    execFileSync('cc', ['-O1', '-w', `-DMEMLIM=${MAX_MEGABYTES}`, ...kind, '-o', 'pan', 'pan.c'], { cwd, stdio: 'pipe' })
    const search = ltl === undefined ? [] : ['-a', '-f', '-N', ltl]
    const { stdout, status } = spawnSync('./pan', [`-m${MAX_DEPTH}`, '-w22', ...search], {
      cwd,
      encoding: 'utf8',
      timeout: MAX_SECONDS * 1000,
    })
    const count = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1] ?? Number.NaN)
    const errors = count(/errors: (\d+)/)
    if (status !== 0 || Number.isNaN(errors) || stdout.includes('max search depth too small'))
      throw new Error(`the search did not end:\n${stdout}`)
    return {
      errors,
      states: count(/(\d+) states, stored/),
      depth: count(/depth reached (\d+)/),
      seconds: (Date.now() - started) / 1000,
      megabytes: count(/([\d.]+)\s+total actual memory usage/),
      found: /pan:1: (.*)/.exec(stdout)?.[1] ?? '',
    }
  })
}

const MAX_STEPS = 3000

/** What the model prints in one random simulation for each seed. */
export function simulations(text: string, seeds: readonly number[], settings: readonly string[] = []): readonly (readonly string[])[] {
  return inScratch(text, (cwd) =>
    seeds.map((seed) =>
      execFileSync('spin', ['-T', `-n${seed}`, `-u${MAX_STEPS}`, ...settings.map((one) => `-D${one}`), 'model.pml'], {
        cwd,
        encoding: 'utf8',
      })
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => /^(STEP|STATE|ANSWER) /.test(line)),
    ),
  )
}
