import { expect, test } from 'vitest'
import { type Ended, endedText } from './ended.ts'

const NOW = Date.UTC(2026, 10, 24, 3)
const until = '2026-11-24T03:30:00.000Z'
const full =
  'The policy of its role is full, so its credentials work until they expire. To deny them now, together with all credentials that the role issued before, a responder can run: stint end S --every-earlier-session end'

test.each<[Partial<Ended>, readonly string[]]>([
  [{}, ['Ended S.']],
  [{ credentialsExpireBy: until }, ['Ended S.', 'Its last credentials work for 30m, until 2026-11-24T03:30:00.000Z.']],
  [{ credentialsExpireBy: '2026-11-24T03:00:00.000Z' }, ['Ended S.']],
  [
    { credentialsExpireBy: until, immediateEnd: 'requested', identityProofUntil: until },
    [
      'Ended S.',
      'Stint is adding the session to the policy that denies its credentials. To see whether it is done, repeat the command.',
      'EKS, Vault and others can accept its identity until 2026-11-24T03:30:00.000Z.',
    ],
  ],
  [
    { credentialsExpireBy: until, immediateEnd: 'read-back' },
    ['Ended S.', 'AWS has the policy that denies its credentials. They usually stop working within seconds, but it can take minutes.'],
  ],
  [{ credentialsExpireBy: until, immediateEnd: 'full' }, ['Ended S.', full]],
  [{ state: 'expired' }, ['S has expired, so there is nothing to end.']],
  [{ state: 'failed' }, ['S failed, so there is nothing to end.']],
])('%j', (change, lines) => {
  expect(endedText({ id: 'S', state: 'ended', ...change }, NOW)).toBe(`${lines.join('\n')}\n`)
})
