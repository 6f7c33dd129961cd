/** Browser sessions stay ended, whatever arrives late. */
import { expect, test } from 'vitest'
import { tableOverSdk } from './over-sdk.ts'
import { sender } from './sender.ts'
import { ledgerInProcess, must, NOW } from './testing/ledger.ts'
import { webSessions } from './web-sessions.ts'

const key = { who: 'w'.repeat(64), id: 'i'.repeat(43) }
const sessionsInProcess = () => {
  const { table, settings } = ledgerInProcess()
  return { table, sessions: webSessions(settings, sender({ ...settings, calls: tableOverSdk(table.client) })) }
}
const session = { sealed: 'sealed', startedAt: NOW, usedAt: NOW }

test.each<[string, (it: ReturnType<typeof sessionsInProcess>) => Promise<unknown>]>([
  ['sign-out', ({ sessions }) => must(sessions.endWebSession(key))],
  ['sign-out everywhere', ({ sessions }) => must(sessions.endWebSessions(key.who, NOW + 1, NOW + 86_400_000))],
])('the start of a session that arrives a second time after a %s starts nothing', async (_name, end) => {
  const it = sessionsInProcess()
  let late: (() => Promise<object> | object) | undefined
  it.table.through((_sent, apply) => {
    late ??= apply
    return apply()
  })
  await must(it.sessions.startWebSession(key, session, NOW + 3_600_000))
  expect(await must(it.sessions.webSession(key))).toEqual(session)
  await end(it)
  await Promise.resolve()
    .then(() => late?.())
    .catch(() => undefined)
  await must(it.sessions.touchWebSession(key, NOW + 2))
  expect(await must(it.sessions.webSession(key))).toBeUndefined()
  // Nothing of the token is left.
  expect(JSON.stringify(it.table.items())).not.toContain('"sealed"')
})

test('ending a session that never was leaves nothing', async () => {
  const it = sessionsInProcess()
  await must(it.sessions.endWebSession(key))
  expect(it.table.items()).toEqual([])
})
