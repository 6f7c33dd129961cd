/** `GET /profiles` in pages: all profiles once, in order. The size of a page: packages/broker/src/http/paging.test.ts. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { cliUser } from '../support/cli-user.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
let token: string
beforeAll(async () => {
  sandbox = await testSandbox({ config: fileURLToPath(new URL('../support/many-profiles.config.ts', import.meta.url)) })
  token = await sandbox.token('developer')
})
afterAll(() => sandbox.close())

async function pages(query: string) {
  const all: { ids: string[]; link: string | null }[] = []
  for (let next: string | undefined = ''; next !== undefined && all.length < 400; ) {
    const page: Awaited<ReturnType<TestSandbox['get']>> = await sandbox.get(`/profiles?${query}${next && `&cursor=${next}`}`, token)
    expect(page.status).toBe(200)
    all.push({ ids: page.json.profiles.map(({ id }: { id: string }) => id), link: page.headers.get('link') })
    next = page.json.next
  }
  return all
}
const visible = () => sandbox.rules.profiles.ids.filter((id) => id.startsWith('many-'))

test.each([
  ['limit=100', 100],
  ['limit=7', 7],
  ['limit=60', 60],
])('%s: each profile once, in the order of IDs', async (query, most) => {
  const all = await pages(query)
  const ids = all.flatMap((page) => page.ids)
  expect(ids).toEqual([...new Set(ids)].sort())
  expect(ids.filter((id) => /^many-/.test(id))).toEqual(visible())
  for (const page of all) expect(page.ids.length).toBeLessThanOrEqual(most)
  for (const page of all.slice(0, -1)) expect(page.link).toMatch(/^<\/profiles\?limit=\d+&cursor=[\w-]+>; rel="next"$/)
  expect(all.at(-1)?.link).toBeNull()
})

test('a list reads the profiles that an earlier one has read no more', async () => {
  const ids = await pages('limit=100')
  const find = vi.spyOn(sandbox.rules.profiles, 'find')
  expect(await pages('limit=100')).toEqual(ids)
  expect(find).not.toHaveBeenCalled()
  find.mockRestore()
})

test.each(['limit=0', 'limit=101', 'limit=x', 'cursor=', 'cursor=%00', 'cursor=Li4v', 'other=1', 'limit=1&limit=2'])(
  'refuses %s',
  async (query) => expect((await sandbox.get(`/profiles?${query}`, token)).json).toMatchObject({ status: 400, code: 'body-invalid' }),
)

test('the command line follows the pages', async () => {
  const user = cliUser(sandbox, 'developer')
  const ran = await user.run(['profiles', '--json', '--url', sandbox.urls.broker], { STINT_TOKEN: token })
  expect([ran.code, ran.stderr]).toEqual([0, ''])
  const ids = (JSON.parse(ran.stdout) as { profiles: { id: string }[] }).profiles.map(({ id }) => id)
  expect(ids.filter((id) => /^many-/.test(id))).toEqual(visible())
})
