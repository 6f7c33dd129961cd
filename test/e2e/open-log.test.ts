/** A verifier that shares no code with Stint (docs/examples/verify-log) reads a real log and its receipts, and notices changes. */
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect } from 'vitest'
import { copyBuckets, type Ran } from '../support/cli.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { hasTool, testWith } from '../support/tools.ts'

const SOURCE = fileURLToPath(new URL('../../docs/examples/verify-log/main.go', import.meta.url))
const BUILD_MS = 300_000
const withGo = testWith('go')
let sandbox: TestSandbox
let base: string
let log: string
let receipt: string

beforeAll(async () => {
  if (!hasTool('go')) return
  base = mkdtempSync(join(tmpdir(), 'stint-open-log-'))
  log = join(base, 'log')
  await promisify(execFile)('go', ['build', '-o', join(base, 'verify-log'), SOURCE], { cwd: base })
  sandbox = await testSandbox()
  const developer = await sandbox.token('developer')
  // More than one bundle, the last one incomplete: three events for each session.
  for (let sessions = 0; sessions < 90; sessions += 10)
    await Promise.all(Array.from({ length: 10 }, () => sandbox.vend(developer, { profile: 'staging-power' })))
  const { id } = (await sandbox.vend(developer, { profile: 'logs-read', parameters: { bucket: 'acme-orders-logs' } })).json
  await sandbox.ship()
  copyBuckets(sandbox.aws.world, ['stint-log', 'stint-events'], log)
  receipt = (await sandbox.get(`/sessions/${id}/receipt`, developer)).text
}, BUILD_MS)
afterAll(async () => {
  await sandbox?.close()
  if (base !== undefined) rmSync(base, { recursive: true })
})

const verifier = (...args: string[]): Promise<Ran> =>
  promisify(execFile)(join(base, 'verify-log'), args).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  )
/** A copy of the log in which one file is changed. */
function changed(path: string, change: (bytes: Buffer) => Uint8Array): string {
  const copy = mkdtempSync(join(base, 'changed-'))
  cpSync(log, copy, { recursive: true })
  const [name = ''] = readdirSync(copy, { recursive: true, encoding: 'utf8' }).filter((one) => one.endsWith(path))
  writeFileSync(join(copy, name), change(readFileSync(join(copy, name))))
  return copy
}
const flip = (at: number) => (bytes: Buffer) => bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))

withGo('the example verifies a log of several bundles', async () => {
  expect(await verifier('-vkey', sandbox.logVkey, log)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^verified: 2\d\d entries of sandbox-\w{8}\/log, 2\d\d events, 0 erased\n$/),
  })
})
withGo('the example verifies a log without events, and an erased event', async () => {
  const erased = changed('events/000', (bytes) => Buffer.from(String(bytes).replace(/^.*\n/, '{"erased":true}\n')))
  expect((await verifier('-vkey', sandbox.logVkey, erased)).stdout).toMatch(/ 1 erased\n$/)
  rmSync(join(erased, 'events'), { recursive: true })
  expect((await verifier('-vkey', sandbox.logVkey, erased)).stdout).toMatch(/, 0 events, 0 erased\n$/)
})
withGo('the example notices each change', async () => {
  const key = sandbox.logVkey
  const notices = async (dir: string, words: RegExp) =>
    expect(await verifier('-vkey', key, dir)).toMatchObject({ code: 1, stderr: expect.stringMatching(words) })
  await notices(
    changed('checkpoint', (bytes) => Buffer.from(String(bytes).replace(/^(.*\n)(\d+)/, (_all, origin, size) => `${origin}${size - 1}`))),
    /signature of the checkpoint is wrong/,
  )
  await notices(changed('entries/000', flip(40)), /not verified/)
  await notices(changed('events/000', flip(60)), /not the event that the entry commits to|events of bundle/)
  await notices(
    changed('events/000', (bytes) => Buffer.from(String(bytes).replace(/\n.*\n$/, '\n'))),
    /event of entry \d+ is missing/,
  )
  const other = `${key.slice(0, key.indexOf('+'))}x${key.slice(key.indexOf('+'))}`
  expect((await verifier('-vkey', other, log)).stderr).toMatch(/vkey is malformed/)
})
/** The text may have any character there already. */
const anotherCharacter = (_found: string, before: string, character: string) => `${before}${character === 'A' ? 'B' : 'A'}`
withGo('the example verifies a receipt, and refuses a changed one', async () => {
  const file = join(base, 'a.tlog-proof')
  writeFileSync(file, receipt)
  expect(await verifier('-vkey', sandbox.logVkey, '-receipt', file)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^verified: entry \d+ of \d+ in sandbox-\w{8}\/log\n\{.*"type":"session\.issued"/),
  })
  for (const changed of [
    receipt.replace(/^index (\d)/m, 'index 1$1'),
    receipt.replace(/^(extra .{40})(.)/m, anotherCharacter),
    receipt.replace(/^(index \d+\n.{5})(.)/m, anotherCharacter),
    receipt.replace(/(log\n\d)/, '$10'),
  ]) {
    writeFileSync(file, changed)
    expect([changed, (await verifier('-vkey', sandbox.logVkey, '-receipt', file)).code]).toEqual([changed, 1])
  }
})
