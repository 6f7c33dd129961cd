/**
 * Runs tests against instrumented code. Every task imports its own copy of the test files and of the code below them, so that neither
 * what a module computes when it is loaded nor what it remembers passes from one mutant to the next.
 */
import { readFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'
import fc from 'fast-check'
import { ROOT } from './areas.ts'
import { collect } from './vitest.ts'

export type Task =
  | { readonly kind: 'cover'; readonly test: string }
  | { readonly kind: 'try'; readonly mutant: string; readonly tests: readonly ToRun[] }
/** A test file, and how often the mutant can be met while it is loaded and in each of its tests. A test without a limit is not run. */
export type ToRun = { readonly test: string; readonly atLoad: number; readonly limits: readonly (number | undefined)[] }
export type Covered = {
  readonly test: string
  readonly milliseconds: number
  readonly failed: readonly string[]
  /** How often each mutant is met: while the file is loaded, and in each test. */
  readonly loading: Readonly<Record<string, number>>
  readonly running: readonly Readonly<Record<string, number>>[]
}
export type Tried = { readonly killedBy?: string }

type Coverage = { static: Record<string, number>; perTest: Record<string, Record<string, number>> }
const stryker: {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  hitCount?: number | undefined
  hitLimit?: number
  mutantCoverage?: Coverage
} = {}
Object.assign(globalThis, { __stryker__: stryker })

// The same random cases in each run.
fc.configureGlobal({ seed: 1 })

const code = workerData.code as Readonly<Record<string, string>>
const standIn = new URL('./vitest.ts', import.meta.url).href
const sourceOf = new Map<string, string>()
registerHooks({
  resolve(specifier, context, next) {
    if (specifier === 'vitest' && isCopied(context.parentURL ?? '')) return { url: standIn, shortCircuit: true }
    const found = next(specifier, context)
    const copy = new URL(context.parentURL ?? 'file:///').search
    return copy !== '' && isCopied(found.url) ? { ...found, url: found.url + copy } : found
  },
  load(url, context, next) {
    const { search } = new URL(url)
    if (search === '' || !isCopied(url)) return next(url, context)
    const path = fileURLToPath(url).slice(ROOT.length)
    const source = code[path] ?? sourceOf.get(path) ?? stripTypeScriptTypes(readFileSync(ROOT + path, 'utf8'))
    sourceOf.set(path, source)
    return { format: 'module', source, shortCircuit: true }
  },
})

const root = pathToFileURL(ROOT).href
const isCopied = (url: string): boolean =>
  url.startsWith(root) && /\.ts(\?|$)/.test(url) && !url.includes('/node_modules/') && !url.includes('/test/mutation/')

let copies = 0
const load = (test: string, copy: number) => collect(() => import(`${root}${test}?copy=${copy}`))

async function cover(test: string): Promise<Covered> {
  const started = performance.now()
  stryker.activeMutant = undefined
  const coverage: Coverage = { static: {}, perTest: {} }
  stryker.mutantCoverage = coverage
  const { before, tests } = await load(test, ++copies)
  for (const body of before) await body()
  const failed: string[] = []
  for (const [at, { name, body }] of tests.entries()) {
    stryker.currentTestId = String(at)
    try {
      await body()
    } catch (error) {
      failed.push(`${test}: ${name}: ${error instanceof Error ? error.message : error}`)
    }
    stryker.currentTestId = undefined
  }
  const running = tests.map((_, at) => coverage.perTest[at] ?? {})
  return { test, milliseconds: performance.now() - started, failed, loading: coverage.static, running }
}

async function attempt({ mutant, tests }: Task & { kind: 'try' }): Promise<Tried> {
  stryker.activeMutant = mutant
  const copy = ++copies
  for (const { test: path, atLoad, limits } of tests) {
    try {
      allow(atLoad)
      const file = await load(path, copy)
      for (const body of file.before) await body()
      for (const [at, { name, body }] of file.tests.entries()) {
        const limit = limits[at]
        if (limit === undefined) continue
        try {
          allow(limit)
          await body()
        } catch {
          return { killedBy: `${path}: ${name}` }
        }
      }
    } catch {
      return { killedBy: `${path}: while it is loaded` }
    }
  }
  return {}
}

/** Ends what loops for ever: a mutant that is met more often throws. */
function allow(hits: number): void {
  stryker.hitCount = 0
  stryker.hitLimit = hits
}

parentPort?.on('message', async (task: Task) =>
  parentPort?.postMessage(task.kind === 'cover' ? await cover(task.test) : await attempt(task)),
)
