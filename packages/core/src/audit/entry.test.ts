/** Entries of the log: only the canonical form is one. More of it is in `receipt.test.ts`. */
import { describe, expect, test } from 'vitest'
import { entryText, parseEntry } from './entry.ts'

const [commit, prev] = ['c'.repeat(64), 'a'.repeat(64)]
const first = { v: 1, request: 'req_1', seq: 0, type: 'request.created', commit } as const
const later = { ...first, seq: 1, type: 'request.ended', prev } as const
const parsed = (entry: object) => parseEntry(Buffer.from(entryText(entry as never)))

test('the first entry of a journal has no predecessor, and every later one has', () => {
  expect([parsed(first), parsed(later)]).toEqual([first, later])
})

describe('an entry is refused', () => {
  test.each<[string, object]>([
    ['first, with a predecessor', { ...first, prev }],
    ['first, with another property', { ...first, x: prev }],
    ['later, without a predecessor', { ...first, seq: 1 }],
    ['later, with another property instead', { ...first, seq: 1, x: prev }],
    ['before the first', { ...later, seq: -1 }],
    ['at a position that is not whole', { ...later, seq: 1.5 }],
    ['at a position that is a string', { ...later, seq: '1' }],
    ['with a commitment that is too long', { ...first, commit: `${commit}c` }],
    ['with more before the commitment', { ...first, commit: `x${commit}` }],
    ['with more behind the commitment', { ...first, commit: `${commit}x` }],
    ['with a list for a commitment', { ...first, commit: [commit] }],
    ['with a predecessor that is too short', { ...later, prev: prev.slice(1) }],
    ['with a request that is not a name', { ...first, request: 'req 1' }],
    ['with more before the request', { ...first, request: '/req_1' }],
    ['with more behind the request', { ...first, request: 'req_1/' }],
    ['with a list for a request', { ...first, request: ['req_1'] }],
    ['without a request', { ...first, request: '' }],
    ['with a type that is not a name', { ...first, type: 'request created' }],
    ['of another version', { ...first, v: 2 }],
  ])('%s', (_name, entry) => expect(parsed(entry)).toBeUndefined())
})
