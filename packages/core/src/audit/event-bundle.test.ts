/** The event store: what is written is read back, and nothing else is. */
import { describe, expect, test } from 'vitest'
import { MAX_EVENT_BYTES } from './event.ts'
import { encodeEvents, eventLine, eventsPath, type HeldEvent, MAX_EVENTS_BYTES, parseEvents } from './event-bundle.ts'

const salt = Buffer.alloc(32, 7)
const SALT = salt.toString('base64')
const held: HeldEvent = { event: '{"type":"request.ended"}', salt }
const line = `{"event":"{\\"type\\":\\"request.ended\\"}","salt":"${SALT}"}`

test('a bundle is stored where its entries are', () => {
  expect([eventsPath(0), eventsPath(7), eventsPath(1234)]).toEqual(['events/000', 'events/007', 'events/x001/234'])
})

test('an event is one JSON line, and an erased one says only that it was', () => {
  expect([eventLine(held), eventLine('erased')]).toEqual([line, '{"erased":true}'])
  expect(encodeEvents([held, 'erased']).toString()).toBe(`${line}\n{"erased":true}\n`)
})

test('the largest bundle is within the maximum', () => {
  const largest = encodeEvents(Array(256).fill({ event: '"'.repeat(MAX_EVENT_BYTES), salt }))
  expect(largest.length).toBeLessThanOrEqual(MAX_EVENTS_BYTES)
  expect(MAX_EVENTS_BYTES).toBeLessThan(1.2 * largest.length)
})

describe('a bundle is read back', () => {
  test.each<[string, readonly HeldEvent[]]>([
    ['without events', []],
    ['with one', [held]],
    ['with several, in their order', [held, 'erased', { event: 'é\n"', salt: Buffer.alloc(1) }]],
  ])('%s', (_name, events) => expect(parseEvents(encodeEvents(events))).toEqual(events))

  test('from a part of a larger buffer', () => {
    const bytes = encodeEvents([held])
    const larger = Buffer.concat([Buffer.from('x'), bytes, Buffer.from('x')])
    expect(parseEvents(larger.subarray(1, -1))).toEqual([held])
  })
})

describe('a bundle is refused', () => {
  test.each<[string, string]>([
    ['without the last line feed', line],
    ['with an empty line', `${line}\n\n`],
    ['with an empty line alone', '\n'],
    ['with a line that is not JSON', 'x\n'],
    ['with null', 'null\n'],
    ['with white space', `${line.replace(':', ': ')}\n`],
    ['with another order', `{"salt":"${SALT}","event":"x"}\n`],
    ['with a property more', `{"event":"x","salt":"${SALT}","x":1}\n`],
    ['with an event that is not a string', `{"event":7,"salt":"${SALT}"}\n`],
    ['without an event', `{"salt":"${SALT}"}\n`],
    ['without a salt', '{"event":"x"}\n'],
    ['with a salt that is not a string', '{"event":"x","salt":7}\n'],
    ['with a salt that is not base64', '{"event":"x","salt":"*"}\n'],
    ['with an erasure that is not true', '{"erased":1}\n'],
    ['with an erasure and an event', `{"erased":true,"event":"x","salt":"${SALT}"}\n`],
    ['with an invalid line after a valid one', `${line}\nx\n`],
  ])('%s', (_name, text) => expect(parseEvents(Buffer.from(text))).toBeUndefined())
})
