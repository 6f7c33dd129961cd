/** A config with two cells, as it is built and run: each broker has its own profiles and log, and the hash of the whole config. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { config, profile } from '@stint/core/testing/fixtures'
import { portsFrom } from '@stint/sandbox/ports'
import { loadRules } from '@stint/sandbox/sandbox'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const BUILD = fileURLToPath(new URL('../../packages/broker/build/build.ts', import.meta.url))
const cells = {
  emea: { account: '210987654321', log: { origin: 'log.acme.example/emea' } },
  apac: { account: '109876543210', log: { origin: 'log.acme.example/apac' } },
}
const { targets, ...rest } = config({ berlin: profile({ cell: 'emea' }), tokyo: profile({ target: 'tokyo', cell: 'apac' }) })
const tokyo = { ...targets.prod, account: '444455556666', roleArn: 'arn:aws:iam::444455556666:role/stint/Tokyo' }

let folder: string
let file: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stint-cells-'))
  file = join(folder, 'stint.config.ts')
  writeFileSync(file, `export default ${JSON.stringify({ ...rest, targets: { ...targets, tokyo }, cells })}\n`)
})
afterAll(() => rmSync(folder, { recursive: true }))

const build = (...args: string[]) =>
  promisify(execFile)(process.execPath, [BUILD, '--config', file, '--out', join(folder, 'out'), ...args]).then(
    () => '',
    ({ stderr }: { stderr: string }) => stderr,
  )
const read = (name: string) => JSON.parse(readFileSync(join(folder, 'out', name), 'utf8'))

describe('npm run build', () => {
  test.each([
    ['emea', 'berlin', '111122223333', '444455556666'],
    ['apac', 'tokyo', '444455556666', '111122223333'],
  ] as const)('--cell %s builds the broker of that cell', { timeout: 60_000 }, async (cell, id, own, other) => {
    expect(await build('--cell', cell)).toBe('')
    const [packed, manifest] = [read('vend/config.json'), read('manifest.json')]
    expect([Object.keys(packed.profiles), packed.log, packed.cells]).toEqual([[id], cells[cell].log, undefined])
    expect([manifest.origin, manifest.config]).toEqual([cells[cell].log.origin, packed.hash])
    expect(String(manifest.assume)).toContain(own)
    expect(String(manifest.assume)).not.toContain(other)
  })
  test.each([
    ['no cell', [], /^The config has several cells, and each has its own broker\. Pass --cell ID\. Use one of: emea, apac\.\n$/],
    ['an unknown cell', ['--cell', 'mars'], /^Unknown cell 'mars'\./],
  ])('refuses %s', async (_name, args, words) => expect(await build(...args)).toMatch(words))
})

describe('npm start', () => {
  test('runs the broker of one cell', async () => {
    const rules = await loadRules(file, portsFrom(20_000), {}, undefined, 'apac')
    expect([rules.profiles.ids, rules.log?.origin]).toEqual([['tokyo'], 'log.acme.example/apac'])
  })
  test('refuses to run several at once', () => expect(loadRules(file, portsFrom(20_000))).rejects.toThrow('Pass --cell ID'))
})
