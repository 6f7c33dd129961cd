/** Which receipts a caller can read. A receipt holds the whole event, including the address and the token hash of the person who acted. */
import { caller, rules } from '@stint/core/testing/fixtures'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { journaled } from '../adapters/dynamodb/journal-item.ts'
import { approvedRequest, intent, ledgerInProcess, must, NOW, REQUEST, sessionOf } from '../adapters/dynamodb/testing/ledger.ts'
import { foundIn } from '../log/search.ts'
import { auditRoutes } from './audit.ts'

/** What a path returns for the owner of a session that someone else ended before it was issued. */
async function afterAnothersEnd(path: string): Promise<{ readonly status: number; readonly text: string }> {
  const ledger = ledgerInProcess()
  await approvedRequest(ledger)
  await must(ledger.ledger.reserve(intent({ named: true })) as never)
  const by = { issuer: 'people', subject: 'pat', name: 'Pat', kind: 'human' } as const
  const origin = { source: '198.51.100.77', token: 'e'.repeat(64) }
  const end = { endedBy: 'approver', by, channel: 'api', origin } as never
  await must(ledger.ledger.endSession(sessionOf(REQUEST), end, NOW + 1000) as never)
  const journal = journaled(ledger.table.item('stint', `REQ#${REQUEST}`) as never) as NonNullable<ReturnType<typeof journaled>>
  const found = journal.events.map((_, seq) => foundIn(journal, seq) as Exclude<ReturnType<typeof foundIn>, 'erased' | undefined>)
  const trail = {
    session: async (id: string) => found.filter(({ event }) => event.session === id).toReversed(),
    event: async (_request: string, seq: number) => found[seq],
    receipt: async (_request: string, seq: number) => ({ outcome: 'done', receipt: JSON.stringify(found[seq]?.event) }),
  }
  const app = new Hono<{ Variables: { now: number; trace: string; route: object } }>()
  app.use(async (c, next) => {
    c.set('now', NOW)
    c.set('trace', 'trace')
    c.set('route', {})
    await next()
  })
  const withCaller = (_c: unknown, then: (who: object) => Promise<Response>) => then(caller())
  auditRoutes(app as never, { trail, rules: rules() } as never, { withCaller, isAuditor: () => false } as never)
  const response = await app.fetch(new Request(`https://stint.example${path}`), { authorization: [], sourceIp: '203.0.113.1' })
  return { status: response.status, text: await response.text() }
}

test('the receipt of a session is never of an event that another caller made', async () => {
  const { status, text } = await afterAnothersEnd(`/sessions/${sessionOf(REQUEST)}/receipt`)
  expect([status, JSON.parse(text).type]).toEqual([200, 'session.reserved'])
  expect(text).not.toContain('198.51.100.77')
})

test('the event itself is shown without the address and the token of the other', async () => {
  const { status, text } = await afterAnothersEnd(`/audit/events/${REQUEST}/5`)
  expect([status, JSON.parse(text).type ?? JSON.parse(text).event?.type]).toEqual([200, 'session.ended'])
  expect(text).not.toContain('198.51.100.77')
  expect(text).not.toContain('e'.repeat(64))
})
