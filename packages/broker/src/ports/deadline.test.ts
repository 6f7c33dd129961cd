import { expect, test } from 'vitest'
import { within } from './deadline.ts'

const never = new Promise<never>(() => {})

test('a response in time is passed on, and its timer is cleared', async () => {
  const cleared: unknown[] = []
  const timers = { setTimeout: () => 7, clearTimeout: (timer: unknown) => void cleared.push(timer) } as never
  expect(await within(50, Promise.resolve('answer'), timers)).toBe('answer')
  expect(cleared).toEqual([7])
})

test('a deadline that has passed rejects, and Node writes no warning', async () => {
  const warnings: string[] = []
  const note = ({ name }: Error) => void warnings.push(name)
  process.on('warning', note)
  await expect(within(-5, never)).rejects.toThrow('no response within -5 ms')
  // Warnings are emitted after the current turn.
  await new Promise(setImmediate)
  process.off('warning', note)
  expect(warnings).toEqual([])
})
