/**
 * `npm run mutate [area …]`: changes the code in one place at a time, and reports the changes that no test notices. `--workers=2` uses two
 * cores. What an earlier run found for the same file and tests is not tried again, and neither are the mutants that are marked as
 * equivalent, which would take most of the time; `--all` tries everything. `--file=PATTERN` is for some files of an area, by a regular
 * expression of their path. It ends with a table, and with 1 if an area is below its limit.
 * `.verify/mutation/<area>.survived.json` has the survivors in the form of `equivalent.json`.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { type Area, areas, ROOT } from './areas.ts'
import { keyOf, readMarks } from './equivalent.ts'
import { type Instrumented, instrument, isMessage, type Mutant } from './mutants.ts'
import { newRunner, type Runner } from './pool.ts'
import type { Covered } from './worker.ts'

const RESULTS = `${ROOT}.verify/mutation`
const LEAST_MS = 10_000

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { workers: { type: 'string', default: '1' }, all: { type: 'boolean', default: false }, file: { type: 'string', default: '' } },
})
const unknown = positionals.filter((name) => !areas.some((area) => area.name === name))
if (unknown.length > 0) throw new Error(`Unknown area ${unknown.join(', ')}. Areas: ${areas.map(({ name }) => name).join(', ')}`)

/** By file: its digest, those of the tests that meet it, and what killed each mutant, in the order of the mutants; null if nothing did. */
type Results = Record<string, Result>
type Result = {
  readonly digest: string
  readonly tests: Readonly<Record<string, string>>
  readonly killedBy: readonly (string | null)[]
}

const marks = readMarks()
const header = ['area', 'mutants', 'killed', 'survived', 'equivalent', 'messages', 'score', 'limit', '']
const rows: (readonly string[])[] = [header]
mkdirSync(RESULTS, { recursive: true })
const chosen = new RegExp(flags.file)
for (const area of areas.filter(({ name }) => positionals.length === 0 || positionals.includes(name)))
  rows.push(await mutate({ ...area, sources: area.sources.filter((path) => chosen.test(path)) }))
