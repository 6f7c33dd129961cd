/** A worker that is kept warm, and replaced when it hangs, crashes or has loaded too many copies of the code. */
import { Worker } from 'node:worker_threads'
import type { Covered, Task, Tried } from './worker.ts'

/** No module is ever unloaded. */
const MAX_TASKS = 150

export type Runner = {
  readonly cover: (test: string) => Promise<Covered>
  /** Resolves to what killed the mutant, or undefined. Running out of time, or ending the worker, is killing. */
  readonly attempt: (task: Task & { kind: 'try' }, milliseconds: number) => Promise<string | undefined>
  readonly end: () => Promise<unknown>
}

export function newRunner(code: Readonly<Record<string, string>>): Runner {
  const start = () =>
    new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: { code },
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: 3000 },
    })
  let worker = start()
  let tasks = 0
  let crash: unknown
  const renew = async () => {
    await worker.terminate()
    worker = start()
    tasks = 0
  }

  async function run<T>(task: Task, milliseconds: number): Promise<T | 'timeout' | 'crash'> {
    if (tasks >= MAX_TASKS) await renew()
    tasks++
    const current = worker
    const result = await new Promise<T | 'timeout' | 'crash'>((resolve) => {
      const timer = setTimeout(() => resolve('timeout'), milliseconds)
      const settle = (value: T | 'crash') => {
        clearTimeout(timer)
        resolve(value)
      }
      current.removeAllListeners()
      current.once('message', settle)
      current.once('error', (error) => {
        crash = error
        settle('crash')
      })
      current.once('exit', () => settle('crash'))
      current.postMessage(task)
    })
    if (result === 'timeout' || result === 'crash') await renew()
    return result
  }

  return {
    cover: async (test) => {
      const covered = await run<Covered>({ kind: 'cover', test }, 300_000)
      if (typeof covered === 'string') throw new Error(`${test}: ${covered} without a mutant`, { cause: crash })
      return covered
    },
    attempt: async (task, milliseconds) => {
      const isWarm = tasks > 0
      const tried = await run<Tried>(task, milliseconds)
      // What came before can have filled the memory.
      const sure = tried === 'crash' && isWarm ? await run<Tried>(task, milliseconds) : tried
      return typeof sure === 'string' ? sure : sure.killedBy
    },
    end: () => worker.terminate(),
  }
}
