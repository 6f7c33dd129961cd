/** For which roles Stint ends sessions at once, and by which role. */
import { describe, expect, test } from 'vitest'
import { endsAtOnce, revokerOf, roleName } from './revoker.ts'
import type { Target } from './shape.ts'

const roleArn = 'arn:aws:iam::111122223333:role/stint/Admin'

test('the revoker is a role beside that of the target, under its path', () => {
  expect(revokerOf(roleArn)).toBe('arn:aws:iam::111122223333:role/stint/Admin-revoker')
  expect([roleName(roleArn), roleName(revokerOf(roleArn))]).toEqual(['Admin', 'Admin-revoker'])
})

describe('sessions end at once', () => {
  const other = 'arn:aws:iam::111122223333:role/stint/Other'
  const targets = {
    opted: { roleArn, revocation: true },
    'opted-out': { roleArn },
  } as unknown as Record<string, Target>
  test.each<[string, { target: string; roleArn: string }, boolean]>([
    ['of a target that opts in', { target: 'opted', roleArn }, true],
    ['not of a target that does not', { target: 'opted-out', roleArn }, false],
    ['not of the role that the target had when they were issued', { target: 'opted', roleArn: other }, false],
    ['not of a target that was removed', { target: 'gone', roleArn }, false],
    ['not of a target whose name every object has', { target: 'constructor', roleArn }, false],
  ])('%s', (_of, session, expected) => expect(endsAtOnce({ targets }, session)).toBe(expected))
})
