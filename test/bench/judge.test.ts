/** What the gate of CI says of measurements: a ratio that was not measured never passes. */
import { expect, test } from 'vitest'
import { type Judgement, judge } from './judge.ts'

const LIMITS = { cold: 2, warm: 3 }
const round = (cold: number, warm: number, waiting = 1) => ({ cold, warm, waiting })
const NOT = Number.NaN

test.each<[string, ReturnType<typeof round>[], Judgement['outcome'], readonly string[]]>([
  ['all below', [round(1.5, 2), round(1.6, 2.1)], 'passed', []],
  ['at the limit', [round(2, 3)], 'passed', []],
  ['the best of several rounds', [round(9, 9), round(1.5, 2)], 'passed', []],
  ['the best of each ratio in another round', [round(9, 2), round(1.5, 9)], 'passed', []],
  ['one above', [round(2.1, 2), round(2.2, 2)], 'over', ['cold']],
  ['all above', [round(2.1, 3.1)], 'over', ['cold', 'warm']],
  ['above on a machine that is busy in every round', [round(2.1, 2, 1.5), round(2.2, 2, 1.6)], 'not judged', ['cold']],
  ['above on a machine that is busy in one round', [round(2.1, 2, 1.5), round(2.2, 2, 1.1)], 'over', ['cold']],
  ['below on a busy machine', [round(1.5, 2, 1.5)], 'passed', []],
  ['a ratio that is no number', [round(NOT, 2)], 'over', ['cold', 'warm']],
  ['a negative ratio', [round(-0.5, 2)], 'over', ['cold', 'warm']],
  ['a ratio of zero', [round(0, 2)], 'over', ['cold', 'warm']],
  ['an infinite ratio', [round(Number.POSITIVE_INFINITY, 2)], 'over', ['cold', 'warm']],
  ['one good round beside bad ones', [round(-0.5, 2), round(NOT, NOT), round(1.5, 2)], 'passed', []],
  ['a round above beside a bad one', [round(-0.5, 2), round(2.5, 2)], 'over', ['cold']],
  ['no round', [], 'over', ['cold', 'warm']],
])('%s', (_situation, rounds, outcome, over) => {
  const found = judge(rounds, LIMITS, 1.25)
  expect([found.outcome, found.over]).toEqual([outcome, over])
})
