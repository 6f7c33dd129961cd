import { days, seconds } from '@stint/core/instant'
import { expect, test } from 'vitest'
import { walkDue, workPartitions } from './config-walk.ts'
import type { Walk } from './sweep-state.ts'

const NOW = Date.parse('2026-11-24T12:00:00Z')
const AGAIN_MS = seconds(900)

test('walks twice for a config, then daily; only the first two walks of a table look at partitions of old', () => {
  const partitions = (walk: Walk | undefined) => walk && workPartitions(walk, ['a', 'b']).length
  const finish = (walk: Walk | undefined): Walk => ({ ...(walk as Walk), isDone: true })
  const first = walkDue(undefined, 'c1', NOW)
  expect([first?.since, partitions(first)]).toEqual([NOW, 8 + 6])
  expect(walkDue(first, 'c1', NOW + 1)).toBe(first)
  expect(walkDue(finish(first), 'c1', NOW + 1)).toBeUndefined()
  const second = walkDue(finish(first), 'c1', NOW + AGAIN_MS)
  expect([second?.startedAt, partitions(second)]).toEqual([NOW + AGAIN_MS, 8 + 6])
  expect(walkDue(finish(second), 'c1', NOW + AGAIN_MS + 1)).toBeUndefined()
  const daily = walkDue(finish(second), 'c1', NOW + AGAIN_MS + days(1))
  expect(partitions(daily)).toBe(8)
  const other = walkDue(finish(daily), 'c2', NOW + days(3))
  expect([other?.since, partitions(other)]).toEqual([NOW + days(3), 8])
  expect(partitions(walkDue(finish(other), 'c2', NOW + days(3) + AGAIN_MS))).toBe(8)
})

test('a new config before the old partitions were walked twice goes on with them', () => {
  const first = walkDue(undefined, 'c1', NOW) as Walk
  for (const last of [first, { ...first, isDone: true }]) expect(walkDue(last, 'c2', NOW + 1)?.coversOld).toBe(true)
})
