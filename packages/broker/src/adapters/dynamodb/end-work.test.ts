/** Writes of an earlier run that arrive after those of a later one change nothing. */
import { type EndedSession, rowBeside, sessionOf } from '@stint/core/request/immediate-end'
import { expect, test } from 'vitest'
import { endNotes } from './end-notes.ts'
import { endWork } from './end-work.ts'
import { tableOverSdk } from './over-sdk.ts'
import { sender } from './sender.ts'
import { ledgerInProcess, NOW, REQUEST } from './testing/ledger.ts'

const ROLE = 'arn:aws:iam::444455556666:role/Deploy'
const session: EndedSession = { suffix: 'abcdefgh', request: REQUEST, issuedAt: NOW, until: NOW + 600_000, notedAt: NOW }
const work = () => endWork(ledgerInProcess().settings)

type State = EndedSession['state']
test.each<[first: State, then: State, stays: State]>([
  [undefined, 'written', 'written'],
  [undefined, 'full', 'full'],
  ['written', undefined, 'written'],
  ['written', 'full', 'written'],
  ['written', 'read-back', 'read-back'],
  ['full', 'written', 'written'],
  ['full', 'read-back', 'read-back'],
  ['read-back', undefined, 'read-back'],
  ['read-back', 'written', 'read-back'],
  ['read-back', 'full', 'read-back'],
])('%s, then %s: %s', async (first, then, stays) => {
  const { store, ended } = work()
  for (const state of [first, then]) await store(ROLE, [state === undefined ? session : { ...session, state }])
  expect((await ended(ROLE)).sessions.map(({ state }) => state)).toEqual([stays])
})

test('what is denied by its age is not let in again', async () => {
  const { write, ended } = work()
  for (const before of [NOW, NOW - 1000]) await write(ROLE, [], 0, { before, until: NOW + 600_000 })
  expect((await ended(ROLE)).earlier?.before).toBe(NOW)
})

test.each<[first: number | undefined, then: number | undefined, stays: number | undefined]>([
  [undefined, undefined, undefined],
  [undefined, NOW, NOW],
  [NOW, undefined, NOW],
  [NOW, NOW, NOW],
  [NOW - 1000, NOW, NOW],
  [NOW, NOW - 1000, NOW],
])('a request to deny what is older than %s, then than %s: %s', async (first, then, stays) => {
  const { settings } = ledgerInProcess()
  const { note } = endNotes(settings, sender({ ...settings, calls: tableOverSdk(settings.client) }))
  const { pending } = endWork(settings)
  const attempts: string[] = []
  for (const everyEarlier of [first, then]) {
    const end = { target: 'deploy', roleArn: ROLE, request: REQUEST, at: NOW }
    expect(await note(everyEarlier === undefined ? end : { ...end, everyEarlier, last: sessionOf(session) })).toEqual({
      outcome: 'done',
      value: true,
    })
    const [noted] = await pending(ROLE)
    attempts.push(noted?.attempt ?? '')
  }
  expect((await pending(ROLE)).map(({ everyEarlier }) => everyEarlier)).toEqual([stays])
  // So that a run that read the first one does not remove the second.
  expect(new Set(attempts).size).toBe(2)
})

const notesAndWork = () => {
  const { settings } = ledgerInProcess()
  return { ...endNotes(settings, sender({ ...settings, calls: tableOverSdk(settings.client) })), ...endWork(settings) }
}
const other = 'req_00000000000000000000000009' as typeof REQUEST

test('two sessions with the same suffix have rows of their own', async () => {
  const { store, stateOf, ended } = notesAndWork()
  const theirs: EndedSession = { ...session, request: other, until: NOW - 1 }
  await store(ROLE, [{ ...theirs, state: 'read-back' }])
  expect(await stateOf(ROLE, sessionOf(session))).toEqual({ outcome: 'done', value: undefined })
  await store(ROLE, [{ ...session, row: rowBeside(session), state: 'written' }])
  expect(await stateOf(ROLE, sessionOf(session))).toEqual({ outcome: 'done', value: 'written' })
  expect(await stateOf(ROLE, sessionOf(theirs))).toEqual({ outcome: 'done', value: 'read-back' })
  expect((await ended(ROLE)).sessions.map(({ suffix, request }) => [suffix, request])).toEqual([
    [session.suffix, other],
    [session.suffix, REQUEST],
  ])
})

test('a session whose row is beside another one is found once that has left', async () => {
  const { store, stateOf } = notesAndWork()
  await store(ROLE, [{ ...session, row: rowBeside(session), state: 'read-back' }])
  expect(await stateOf(ROLE, sessionOf(session))).toEqual({ outcome: 'done', value: 'read-back' })
})

test('a role is named with the target of its newest end, and with the time of its oldest', async () => {
  const { note, pendingRoles } = notesAndWork()
  for (const [target, request, at] of [
    ['deploy', REQUEST, NOW],
    ['old', other, NOW - 1000],
  ] as const)
    await note({ target, roleArn: ROLE, request, at })
  expect(await pendingRoles()).toEqual({ outcome: 'done', value: [{ target: 'deploy', roleArn: ROLE, at: NOW - 1000 }] })
})
