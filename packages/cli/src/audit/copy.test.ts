/** Copies of logs that claim more than they have. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeBundle, encodeTile } from '@stint/tlog/tiles'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { copyLog } from './copy.ts'
import { folderSource, type LogSource } from './sources.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stint-copy-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const checkpoint = (size: number) =>
  Buffer.from(`log.example\n${size}\n${Buffer.alloc(32).toString('base64')}\n\n— log.example ${Buffer.alloc(68).toString('base64')}\n`)
const bundle = (width: number) => encodeBundle(Array.from({ length: width }, (_, at) => Buffer.from(String(at))))
const tile = (width: number) => encodeTile(Array.from({ length: width }, () => Buffer.alloc(32)))

/** A source that has these objects, and counts what it is asked for. */
function sourceOf(objects: Record<string, Uint8Array>): LogSource & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    hasEvents: false,
    asked,
    async get(path) {
      asked.push(path)
      return objects[path]
    },
  }
}

describe('a checkpoint that claims more entries than there are', () => {
  test.each([
    ['1,000,000,000, and nothing is there', 1_000_000_000, {}, 'tile/entries/x003/x906/249'],
    ['9,007,199,254,740,991', Number.MAX_SAFE_INTEGER, {}, 'tile/entries/x035/x184/x372/x088/831.p/255'],
    ['300, and 256 are there', 300, { 'tile/entries/000': bundle(256), 'tile/0/000': tile(256) }, 'tile/entries/001.p/44'],
    ['3, and the bundle has two', 3, { 'tile/entries/000.p/3': bundle(2), 'tile/0/000.p/3': tile(3) }, 'tile/entries/000.p/3'],
    [
      '600, and one in the middle is missing',
      600,
      {
        'tile/entries/000': bundle(256),
        'tile/entries/002.p/88': bundle(88),
        ...Object.fromEntries([0, 1].map((index) => [`tile/0/00${index}`, tile(256)])),
        'tile/0/002.p/88': tile(88),
        'tile/1/000.p/2': tile(2),
      },
      'tile/entries/001',
    ],
  ])('%s', async (_name, size, objects, path) => {
    const source = sourceOf({ checkpoint: checkpoint(size), ...objects })
    await expect(copyLog(source, folder)).rejects.toThrow(
      `The checkpoint claims ${size.toLocaleString('en-US')} entries, but ${path} is missing or incomplete. The copy was stopped; ask the operators of the log.`,
    )
    expect(source.asked.length).toBeLessThan(40)
    expect(await folderSource(folder).get('checkpoint')).toBeUndefined()
  })
})

test('a log of 100,000 entries is copied while few objects are held at once', async () => {
  let [open, most] = [0, 0]
  const size = 100_000
  const source: LogSource = {
    hasEvents: false,
    async get(path) {
      if (path === 'checkpoint') return checkpoint(size)
      most = Math.max(most, ++open)
      await new Promise((resolve) => setImmediate(resolve))
      open--
      const width = Number(/\.p\/(\d+)$/.exec(path)?.[1] ?? 256)
      return path.startsWith('tile/entries/') ? bundle(width) : tile(width)
    },
  }
  const progress: [number, number][] = []
  expect(await copyLog(source, folder, (done, all) => void progress.push([done, all]))).toEqual({
    size,
    fetched: 391 + 391 + 2 + 1,
    kept: 0,
  })
  expect(progress.at(-1)).toEqual([785, 785])
  expect(most).toBeLessThanOrEqual(16)
})
