/** Clocks and tokens, on both sides of each limit. */
import { describe, expect, test } from 'vitest'
import { judgeClock, judgeToken, type TokenFacts } from './judge-caller.ts'

const NOW = Date.parse('2026-11-27T12:00:00Z')
const date = (ms: number) => new Date(NOW + ms).toUTCString()

describe('the clock', () => {
  test.each<[string, string | undefined, string, string]>([
    ['is the same', date(0), 'ok', 'agrees'],
    ['differs by less than half a minute', date(29_000), 'ok', 'agrees'],
    ['is half a minute behind', date(31_000), 'warning', 'is 30s behind the broker’s'],
    ['is a minute ahead', date(-60_000), 'warning', 'is 59s ahead of the broker’s'],
    ['is 5 minutes behind', date(301_000), 'warning', 'behind'],
    ['is more than 5 minutes behind', date(302_000), 'failed', 'is 5m1s behind'],
    ['is more than 5 minutes ahead', date(-302_000), 'failed', 'is 5m1s ahead'],
    ['has nothing to compare with', undefined, 'skipped', 'no Date header'],
    ['has nonsense to compare with', 'soon', 'skipped', 'no Date header'],
  ])('%s', (_name, header, state, says) => {
    expect(judgeClock(header, NOW, NOW + 1000)).toMatchObject({ state, says: expect.stringContaining(says) })
  })
  test('is not blamed for a slow response', () => {
    expect(judgeClock(date(45_000), NOW, NOW + 60_000)).toMatchObject({ state: 'ok' })
  })
})

describe('a token', () => {
  const seconds = NOW / 1000
  const facts = (claims: object, more: Partial<TokenFacts> = {}): TokenFacts => ({
    claims: claims as Record<string, unknown>,
    from: 'STINT_TOKEN',
    renews: false,
    url: 'https://stint.example',
    ...more,
  })
  test.each<[string, TokenFacts, string, string, string | undefined]>([
    ['that is valid', facts({ exp: seconds + 3600 }), 'ok', 'valid for 1h', undefined],
    ['that expires in 5 minutes', facts({ exp: seconds + 300 }), 'ok', 'valid for 5m', undefined],
    ['that expires sooner', facts({ exp: seconds + 299 }), 'warning', 'expires in 4m59s', 'Get a new token for STINT_TOKEN.'],
    ['that expires sooner and renews', facts({ exp: seconds + 10 }, { renews: true }), 'ok', 'then renewed', undefined],
    ['that has expired', facts({ exp: seconds - 60 }), 'failed', 'expired 1m ago', 'Get a new token for STINT_TOKEN.'],
    ['of a sign-in that has expired', facts({ exp: seconds }, { renews: true }), 'failed', 'expired', 'stint login https://stint.example'],
    [
      'that is not valid yet',
      facts({ exp: seconds + 3600, nbf: seconds + 120 }),
      'failed',
      'valid only in 2m',
      'Check the clock of this machine.',
    ],
    ['without an expiry', facts({}), 'failed', 'is not a JWT with an expiry', 'Get a new token for STINT_TOKEN.'],
  ])('%s', (_name, given, state, says, fix) => {
    expect(judgeToken(given, NOW)).toEqual({
      check: 'token',
      state,
      says: expect.stringContaining(says),
      ...(fix === undefined ? {} : { fix }),
    })
  })
})
