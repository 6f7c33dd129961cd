import { expect, test } from 'vitest'
import { Trouble } from '../ports/log.ts'
import type { Pass, Walk } from '../ports/progress.ts'
import { runKeeper } from './keeper.ts'
import { memoryProgress } from './testing/progress.ts'

const NOW = Date.parse('2026-11-24T12:00:00Z')
const PASS: Pass = { name: 'hour', family: 'requests', ageMs: 1 }
const ids = (count: number, from = 0) => Array.from({ length: count }, (_, at) => `req_${String(from + at).padStart(26, '0')}`)
const nothing: Walk = async () => true
/** Pages of a pass, each in one look. */
const walkOf =
  (...pages: readonly (readonly string[])[]): Walk =>
  async (_pass, { look }) => {
    for (const page of pages) await look(page)
    return true
  }
const unfinished = (some: readonly string[]) => new Map(some.map((id) => [id, 'not yet']))

test('none of more kept items than one run can try is tried always, and none never', async () => {
  const progress = memoryProgress()
  const all = ids(2500)
  for (const id of all) await progress.keep(id, 'not yet', NOW)
  const run = async () => {
    const tried: string[] = []
    const ran = await runKeeper({ progress, walk: nothing, now: NOW, mayGoOn: () => true }, [PASS], async (some) => {
      tried.push(...some)
      return unfinished(some)
    })
    return [tried.length, tried[0], ran.finished]
  }
  expect(await run()).toEqual([2000, all[0], false])
  expect(await run()).toEqual([500, all[2000], false])
  expect(await run()).toEqual([2000, all[0], false])
  expect(progress.keptItems.size).toBe(2500)
})

test('a run that tries all kept items saves no place among them', async () => {
  const progress = memoryProgress()
  for (const id of ids(3)) await progress.keep(id, 'not yet', NOW)
  const ran = await runKeeper({ progress, walk: nothing, now: NOW, mayGoOn: () => true }, [PASS], async () => new Map())
  expect([ran, progress.keptItems.size, progress.places.size]).toEqual([{ looked: 3, kept: 0, finished: true }, 0, 0])
})

test('trouble with a kept item keeps no pass from its work, and is reported', async () => {
  const progress = memoryProgress()
  await progress.keep('req_bad', 'not yet', NOW)
  const looked: string[] = []
  const run = runKeeper({ progress, walk: walkOf(ids(2)), now: NOW, mayGoOn: () => true }, [PASS], async (some, pass) => {
    if (!pass) throw new Trouble('no answer')
    looked.push(...some)
    return new Map()
  })
  await expect(run).rejects.toThrow('no answer')
  expect([looked, [...progress.keptItems.keys()]]).toEqual([ids(2), ['req_bad']])
})

test('items that are kept already count to the number that stops a run', async () => {
  const progress = memoryProgress()
  for (const id of ids(900)) await progress.keep(id, 'not yet', NOW)
  const run = (some: readonly string[]) =>
    runKeeper({ progress, walk: walkOf(some), now: NOW, mayGoOn: () => true }, [PASS], async (all) => unfinished(all))
  expect(await run(ids(100, 5000))).toMatchObject({ kept: 1000 })
  await expect(run(ids(1, 6000))).rejects.toThrow('more than 1000 items cannot be finished')
  expect(progress.keptItems.size).toBe(1000)
})
