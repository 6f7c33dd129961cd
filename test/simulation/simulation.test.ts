/**
 * Fixed seeds, which must reach every state, and fresh ones. In a process of its own, where nothing but the schedule runs: under vitest,
 * loading a module would take real time.
 */
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

function simulate(...options: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['test/simulation/simulate.ts', ...options], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  return { status, text: `${stdout}${stderr}` }
}

test('no fixed schedule breaks an invariant, and together they reach every state', { timeout: 900_000 }, () => {
  const { status, text } = simulate('--seed', '1', '--schedules', '380')
  expect(status, text).toBe(0)
})

test('no fresh schedule breaks an invariant', { timeout: 900_000 }, () => {
  const { status, text } = simulate('--seed', String(randomInt(1e9, 2e9)), '--schedules', '60', '--only-faults')
  expect(status, text).toBe(0)
})

test('a seed is a schedule: run twice, it is the same to the last step', { timeout: 900_000 }, () => {
  const { status, text } = simulate('--seed', '32', '--schedules', '10', '--twice', '--only-faults')
  expect(status, text).toBe(0)
})
