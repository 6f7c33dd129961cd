/** What is mutated, which tests must notice, and the score below which `npm run mutate` fails. */
import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export type Area = {
  readonly name: string
  /** Paths relative to the repository. */
  readonly sources: readonly string[]
  readonly tests: readonly string[]
  /** In percent. */
  readonly limit: number
}

const CORE = 'packages/core/src/**/*.test.ts'
const CONFIG = [
  'packages/core/src/config/**/*.test.ts',
  'packages/core/src/request/machine.test.ts',
  'packages/core/src/scope/terms.test.ts',
]
const IAM = 'packages/iam/src/**/*.test.ts'
const VEND = 'packages/broker/src/vend/**/*.test.ts'

/** Tests that start no sandbox and no process. The tests of core reach nearly all of iam and config and are too slow to run for each change. */
export const areas: readonly Area[] = [
  // Parsers, IDs, digests and times, which everything else uses.
  area('base', 'packages/core/src', 95, [CORE], '*.ts'),
  area('access', 'packages/core/src/access', 95, [CORE]),
  area('identity', 'packages/core/src/identity', 95, [CORE]),
  area('request', 'packages/core/src/request', 95, [CORE]),
  area('audit', 'packages/core/src/audit', 95, [CORE, 'test/faults/story-rules.test.ts']),
  area('vend', 'packages/broker/src/vend', 95, [VEND]),
  area('scope', 'packages/core/src/scope', 90, [CORE]),
  area('config', 'packages/core/src/config', 90, CONFIG),
  area('iam', 'packages/iam/src', 90, [IAM]),
]

function area(name: string, folder: string, limit: number, tests: readonly string[], files = '**/*.ts'): Area {
  const sources = globSync(`${folder}/${files}`, { cwd: ROOT }).filter((path) => !path.endsWith('.test.ts') && !path.includes('/testing/'))
  return { name, sources: sources.sort(), tests: globSync([...tests], { cwd: ROOT }).sort(), limit }
}
