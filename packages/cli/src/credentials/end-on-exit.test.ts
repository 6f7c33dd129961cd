import { EventEmitter } from 'node:events'
import { describe, expect, test } from 'vitest'
import type { Broker } from '../broker/broker.ts'
import type { Context } from '../context.ts'
import { Failure } from '../frame/failure.ts'
import { ownSessions } from './end-on-exit.ts'
import type { Obtained } from './obtain.ts'

const obtained = (session: string, leftMs = 3_600_000): Obtained => ({
  session,
  account: '111122223333',
  region: 'eu-central-1',
  credentials: {
    accessKeyId: 'ASIA',
    secretAccessKey: 'secret',
    sessionToken: 'token',
    expiration: new Date(Date.now() + leftMs).toISOString(),
  },
})

/** A broker that records what is ended, and answers as `answer` says. */
function world(answer: () => Promise<unknown> = async () => ({})) {
  const said: string[] = []
  const ended: string[] = []
  const process = Object.assign(new EventEmitter(), { stderr: { write: (text: string) => void said.push(text) } })
  const call = (method: string, path: string) => {
    ended.push(`${method} ${path}`)
    return answer()
  }
  return { context: { process } as unknown as Context, broker: { call } as unknown as Broker, process, said, ended }
}
const never = () => new Promise<never>(() => {})

describe('the sessions of a command', () => {
  test('are ended once, whatever number of sets they had', async () => {
    const { context, broker, said, ended } = world()
    const own = ownSessions(context, broker, obtained('s-1'))
    await own.watch(Promise.resolve(obtained('s-1')))
    await own.end()
    expect([ended, said]).toEqual([['DELETE /sessions/s-1?everyEarlierSession=keep'], []])
  })
  test('are ended if they still work: without renew, several can', async () => {
    const { context, broker, ended } = world()
    const own = ownSessions(context, broker, obtained('s-1', -1))
    await own.watch(Promise.resolve(obtained('s-2')))
    await own.watch(Promise.resolve(obtained('s-3')))
    await own.end()
    expect(ended).toEqual(['DELETE /sessions/s-2?everyEarlierSession=keep', 'DELETE /sessions/s-3?everyEarlierSession=keep'])
  })
  test('are ended if they arrive after the command has exited', async () => {
    const { context, broker, ended } = world()
    const own = ownSessions(context, broker, obtained('s-1', -1))
    let arrive: (late: Obtained) => void = () => {}
    own.watch(
      new Promise<Obtained>((resolve) => {
        arrive = resolve
      }),
    )
    const ending = own.end()
    arrive(obtained('s-2'))
    await ending
    expect(ended).toEqual(['DELETE /sessions/s-2?everyEarlierSession=keep'])
  })
  test('are ended if the last renewal failed', async () => {
    const { context, broker, ended } = world()
    const own = ownSessions(context, broker, obtained('s-1'))
    await own.watch(Promise.reject(new Failure('denied', 'Frozen.'))).catch(() => {})
    await own.end()
    expect(ended).toEqual(['DELETE /sessions/s-1?everyEarlierSession=keep'])
  })
})

describe('a session that was not ended is named in one line', () => {
  const line = (reason: string) => [`stint: The session s-1 was not ended: ${reason}. End it with: stint end s-1\n`]
  test('if the broker refuses', async () => {
    const { context, broker, said } = world(() => Promise.reject(new Failure('denied', 'Everything\nis frozen.')))
    await ownSessions(context, broker, obtained('s-1')).end()
    expect(said).toEqual(line('Everything ⏎ is frozen'))
  })
  test('if the broker does not answer in time', async () => {
    const { context, broker, said } = world(never)
    await ownSessions(context, broker, obtained('s-1'), 1).end()
    expect(said).toEqual(line('the broker has not answered'))
  })
  test('if a renewal never comes to an end', async () => {
    const { context, broker, said } = world(never)
    const own = ownSessions(context, broker, obtained('s-1'), 1)
    own.watch(never())
    await own.end()
    expect(said).toEqual(line('the broker has not answered'))
  })
  test('if a signal says not to wait, and leaves no handler behind', async () => {
    const { context, broker, process, said } = world(never)
    const ending = ownSessions(context, broker, obtained('s-1'), 60_000).end()
    process.emit('SIGINT')
    await ending
    expect([said, process.eventNames()]).toEqual([line('the broker has not answered'), []])
  })
})
