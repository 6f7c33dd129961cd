/** What is kept of a refusal, and what is logged if the ledger does not take it. */
import { done, refused, type Unknown } from '@stint/core/outcome'
import { caller } from '@stint/core/testing/fixtures'
import { expect, test } from 'vitest'
import type { Call } from '../ports/ledger.ts'
import { recordRefusal } from './record-refusal.ts'

const call = { trace: 'f'.repeat(32) } as Call
const silent: Unknown = { outcome: 'unknown', cause: 'lost' }

test.each<[string, object, ReturnType<typeof done> | Unknown, string, readonly object[]]>([
  ['the detail', {}, done(undefined), 'no such profile', []],
  ['what the operator is told, before the detail', { operator: 'op' }, done(undefined), 'op', []],
  ['the detail, in the log', {}, silent, 'no such profile', [{ event: 'refusal-not-recorded', trace: call.trace, cause: 'lost' }]],
])('%s', async (_name, more, answer, reason, logged) => {
  const written: unknown[] = []
  const lines: object[] = []
  const ledger = {
    refuse: async (refusal: unknown) => {
      written.push(refusal)
      return answer
    },
  }
  const recorder = { ledger, log: (line: object) => lines.push(line) } as unknown as Parameters<typeof recordRefusal>[0]
  await recordRefusal(recorder, call, caller(), 'reader', refused('profile-unknown', 'no such profile', more))
  expect(written).toEqual([{ call, caller: caller(), profile: 'reader', code: 'profile-unknown', reason }])
  expect(lines).toEqual(logged)
})
