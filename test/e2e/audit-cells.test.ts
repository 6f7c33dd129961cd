/** `stint audit verify` on the logs of two cells in one run: each is verified under its own name, key and stored checkpoint. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { localSigner } from '@stint/broker/adapters/signer'
import { ship } from '@stint/broker/log/ship'
import { formatVkey } from '@stint/tlog/note'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { stint } from '../support/cli.ts'
import { journalOf, type MemoryLog, newMemoryLog, shipperOf, systemJournal } from '../support/memory-log.ts'

/** The log of a cell, as its own shipper writes it. `signedWith`: the key of another log. */
function cell(origin: string, signedWith?: MemoryLog) {
  const memory = newMemoryLog()
  const signer = localSigner(origin, (signedWith ?? memory).privateKey)
  const shipJournals = (...numbers: number[]) => ship({ ...shipperOf(memory), signer }, [systemJournal(), ...numbers.map(journalOf)])
  /** What `stint audit copy` writes. */
  const copyTo = (folder: string) => {
    rmSync(folder, { recursive: true, force: true })
    for (const [path, bytes] of [...memory.log.objects, ...memory.events.objects]) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), bytes)
    }
  }
  return { memory, origin, vkey: formatVkey(signer.key), shipJournals, copyTo }
}
type Cell = ReturnType<typeof cell>

let base: string
let [emea, apac, forged, posing]: Cell[] = []
const folder = (name: string) => join(base, name)
let env: Record<string, string>
let state = 0

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'stint-audit-cells-'))
  emea = cell('log.acme.example/emea')
  apac = cell('log.acme.example/apac')
  forged = cell('log.acme.example/apac', emea.memory)
  posing = cell('log.acme.example/latam', emea.memory)
  for (const [index, one] of [emea, apac, forged, posing].entries()) await one.shipJournals(index, 10 + index)
})
beforeEach(() => {
  emea?.copyTo(folder('emea'))
  apac?.copyTo(folder('apac'))
  env = { XDG_STATE_HOME: folder(`state-${state++}`) }
})
afterAll(() => rmSync(base, { recursive: true }))

const keys = (...cells: readonly (Cell | undefined)[]) => cells.flatMap((one) => ['--vkey', one?.vkey ?? ''])
const verify = (names: readonly string[], ...args: string[]) =>
  stint(['audit', 'verify', ...names.flatMap((name) => ['--from', folder(name)]), ...args], env)

test('verifies each log with its own key, and reports it under its origin', async () => {
  const { code, stdout } = await verify(['emea', 'apac'], ...keys(emea, apac))
  expect(stdout).toMatch(/emea:\nlog\.acme\.example\/emea\n.*Nothing is missing.*apac:\nlog\.acme\.example\/apac\n.*Nothing is missing/s)
  expect([code, stdout.split('\n').at(-2)]).toEqual([0, '2 of 2 logs verified without faults.'])
})

test('as JSON: one object, with a report for each log', async () => {
  const { code, stdout } = await verify(['emea', 'apac'], '--json', ...keys(emea, apac))
  expect([code, JSON.parse(stdout)]).toMatchObject([
    0,
    {
      logs: [
        { from: folder('emea'), origin: 'log.acme.example/emea', vkey: emea?.vkey, faultCount: 0, root: expect.any(String) },
        { from: folder('apac'), origin: 'log.acme.example/apac', vkey: apac?.vkey, faultCount: 0, root: expect.any(String) },
      ],
    },
  ])
})

test('each log must continue what was verified of it, and its key is remembered', async () => {
  await verify(['emea', 'apac'], ...keys(emea, apac))
  const again = await verify(['apac', 'emea'], '--json')
  expect([again.code, JSON.parse(again.stdout).logs]).toMatchObject([
    0,
    [
      { origin: 'log.acme.example/apac', since: expect.any(Number), keyUntrusted: false },
      { origin: 'log.acme.example/emea', since: expect.any(Number), keyUntrusted: false },
    ],
  ])
  // The checkpoint is found by origin, so it also holds for a run with one log.
  forged?.copyTo(folder('apac'))
  const alone = await verify(['apac'])
  expect([alone.code, alone.stdout]).toEqual([1, expect.stringMatching(/checkpoint: /)])
})

describe('refuses', () => {
  const forge = (one: () => Cell | undefined, to: string) => () => one()?.copyTo(folder(to))
  test.each<[string, () => void, () => (Cell | undefined)[], RegExp]>([
    [
      'a log signed with the key of another cell',
      forge(() => forged, 'apac'),
      () => [emea, apac],
      /apac:\n1 fault:\n {2}checkpoint: (not signed by the log|the signature is invalid)/,
    ],
    [
      'a log of none of the keys',
      forge(() => posing, 'apac'),
      () => [emea, apac],
      /apac:\n1 fault:\n {2}checkpoint: from another log than the key/,
    ],
    [
      'one key for two logs',
      forge(() => posing, 'apac'),
      () => [emea, posing],
      /checkpoint: signed with the key of another log, log\.acme\.example\/emea/,
    ],
    [
      'one log in place of two',
      forge(() => emea, 'apac'),
      () => [emea, apac],
      /checkpoint: the same log as another one of this run: both are log\.acme\.example\/emea/,
    ],
  ])('%s, and verifies the other', async (_name, change, given, words) => {
    change()
    const { code, stdout } = await verify(['emea', 'apac'], ...keys(...given()))
    expect(stdout).toMatch(words)
    expect([code, stdout.split('\n').at(-2)]).toEqual([1, '1 of 2 logs verified without faults.'])
  })

  test('one log in place of another, where it was verified before', async () => {
    await verify(['emea', 'apac'], ...keys(emea, apac))
    cpSync(folder('emea'), folder('swap'), { recursive: true })
    apac?.copyTo(folder('emea'))
    cpSync(folder('swap'), folder('apac'), { recursive: true, force: true })
    const { code, stdout } = await verify(['emea', 'apac'], ...keys(emea, apac))
    expect([code, stdout]).toEqual([1, expect.stringContaining('another log: log.acme.example/emea was verified here before')])
  })

  test.each([
    ['a table, which belongs to one log', ['--table', 'stint', '--region', 'eu-central-1'], /--table belongs to one log/],
    ['a file about one log', ['--remember', 'x'], /--remember is a file about one log/],
    ['an invalid key', ['--vkey', 'x'], /not a valid vkey/],
  ])('%s', async (_name, args, words) => {
    const { code, stderr } = await verify(['emea', 'apac'], ...args)
    expect([code, stderr]).toEqual([2, expect.stringMatching(words)])
  })
})

test('a log that is unreachable does not hide the others: 5, or 1 if one of them was tampered with', async () => {
  const nowhere = ['--from', 'http://127.0.0.1:1/audit/log', ...keys(emea, apac)]
  const one = await verify(['emea'], ...nowhere)
  expect([one.code, one.stdout]).toEqual([5, expect.stringMatching(/Nothing is missing.*\/audit\/log:\nNot verified\. .*1 of 2 logs/s)])
  forged?.copyTo(folder('apac'))
  const worse = await verify(['apac'], '--json', ...nowhere)
  expect([worse.code, JSON.parse(worse.stdout).logs[1]]).toMatchObject([1, { from: 'http://127.0.0.1:1/audit/log', error: { exit: 5 } }])
})
