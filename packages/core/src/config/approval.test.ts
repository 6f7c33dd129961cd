/** The approval of a profile in the rules. `request/machine.test.ts` tests how those of profile and target are combined. */
import { expect, test } from 'vitest'
import { config, profile } from '../testing/fixtures.ts'
import { approvalOfProfile } from './approval.ts'
import { rulesOf } from './rules.ts'
import type { Approval } from './shape.ts'

const approval = (change: Partial<Approval>): Approval => ({
  rules: [{ by: [{ issuer: 'people', claims: { sub: 'kim' } }], count: 1 }],
  expiresAfter: '1h',
  window: '1h',
  maxUses: 1,
  ...change,
})

test.each<[string, Approval | undefined, Approval | undefined, string | undefined]>([
  ['neither requires one', undefined, undefined, undefined],
  ['the profile requires one', approval({ window: '20m' }), undefined, '20m'],
  ['its target requires one', undefined, approval({ window: '30m' }), '30m'],
  ['both require one', approval({ window: '20m' }), approval({ window: '30m' }), '20m'],
])('%s', (_name, own, shared, window) => {
  const plain = config({ reader: profile(own ? { approval: own } : {}) })
  const [prod] = Object.values(plain.targets)
  const rules = rulesOf({ ...plain, targets: { prod: { ...prod, ...(shared ? { approval: shared } : {}) } as never } }, 'hash')
  expect(approvalOfProfile(rules, 'reader')?.window).toBe(window)
})

test('a profile that does not exist requires none', () => {
  expect(approvalOfProfile(rulesOf(config(), 'hash'), 'writer')).toBeUndefined()
})
