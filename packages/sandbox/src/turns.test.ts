import { expect, test } from 'vitest'
import { turns } from './turns.ts'

/** Work that ends when the test says so. */
function staged() {
  const started: number[] = []
  const ends: (() => void)[] = []
  const work = (name: number) => () =>
    new Promise<number>((resolve, reject) => {
      started.push(name)
      ends[name] = () => (name === 13 ? reject(new Error('13')) : resolve(name))
    })
  return { started, end: (name: number) => ends[name]?.(), work }
}
const settled = () => new Promise((resolve) => setImmediate(resolve))

test('two run, three wait in their order, and the next is turned away', async () => {
  const { started, end, work } = staged()
  const run = turns(2, 3)
  const all = [0, 1, 2, 3, 4, 5].map((name) => run(work(name)))
  expect([started, await all[5]]).toEqual([[0, 1], 'full'])
  for (const name of [1, 0, 2, 3, 4]) {
    end(name)
    await settled()
  }
  expect([started, await Promise.all(all.slice(0, 5))]).toEqual([
    [0, 1, 2, 3, 4],
    [0, 1, 2, 3, 4],
  ])
})

test('work that fails gives up its place', async () => {
  const { started, end, work } = staged()
  const run = turns(1, 1)
  const failing = run(work(13))
  const next = run(work(1))
  end(13)
  await expect(failing).rejects.toThrow('13')
  await settled()
  expect(started).toEqual([13, 1])
  end(1)
  expect(await next).toBe(1)
  const last = run(work(2))
  end(2)
  expect(await last).toBe(2)
})
