/** No object of a log is read that is larger than it can be, wherever the log is. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { folderSource, urlSource } from './sources.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stint-source-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test.each([
  ['checkpoint', 64 * 1024],
  ['tile/0/000', 8192],
  ['tile/1/000.p/3', 96],
  ['tile/entries/000.p/1', 65_537],
  ['tile/entries/000', 256 * 65_537],
  ['events/000', 256 * (2048 + 256)],
])('%s has at most %i bytes', async (path, most) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  const answers = [new Response(Buffer.alloc(most)), new Response(Buffer.alloc(most + 1))]
  const remote = urlSource(
    'https://log.example/audit/log',
    undefined,
    async () => answers.shift() as Response,
    async () => {},
  )

  writeFileSync(join(folder, path), Buffer.alloc(most))
  expect((await folderSource(folder).get(path))?.length).toBe(most)
  expect((await remote.get(path))?.length).toBe(most)

  writeFileSync(join(folder, path), Buffer.alloc(most + 1))
  await expect(folderSource(folder).get(path)).rejects.toThrow(`${path}: the file has ${most + 1} bytes, more than the limit of ${most}`)
  await expect(remote.get(path)).rejects.toThrow(`the response is larger than ${most.toLocaleString('en-US')} bytes`)
})