const widths = header.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
console.log('\nTABLE')
for (const row of rows)
  console.log(
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
console.log('\nequivalent: marked in test/mutation/equivalent.json. messages: strings with spaces, left out by rule. Neither counts.')

async function mutate(area: Area): Promise<readonly string[]> {
  const started = performance.now()
  const instrumented = await instrument(area)
  const runners = Array.from({ length: Number(flags.workers) }, () => newRunner(instrumented.code))
  const covered: Covered[] = []
  const [first] = runners
  if (!first) throw new Error('--workers must be at least 1')
  for (const test of area.tests) covered.push(await first.cover(test))
  const failed = covered.flatMap(({ failed }) => failed)
  if (failed.length > 0) throw new Error(`Tests fail without a mutant:\n${failed.join('\n')}`)

  const mutants = instrumented.mutants.filter((mutant) => !isMessage(mutant))
  const killedBy = await tryAll(area, mutants, instrumented, covered, runners)
  for (const runner of runners) await runner.end()
  return report(area, mutants, killedBy, instrumented.mutants.length - mutants.length, (performance.now() - started) / 1000)
}

async function tryAll(
  area: Area,
  mutants: readonly Mutant[],
  { mutants: all }: Instrumented,
  covered: readonly Covered[],
  runners: readonly Runner[],
): Promise<ReadonlyMap<Mutant, string | null>> {
  const path = `${RESULTS}/${area.name}.json`
  const before = flags.all ? {} : read(path)
  const results: Results = {}
  const killedBy = new Map<Mutant, string | null>()
  for (const file of area.sources) {
    const ofFile = mutants.filter((mutant) => mutant.file === file)
    const ids = new Set(all.filter((mutant) => mutant.file === file).map(({ id }) => id))
    const tests = covered.filter(({ loading, running }) => [loading, ...running].some((met) => Object.keys(met).some((id) => ids.has(id))))
    const now = { digest: digestOf(file), tests: Object.fromEntries(tests.map(({ test }) => [test, digestOf(test)])) }
    const left = ofFile.entries()
    await Promise.all(
      runners.map(async (runner) => {
        for (const [at, mutant] of left) {
          const known = !flags.all && marks.has(keyOf(mutant)) ? null : knownOf(before[file], now, at)
          killedBy.set(mutant, known === undefined ? ((await tryOne(mutant, tests, runner)) ?? null) : known)
        }
      }),
    )
    results[file] = { ...now, killedBy: ofFile.map((mutant) => killedBy.get(mutant) ?? null) }
    writeFileSync(path, JSON.stringify({ ...before, ...results }))
  }
  return killedBy
}

/** What an earlier run found for a mutant, if it still holds: a change of one test does not bring back what another test killed. */
function knownOf(before: Result | undefined, now: Omit<Result, 'killedBy'>, at: number): string | null | undefined {
  if (before?.digest !== now.digest) return undefined
  const killedBy = before.killedBy[at] ?? null
  const killer = killedBy?.slice(0, killedBy.indexOf(': ')) ?? ''
  const isSame = JSON.stringify(before.tests) === JSON.stringify(now.tests)
  return isSame || (now.tests[killer] !== undefined && before.tests[killer] === now.tests[killer]) ? killedBy : undefined
}

/** Only the tests that meet the mutant, those next to its file first, and of these its own test, unless others are far faster. */
async function tryOne({ id, file }: Mutant, covered: readonly Covered[], runner: Runner): Promise<string | undefined> {
  const far = ({ test }: Covered) => (dirname(test) === dirname(file) ? 0 : 1)
  const cost = ({ test, milliseconds }: Covered) => milliseconds / (test === file.replace(/\.ts$/, '.test.ts') ? 10 : 1)
  const limitOf = (hits = 0) => 10 * hits + 1000
  let milliseconds = 0
  const tests = covered
    .toSorted((a, b) => far(a) - far(b) || cost(a) - cost(b))
    .flatMap(({ test, loading, running, milliseconds: took }) => {
      // What is computed while the file is loaded can change any of its tests.
      const limits = running.map((met) => (met[id] === undefined && loading[id] === undefined ? undefined : limitOf(met[id])))
      if (limits.every((limit) => limit === undefined)) return []
      milliseconds += took
      return [{ test, atLoad: limitOf(loading[id]), limits }]
    })
  if (tests.length === 0) return undefined
  return runner.attempt({ kind: 'try', mutant: id, tests }, LEAST_MS + 10 * milliseconds)
}

function report(
  { name, limit }: Area,
  mutants: readonly Mutant[],
  killedBy: ReadonlyMap<Mutant, string | null>,
  messages: number,
  seconds: number,
): readonly string[] {
  const alive = mutants.filter((mutant) => killedBy.get(mutant) === null)
  const equivalent = alive.filter((mutant) => marks.has(keyOf(mutant)))
  const survived = alive.filter((mutant) => !marks.has(keyOf(mutant)))
  const killed = mutants.length - alive.length
  const score = (100 * killed) / (killed + survived.length)
  for (const mutator of new Set(survived.map(({ mutator }) => mutator))) {
    const group = survived.filter((mutant) => mutant.mutator === mutator)
    console.log(`\n${name}: ${group.length} survived: ${mutator}`)
    for (const { file, lineNumber, original, replacement } of group)
      console.log(`  ${basename(file)}:${lineNumber}  ${original}  →  ${replacement}`)
  }
  const toMark = survived.map(({ file, line, original, replacement }) => ({ file, line, original, replacement }))
  writeFileSync(`${RESULTS}/${name}.survived.json`, JSON.stringify(toMark, undefined, 1))
  const stale = staleMarks(mutants, equivalent)
  for (const mark of stale) console.log(`${name}: equivalent.json marks a mutant that does not survive: ${mark}`)
  console.log(`${name}: ${Math.round(seconds)} s`)
  const ok = score >= limit && stale.length === 0
  if (!ok) process.exitCode = 1
  const counts = [mutants.length, killed, survived.length, equivalent.length, messages].map(String)
  return [name, ...counts, `${score.toFixed(1)} %`, `${limit} %`, ok ? '' : 'below its limit, or a mark too many']
}

function staleMarks(mutants: readonly Mutant[], equivalent: readonly Mutant[]): readonly string[] {
  const used = new Set(equivalent.map(keyOf))
  const files = new Set(mutants.map(({ file }) => file))
  return [...marks.keys()].filter((key) => files.has(JSON.parse(key)[0]) && !used.has(key))
}

/** Of a file and of the code that mutates it. */
function digestOf(path: string): string {
  const hash = createHash('sha256')
  for (const one of [path, ...['mutants.ts', 'worker.ts'].map((own) => `test/mutation/${own}`)]) hash.update(readFileSync(ROOT + one))
  return hash.digest('hex')
}

function read(path: string): Results {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return {}
  }
}
