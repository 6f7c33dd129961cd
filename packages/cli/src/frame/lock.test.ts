import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Failure } from './failure.ts'
import { underLock } from './lock.ts'

const path = () => join(mkdtempSync(join(tmpdir(), 'stint-lock-')), 'lock')
const limits = { waitMs: 200, staleMs: 60_000 }
const plant = (file: string, pid: number) => writeFileSync(file, `${pid} 0123456789abcdef\n`, { mode: 0o600 })

test('runs one after the other', async () => {
  const file = path()
  let inside = 0
  const most: number[] = []
  const work = async () => {
    most.push(++inside)
    await new Promise((resolve) => setTimeout(resolve, 5))
    inside--
  }
  await Promise.all(Array.from({ length: 8 }, () => underLock(file, { waitMs: 30_000, staleMs: 60_000 }, work)))
  expect([most.length, Math.max(...most), existsSync(file)]).toEqual([8, 1, false])
})
test('is free again when the work fails', async () => {
  const file = path()
  await expect(underLock(file, limits, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await underLock(file, limits, async () => 'done')).toBe('done')
})
test('takes the lock of a process that died', async () => {
  const file = path()
  plant(file, spawnSync('true').pid)
  expect(await underLock(file, limits, async () => readFileSync(file, 'utf8').startsWith(`${process.pid} `))).toBe(true)
})
test('waits for a process that lives, and then says which file it is', async () => {
  const file = path()
  plant(file, process.ppid)
  const failure = await underLock(file, limits, async () => 'done').catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(Failure)
  expect((failure as Failure).message).toContain(file)
})
test('takes a lock that is too old, whoever holds it, and does not remove that of its successor', async () => {
  const file = path()
  plant(file, process.ppid)
  utimesSync(file, new Date(0), new Date(0))
  await underLock(file, limits, async () => plant(file, process.ppid))
  expect(existsSync(file)).toBe(true)
})
