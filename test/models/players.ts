/**
 * Calls of the real code that run at once, each held at every message that it sends. A trace of a model says which call goes on, and what
 * becomes of its message.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

/** Throws unless the item and its journal are what the model printed. */
export function sameState(line: string, shown: string, events: unknown, journal: unknown): void {
  if (shown !== line) throw new Error(`the item is\n  ${shown}\nand the model says\n  ${line}`)
  if (JSON.stringify(events) !== JSON.stringify(journal)) throw new Error(`the journal is ${events}, not ${journal}`)
}

/** `before`: the message is lost; `after`: its answer is lost; `late`: the sender gives up, and the message arrives later. */
export type Fate = 'ok' | 'before' | 'after' | 'late'
type Held = { readonly apply: () => unknown; readonly resolve: (answer: unknown) => void; readonly reject: (error: Error) => void }

/** Turns of the event loop in which a call must come to its next message. It does nothing that waits. */
const MAX_TURNS = 2000

export function players() {
  const inside = new AsyncLocalStorage<string>()
  const held = new Map<string, Held>()
  const answers = new Map<string, { readonly value?: unknown; readonly error?: unknown }>()
  let arrivesLate: (() => unknown) | undefined
  let isOver = false

  async function until(holds: () => boolean, what: string): Promise<void> {
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      if (holds()) return
      await new Promise(setImmediate)
    }
    throw new Error(`the code did not do what the model does: ${what}`)
  }

  return {
    start(name: string, work: () => Promise<unknown>): void {
      answers.delete(name)
      inside.run(name, () => {
        work().then(
          (value) => answers.set(name, { value }),
          (error: unknown) => answers.set(name, { error }),
        )
      })
    },

    /** Holds a message of a call until `go`. Messages outside of calls pass. */
    hold(apply: () => unknown): Promise<unknown> | unknown {
      const name = inside.getStore()
      if (name === undefined) return apply()
      if (isOver) throw new Error('the replay is over')
      return new Promise((resolve, reject) => held.set(name, { apply, resolve, reject }))
    },

    /** Lets the next message of a call go, and waits until the call has sent the next one or has ended. */
    async go(name: string, fate: Fate, what: string): Promise<void> {
      await until(() => held.has(name), `${name} ${what}`)
      const { apply, resolve, reject } = held.get(name) as Held
      held.delete(name)
      const lost = new Error('the connection was reset')
      if (fate === 'late') arrivesLate = apply
      if (fate === 'before' || fate === 'late') reject(lost)
      else
        try {
          const answer = await apply()
          if (fate === 'ok') resolve(answer)
          else reject(lost)
        } catch (error) {
          reject(fate === 'ok' ? (error as Error) : lost)
        }
      await until(() => held.has(name) || answers.has(name), `${name} goes on after ${what}`)
    },

    /** The message that a call waits with. */
    async peek(name: string): Promise<unknown> {
      await until(() => held.has(name), `${name} sends`)
      return held.get(name)?.apply()
    },
    /** Answers the message of a call in the place of the other side. */
    async give(name: string, answer: unknown): Promise<void> {
      held.get(name)?.resolve(answer)
      held.delete(name)
      await until(() => held.has(name) || answers.has(name), `${name} goes on`)
    },

    async arrive(): Promise<void> {
      if (!arrivesLate) throw new Error('no message is late')
      const apply = arrivesLate
      arrivesLate = undefined
      try {
        await apply()
      } catch {
        // Its sender has given up.
      }
    },

    /** The call is forgotten, with all that it knew. */
    crash(name: string): void {
      held.delete(name)
      answers.delete(name)
    },

    /** What the call returned. */
    async answer(name: string): Promise<unknown> {
      await until(() => answers.has(name), `${name} answers`)
      const { value, error } = answers.get(name) as { value?: unknown; error?: unknown }
      if (error !== undefined) throw error
      return value
    },

    end(): void {
      isOver = true
      for (const { reject } of held.values()) reject(new Error('the replay is over'))
      held.clear()
    },
  }
}
