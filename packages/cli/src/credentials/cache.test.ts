import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Unwritable } from '../frame/private-file.ts'
import { isText, type Kept, keptOr } from './cache.ts'

const home = mkdtempSync(join(tmpdir(), 'stint-cache-'))
const fresh: Kept<string> = { url: 'https://stint.example', renewAtMs: Date.parse('2100-01-01'), value: 'fresh' }
const unwritable = new Unwritable('unreachable', 'the tokens cannot be written.')

const run = async (entry: string | undefined, get: () => Kept<string>) => {
  const seen = { calls: 0, warnings: [] as string[] }
  const value = await keptOr<string>({
    env: { HOME: home },
    entry,
    waitMs: 0,
    is: isText,
    get: async () => {
      seen.calls += 1
      return get()
    },
    warn: (line) => void seen.warnings.push(line),
  }).catch((error: unknown) => error)
  return { value, ...seen }
}
const fails = (): never => {
  throw unwritable
}

test('gets once, and returns what is kept the second time', async () => {
  const entry = join(home, 'credentials', 'a.json')
  expect(await run(entry, () => fresh)).toEqual({ value: 'fresh', calls: 1, warnings: [] })
  expect(await run(entry, fails)).toEqual({ value: 'fresh', calls: 0, warnings: [] })
})
test('gets without a cache where no file can be written', async () => {
  const { value, calls, warnings } = await run('/proc/nope/credentials/a.json', () => fresh)
  expect([value, calls, warnings]).toEqual(['fresh', 1, [expect.stringMatching(/^The credentials are not cached: /)]])
})
test.each([
  ['with a cache', join(home, 'credentials', 'b.json')],
  ['without a cache', undefined],
  ['where no file can be written', '/proc/nope/credentials/b.json'],
])('never gets twice if getting itself cannot write, since that can spend a refresh token: %s', async (_where, entry) => {
  const { value, calls } = await run(entry, fails)
  expect([value, calls]).toEqual([unwritable, 1])
})
