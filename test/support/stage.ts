/**
 * Holds a call between the broker and AWS, so that a test can do something else at exactly that moment and then let it go:
 * an interleaving is staged, and not raced for.
 *
 *     const held = stage.hold(assumeRole, 'after')
 *     const vend = sandbox.vend(…)
 *     await held.reached            // AWS has answered; the broker does not know it yet
 *     await revoke(…)
 *     held.release()
 *     expect((await vend).status).toBe(409)
 */
import type { Interceptor } from '@stint/sandbox/aws/server'

export type HeldCall = { readonly service: string; readonly action: string; readonly body: string }
export type Held = {
  /** Resolves once a call is held; rejects if none came within a minute. */
  readonly reached: Promise<HeldCall>
  readonly release: () => void
}
type Moment = 'before' | 'after'
type Waiting = {
  readonly matches: (call: HeldCall) => boolean
  readonly moment: Moment
  readonly reach: (call: HeldCall) => void
  readonly released: Promise<void>
}

/** Nothing that a test stages takes this long; a call that never comes is a fault of the test. */
const NEVER_MS = 60_000

export function stage() {
  const waiting: Waiting[] = []

  const intercept: Interceptor = async (service, action, next, { body }) => {
    const call = { service, action, body: body.toString() }
    const index = waiting.findIndex(({ matches }) => matches(call))
    const [held] = index < 0 ? [] : waiting.splice(index, 1)
    if (!held) return next()
    if (held.moment === 'after') {
      const answer = await next()
      held.reach(call)
      await held.released
      return answer
    }
    held.reach(call)
    await held.released
    return next()
  }

  return {
    intercept,
    /** The next call that matches is held, before it takes effect or after. */
    hold(matches: Waiting['matches'], moment: Moment): Held {
      let release: () => void = () => {}
      const released = new Promise<void>((resolve) => {
        release = resolve
      })
      const reached = new Promise<HeldCall>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('the call that was to be held never came')), NEVER_MS)
        const reach = (call: HeldCall) => {
          clearTimeout(timer)
          resolve(call)
        }
        waiting.push({ matches, moment, reach, released })
      })
      return { reached, release }
    },
  }
}

// ── The three calls of a vend ────────────────────────────────────────────────────────────────────────────────────────

const writes = (word: string) => (call: HeldCall) =>
  call.action === 'UpdateItem' && call.body.includes('"REQ#') && call.body.includes(`\\"type\\":\\"${word}\\"`)

export const reserve = writes('session.reserved')
export const record = writes('session.issued')
export const fail = writes('session.failed')
export const assumeRole = ({ action }: HeldCall): boolean => action === 'AssumeRole'
/** A write of a request that carries this event. */
export const writing = (event: string) => writes(event)
