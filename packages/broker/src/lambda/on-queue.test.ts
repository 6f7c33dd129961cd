/** A batch of the queue of ended sessions: one look for each role, and which messages come again. */
import { describe, expect, test } from 'vitest'
import { messageOf } from '../adapters/end-queue.ts'
import type { Ender } from '../ends/carry-out.ts'
import { Trouble } from '../ports/log.ts'
import { FUNCTIONS } from './functions.ts'
import { onEndQueue } from './on-queue.ts'

const role = (name: string) => `arn:aws:iam::111122223333:role/${name}`
const message = (messageId: string, name: string) => ({ messageId, body: messageOf({ target: name, roleArn: role(name) }) })

/** `looks`: what happens at each look at a role. */
async function run(records: readonly object[], looks: (name: string) => void = () => {}, { step = 0, isFrozen = false } = {}) {
  const [looked, lines]: [string[], object[]] = [[], []]
  let now = 0
  const ender = {
    clock: () => (now += step),
    log: (line: object) => void lines.push(line),
    work: {
      async pending(roleArn: string) {
        const name = roleArn.slice(roleArn.lastIndexOf('/') + 1)
        looked.push(name)
        looks(name)
        return []
      },
    },
  } as unknown as Ender
  const { batchItemFailures } = await onEndQueue(ender, isFrozen)({ Records: records } as never)
  return { looked, lines, failed: batchItemFailures.map(({ itemIdentifier }) => itemIdentifier) }
}

describe('a batch', () => {
  test('looks at each role once', async () => {
    const records = [message('1', 'A'), message('2', 'B'), message('3', 'A')]
    expect(await run(records)).toEqual({ looked: ['A', 'B'], lines: [], failed: [] })
  })
  test('returns all messages of a role that failed, and of no other', async () => {
    const looks = (name: string) => {
      if (name === 'A') throw new Trouble('IAM is down')
    }
    const { looked, lines, failed } = await run([message('1', 'A'), message('2', 'B'), message('3', 'A')], looks)
    expect([looked, failed]).toEqual([
      ['A', 'B'],
      ['1', '3'],
    ])
    expect(lines).toEqual([{ level: 'error', event: 'end-failed', role: role('A'), cause: 'IAM is down' }])
  })
  test('looks once at a role that two targets have: the writes of two looks could cross', async () => {
    const other = { messageId: '2', body: messageOf({ target: 'other', roleArn: role('A') }) }
    const looks = () => {
      throw new Trouble('IAM is down')
    }
    const { looked, failed } = await run([message('1', 'A'), other], looks)
    expect([looked, failed]).toEqual([['A'], ['1', '2']])
  })
  test('returns what it has no time for', async () => {
    const { looked, failed } = await run([message('1', 'A'), message('2', 'B')], undefined, { step: FUNCTIONS.end.seconds * 500 })
    expect([looked, failed]).toEqual([['A'], ['2']])
  })
  test('drops a message that is none of Stint’s, and says so', async () => {
    expect(await run([{ messageId: '1', body: 'x' }])).toEqual({
      looked: [],
      lines: [{ level: 'error', event: 'end-message-invalid' }],
      failed: [],
    })
  })
  test('does nothing while the table is inspected after a restore', async () => {
    expect((await run([message('1', 'A')], undefined, { isFrozen: true })).looked).toEqual([])
  })
  test('throws on a bug, so that Lambda counts an error', async () => {
    const looks = () => {
      throw new TypeError('a bug')
    }
    await expect(run([message('1', 'A')], looks)).rejects.toThrow('a bug')
  })
})
