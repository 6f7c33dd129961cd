import { expect, test } from 'vitest'
import { inForeground } from './keyboard.ts'

test.each<[string, string, boolean | undefined]>([
  ['in the foreground', '77 (node) S 1 77 50 34816 77 4194304 1', true],
  ['in the background', '77 (node) S 1 77 50 34816 99 4194304 1', false],
  ['without a terminal', '77 (node) S 1 77 50 0 -1 4194304 1', false],
  ['with a name that looks like fields', '77 (a) S 1 2 3 (b) S 1 77 50 34816 77 4194304 1', true],
  ['on a system without /proc', '', undefined],
  ['with something else there', 'nonsense', undefined],
])('%s', (_name, stat, expected) => expect(inForeground(stat)).toBe(expected))
