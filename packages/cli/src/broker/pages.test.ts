/** Lists are read to their end, or to the wanted number of items. */
import { expect, test } from 'vitest'
import type { Broker } from './broker.ts'
import { pages } from './pages.ts'

/** Answers with pages of two; the cursor is where the next one begins. */
function brokerOf(items: readonly number[], endless = false) {
  const paths: string[] = []
  const broker = {
    url: 'https://stint.example',
    call: async (_method: string, path: string) => {
      paths.push(path)
      const from = Number(new URLSearchParams(path.split('?')[1]).get('cursor') ?? 0)
      const more = endless || from + 2 < items.length
      return { body: { items: items.slice(from, from + 2), ...(more ? { next: String(from + 2) } : {}) } }
    },
  } as unknown as Broker
  return { broker, paths }
}

test('reads every page', async () => {
  const { broker, paths } = brokerOf([1, 2, 3, 4, 5])
  expect(await pages(broker, '/profiles', {}, 'items')).toEqual([1, 2, 3, 4, 5])
  expect(paths).toEqual(['/profiles?limit=100', '/profiles?limit=100&cursor=2', '/profiles?limit=100&cursor=4'])
})
test('stops at the wanted number', async () => {
  const { broker, paths } = brokerOf([1, 2, 3, 4, 5])
  expect(await pages(broker, '/requests', { mine: 'true' }, 'items', 3)).toEqual([1, 2, 3])
  expect(paths).toEqual(['/requests?mine=true&limit=3', '/requests?mine=true&limit=3&cursor=2'])
})
test.each([
  ['without a wanted number', []],
  ['with one', [3]],
])('refuses a list without an end, %s', async (_name, limit: number[]) => {
  const { broker, paths } = brokerOf([], true)
  await expect(pages(broker, '/profiles', {}, 'items', ...limit)).rejects.toMatchObject({
    exit: 'unreachable',
    message: 'https://stint.example does not end the list /profiles: 1000 pages were read.',
  })
  expect(paths).toHaveLength(1000)
})
