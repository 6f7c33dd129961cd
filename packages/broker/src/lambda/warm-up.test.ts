/** Which keys are fetched in advance, and when. */
import type { Issuer } from '@stint/core/config/shape'
import { expect, test } from 'vitest'
import { warmUp } from './warm-up.ts'

/** The issuers whose keys are fetched in init, and at the start of each of four calls. */
function fetched(count: number): readonly (readonly string[])[] {
  const issuers = Object.fromEntries(Array.from({ length: count }, (_, at) => [`i${at}`, { url: `i${at}` } as Issuer]))
  let names: string[] = []
  const taken = () => {
    const all = names
    names = []
    return all
  }
  const atCall = warmUp({
    rules: { issuers } as never,
    keys: { prefetch: ({ url }: Issuer) => void names.push(url) } as never,
  })
  const inInit = taken()
  const calls = [1, 2, 3, 4].map(() => {
    atCall()
    return taken()
  })
  return [inInit, ...calls]
}

test.each([
  [1, [['i0'], [], [], [], []]],
  [3, [['i0', 'i1', 'i2'], [], [], [], []]],
  [4, [['i0'], [], ['i1'], ['i2'], ['i3']]],
  [100, [['i0'], [], ['i1'], ['i2'], ['i3']]],
])('%i issuers', (count, expected) => expect(fetched(count)).toEqual(expected))
