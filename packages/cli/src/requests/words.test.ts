/** A request on a terminal: whoever decides on it reads all of what the requester said. */
import { expect, test } from 'vitest'
import type { RequestView } from '../broker/views.ts'
import { requestText } from './words.ts'

const NOW = Date.UTC(2026, 10, 24, 3)
const view = (change: Partial<RequestView>): RequestView => ({
  id: 'req_01ARYZ6S410000000000000000',
  state: 'pending',
  caller: { issuer: 'people', subject: `sha256:${'0'.repeat(64)}`, name: 'Dana', kind: 'human' },
  identity: 'people.dana',
  profile: 'lab',
  target: 'lab-one',
  roleArn: 'arn:aws:iam::111122223333:role/stint/Lab',
  breakGlass: false,
  createdAt: '2026-11-24T03:00:00.000Z',
  terms: {},
  approval: [],
  approvals: [],
  limits: {},
  review: 'none',
  sessions: [],
  live: [],
  may: [],
  ...change,
})

test.each<[string, Partial<RequestView>, string]>([
  ['a justification of 2,000 characters', { justification: `${'x'.repeat(1999)}y` }, `${'x'.repeat(1999)}y\n`],
  [
    'another of 2,000 characters, and when it was added',
    { moreJustifications: [{ at: '2026-11-24T02:59:00.000Z', text: `${'x'.repeat(1999)}y` }] },
    `${'x'.repeat(1999)}y (1m ago)\n`,
  ],
  ['a subject of 2,048 characters that is stored as its digest', { fullSubject: 'é'.repeat(2048) }, `${'é'.repeat(2048)}\n`],
])('%s is shown whole', (_what, change, expected) => expect(requestText(view(change), NOW)).toContain(expected))

test('what one approver limited is shown with their approval, and the shortest duration as that of the request', () => {
  const approver = (name: string) => ({ issuer: 'people', subject: name, name, kind: 'human' })
  const text = requestText(
    view({
      limits: { duration: 3600 },
      approvals: [
        {
          approver: approver('bo'),
          at: '2026-11-24T02:58:00Z',
          channel: 'web',
          limits: { duration: 900, uses: 1, window: 7200 },
          comment: 'ok',
        },
        { approver: approver('cy'), at: '2026-11-24T02:59:00Z', channel: 'api', limits: {} },
      ],
    }),
    NOW,
  )
  expect(text).toMatch(/^At most +15m$/m)
  expect(text).toMatch(/web \(at most 15m, 1 session, started within 2h\): ok$/m)
  expect(text).toMatch(/, api$/m)
})
