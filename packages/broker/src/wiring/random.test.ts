/** Random bytes in blocks: each byte of the source is given out once, in order, and never kept. */
import { expect, test } from 'vitest'
import { randomInBlocks } from './random.ts'

/** A source that counts, so that a byte given out twice shows. */
function counting() {
  const blocks: Uint8Array[] = []
  let next = 0
  const random = randomInBlocks((block) => {
    for (let at = 0; at < block.length; at++) block[at] = next++ % 251
    blocks.push(block)
  })
  return { random, blocks }
}

test('gives out what the source gave, each byte once', () => {
  const { random } = counting()
  const given = Array.from({ length: 200 }, () => [...random(5)]).flat()
  expect(given).toEqual(Array.from({ length: 1000 }, (_, at) => at % 251))
})
test('starts a new block rather than give fewer bytes', () => {
  const { random, blocks } = counting()
  random(1000)
  expect(random(32)).toHaveLength(32)
  expect(blocks).toHaveLength(2)
})
test('keeps nothing that it gave out, and what it gave out stays', () => {
  const { random, blocks } = counting()
  const first = random(32)
  const copy = [...first]
  expect([...(blocks[0] as Uint8Array).slice(0, 32)]).toEqual(Array(32).fill(0))
  random(1024)
  expect([...first]).toEqual(copy)
})
test.each([0, 1, 32, 1024])('%d bytes', (count) => expect(randomInBlocks()(count)).toHaveLength(count))
test('more than a block is a bug', () => expect(() => randomInBlocks()(1025)).toThrow(RangeError))
test('the bytes of the system differ', () => {
  const random = randomInBlocks()
  expect(new Set(Array.from({ length: 1000 }, () => Buffer.from(random(16)).toString('hex'))).size).toBe(1000)
})
