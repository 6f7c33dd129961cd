import { expect, test } from 'vitest'
import { digestFields, sha256Hex, toCrockford } from './digest.ts'

test('SHA-256 of the empty string (FIPS 180-4)', () => {
  expect(sha256Hex('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
})

test('Crockford takes five bits at a time, most significant first', () => {
  expect(toCrockford(Uint8Array.of(0b00000_000, 0b01_00010_0, 0b0011_0010), 4)).toBe('0123')
  expect(toCrockford(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff), 8)).toBe('zzzzzzzz')
})

test('fields and domains do not run into one another', () => {
  const all = [
    digestFields('d', ['ab', 'c']),
    digestFields('d', ['a', 'bc']),
    digestFields('d', ['abc']),
    digestFields('d', ['abc', '']),
    digestFields('da', ['b', 'c']),
  ]
  expect(new Set(all).size).toBe(all.length)
  expect(all.every((digest) => /^[0-9a-hjkmnp-tv-z]{26}$/.test(digest))).toBe(true)
})
