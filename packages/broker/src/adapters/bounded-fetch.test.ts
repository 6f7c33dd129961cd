import { describe, expect, test } from 'vitest'
import { boundedFetch } from './bounded-fetch.ts'

const bodyOf = (...sizes: readonly number[]) =>
  new ReadableStream<Uint8Array>({
    pull(controller) {
      const size = pulls < sizes.length ? sizes[pulls] : undefined
      pulls++
      if (size === undefined) controller.close()
      else controller.enqueue(new Uint8Array(size))
    },
    cancel: () => void (cancelled = true),
  })
let pulls = 0
let cancelled = false
const asked = (answer: () => Promise<Response>, milliseconds = 1000) => {
  pulls = 0
  cancelled = false
  return boundedFetch(answer, 100, milliseconds)('https://service.example')
}

describe('a fetch with bounds', () => {
  test('returns status, headers and body', async () => {
    const answer = await asked(async () => new Response(bodyOf(60, 40), { status: 201, headers: { 'retry-after': '7' } }))
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([201, '7'])
    expect((await answer.arrayBuffer()).byteLength).toBe(100)
  })
  test('returns an answer without a body', async () => {
    expect((await asked(async () => new Response(null, { status: 204 }))).status).toBe(204)
  })
  test('fails at the first byte too many, and cancels the rest', async () => {
    await expect(asked(async () => new Response(bodyOf(60, 41, 1000, 1000, 1000)))).rejects.toThrow('longer than 100 bytes')
    expect(cancelled).toBe(true)
    // A stream reads one part ahead.
    expect(pulls).toBeLessThanOrEqual(3)
  })
  test.each<[string, () => Promise<Response>]>([
    ['an answer', () => new Promise(() => {})],
    ['the rest of a body', async () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) }))],
  ])('does not wait for %s for ever', async (_what, answer) => {
    await expect(asked(answer, 20)).rejects.toThrow('no answer within 20 ms')
  })
  test('passes on what made the fetch fail', async () => {
    await expect(asked(() => Promise.reject(new TypeError('fetch failed')))).rejects.toThrow('fetch failed')
  })
})
