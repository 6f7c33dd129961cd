/** A race that a test asserts something about must have taken place. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type HeldCall, stage } from './stage.ts'

const named = (action: string) => (call: HeldCall) => call.action === action

/** A stage, and calls through it: `effects` has each one in the order in which it took effect. */
function actors(meetWithinMs?: number) {
  const staged = stage(meetWithinMs)
  const effects: string[] = []
  const call = async (action: string) => {
    const next = async () => {
      effects.push(`${action} begins`)
      await sleep(1)
      effects.push(`${action} ends`)
      return { status: 200, headers: {}, body: action }
    }
    return staged.intercept('dynamodb', action, next, { body: Buffer.from('') } as never)
  }
  return { staged, effects, call }
}

test.each([[['A', 'B']], [['B', 'A']]])('holds both calls, then lets them take effect in the order %j', async (order) => {
  const { staged, effects, call } = actors()
  const { met } = staged.meet(...order.map(named))
  const first = call('A')
  await sleep(5)
  expect(effects).toEqual([])
  const answers = await Promise.all([first, call('B'), call('C')])
  await met
  expect(answers).toMatchObject([{ body: 'A' }, { body: 'B' }, { body: 'C' }])
  expect(effects.filter((effect) => !effect.startsWith('C'))).toEqual(order.flatMap((action) => [`${action} begins`, `${action} ends`]))
})
test('rejects when one call comes after the other, and lets both go', async () => {
  const { staged, effects, call } = actors(20)
  const { met } = staged.meet(named('A'), named('A'))
  await call('A')
  await call('A')
  await expect(met).rejects.toThrow('the race was not met: 1 of 2 calls came')
  expect(effects).toEqual(['A begins', 'A ends', 'A begins', 'A ends'])
})
test('hands on a call that fails, and goes on to the next', async () => {
  const { staged, call } = actors()
  const { met } = staged.meet(named('A'), named('B'))
  const failing = staged.intercept('dynamodb', 'A', () => Promise.reject(new Error('broken')), { body: Buffer.from('') } as never)
  await Promise.all([expect(failing).rejects.toThrow('broken'), call('B'), met])
})
