import { describe, expect, test } from 'vitest'
import type { RequestId } from '../ids.ts'
import { NOW } from '../testing/fixtures.ts'
import { journalEntry } from './event.ts'
import { eventTypes, readEvent } from './schema.ts'

const hash = 'f'.repeat(64)
const { event: text } = journalEntry(
  {
    type: 'request.refusals-capped',
    request: `req_${'0'.repeat(26)}` as RequestId,
    at: NOW,
    caller: { issuer: 'people', subject: 'dana', name: 'Dana', kind: 'human' },
    cap: 20,
  },
  { random: (count) => new Uint8Array(count), configHash: hash },
)

test('what is written can be read', () => expect(readEvent(text)).toMatchObject({ type: 'request.refusals-capped', cap: 20 }))

describe('what is no event says why', () => {
  test.each([
    ['not JSON', 'hello'],
    ['not an object', '[]'],
    ['of a version that is not known', text.replace('"v":2', '"v":3')],
    ['of a version that is not known', text.replace('"v":2', '"v":0')],
    ['of a version that is not known', text.replace('"v":2', '"v":"2"')],
    ['of a type that is not known', text.replace('refusals-capped', 'granted')],
    ['of a type that is not known', text.replace('request.refusals-capped', 'toString')],
    ['without cap', text.replace('"cap":20,', '')],
    ['with a member that it cannot have', text.replace('"v":2', '"v":2,"x":1')],
    ['with a cap that is none', text.replace('"cap":20', '"cap":-1')],
    ['with a at that is none', text.replace('.000Z', 'Z')],
    ['with a config that is none', text.replace(hash, 'F'.repeat(64))],
    ['with a caller that is none', text.replace('"kind":"human",', '')],
    ['not in canonical form', text.replace('"cap":20', '"cap":2e1')],
    ['not in canonical form', text.replace('"cap":20', '"cap":20,"cap":20')],
    ['not in canonical form', `${text} `],
  ])('%s', (fault, broken) => expect(readEvent(broken)).toBe(fault))
})

test('every type says something', () => {
  for (const [type, { says }] of Object.entries(eventTypes)) expect(says, type).toMatch(/\.$/)
})
