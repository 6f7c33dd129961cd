/** Which of a caller's approved requests a command uses: people must not be asked for what they have approved. */
import { expect, test } from 'vitest'
import type { Broker } from '../broker/broker.ts'
import type { ProfileView, RequestView } from '../broker/views.ts'
import type { Context } from '../context.ts'
import { vend } from './obtain.ts'

const approved = (id: string, change: Partial<RequestView> = {}) =>
  ({ id, profile: 'deploy', usesLeft: 1, terms: { parameters: { bucket: 'a' } }, ...change }) as RequestView

/** The request that is used. The broker has these pages. */
async function usedOf(pages: readonly (readonly RequestView[])[]): Promise<{ readonly used: unknown; readonly reads: number }> {
  let [used, reads]: [unknown, number] = ['nothing was sent', 0]
  const broker = {
    url: 'https://stint.example',
    call: async (method: string, path: string, { body = {} }: { body?: { requestId?: string } } = {}) => {
      if (method === 'POST') {
        used = body.requestId
        return { status: 201, headers: {}, body: {} }
      }
      reads++
      const page = Number(new URLSearchParams(path.split('?')[1]).get('cursor') ?? 0)
      return { status: 200, headers: {}, body: { requests: pages[page], ...(page + 1 < pages.length ? { next: String(page + 1) } : {}) } }
    },
  } as unknown as Broker
  const profile = { id: 'deploy', access: 'needs-approval' } as ProfileView
  await vend(
    {} as Context,
    broker,
    profile,
    { profile: 'deploy', parameters: { bucket: 'a' } },
    { quiet: true, command: 'stint exec deploy' },
    {},
  )
  return { used, reads }
}

test.each<[string, readonly (readonly RequestView[])[], string | undefined, number]>([
  ['the newest', [[approved('new'), approved('old')]], 'new', 1],
  ['one behind pages of newer requests', [[], [], [approved('old')]], 'old', 3],
  ['none that was narrowed', [[approved('narrow', { terms: { parameters: { bucket: 'a' }, narrow: [] } }), approved('whole')]], 'whole', 1],
  ['none without uses', [[approved('used', { usesLeft: 0 })]], undefined, 1],
  ['none of another profile', [[approved('other', { profile: 'admin' })]], undefined, 1],
  ['none with other parameters', [[approved('other', { terms: { parameters: { bucket: 'b' } } })]], undefined, 1],
  [
    'none that starts later',
    [[approved('later', { window: { startsAt: '2999-01-01T00:00:00Z', expiresAt: '2999-01-02T00:00:00Z' } })]],
    undefined,
    1,
  ],
])('uses %s', async (_what, pages, used, reads) => {
  expect(await usedOf(pages)).toEqual({ used, reads })
})
