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
 *
 * And makes calls meet, so that a race that a test asserts something about did take place:
 *
 *     const race = stage.meet(reserve, reserve)
 *     const answers = await Promise.all([vend(…), vend(…)])
 *     await race.met                // rejects if the two writes were never under way together
 */
import type { Interceptor } from '@stint/sandbox/aws/server'

export type HeldCall = { readonly service: string; readonly action: string; readonly body: string }
export type Held = {
  /** Resolves once a call is held; rejects if none came within a minute. */
  readonly reached: Promise<HeldCall>
  readonly release: () => void
}
export type Race = {
  /** Resolves once every call was under way before the first took effect; rejects if the others did not come in time. */
  readonly met: Promise<void>
}
type Next = Parameters<Interceptor>[2]
type Answer = Awaited<ReturnType<Next>>
type Moment = 'before' | 'after'
type Meeting = { readonly places: Place[]; readonly close: () => void }
type Place = { readonly matches: Waiting['matches']; arrive?: (() => Promise<void>) | undefined }
type Waiting = {
  readonly matches: (call: HeldCall) => boolean
  readonly moment: Moment
  readonly reach: (call: HeldCall) => void
  readonly released: Promise<void>
}

/** Nothing that a test stages takes this long; a call that never comes is a fault of the test. */
const NEVER_MS = 170_000
/** Calls that meet come within moments, and hundreds of them within seconds; on a busy machine, within minutes. */
const MEET_MS = 150_000

export function stage(meetWithinMs = MEET_MS) {
  const waiting: Waiting[] = []
  const meetings: Meeting[] = []

  /** Holds the call until the others of its meeting are there and those before it have taken effect. */
  async function takePlace(meeting: Meeting, place: Place, next: Next): Promise<Answer> {
    let answer: Promise<Answer> | undefined
    await new Promise<void>((resolve) => {
      place.arrive = async () => {
        answer = next()
        await answer.catch(() => undefined)
        resolve()
      }
      if (meeting.places.every(({ arrive }) => arrive)) meeting.close()
    })
    return answer as Promise<Answer>
  }

  const intercept: Interceptor = async (service, action, next, { body }) => {
    const call = { service, action, body: body.toString() }
    for (const meeting of meetings) {
      const place = meeting.places.find(({ matches, arrive }) => !arrive && matches(call))
      if (place) return takePlace(meeting, place, next)
    }
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
    /**
     * Holds one call for each matcher until all of them are there. Then they take effect one after the other, in this order.
     * If some do not come in time, the others go on, and `met` rejects.
     */
    meet(...matchers: readonly Waiting['matches'][]): Race {
      const places: Place[] = matchers.map((matches) => ({ matches }))
      const met = new Promise<void>((resolve, reject) => {
        const letGo = async () => {
          clearTimeout(timer)
          meetings.splice(meetings.indexOf(meeting), 1)
          for (const { arrive } of places) await arrive?.()
        }
        const timer = setTimeout(() => {
          const came = places.filter(({ arrive }) => arrive).length
          reject(new Error(`the race was not met: ${came} of ${places.length} calls came`))
          void letGo()
        }, meetWithinMs)
        const meeting: Meeting = {
          places,
          close: () => {
            resolve()
            void letGo()
          },
        }
        meetings.push(meeting)
      })
      met.catch(() => undefined) // The test hears of it when it awaits `met`.
      return { met }
    },
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
/** An ask that takes one of the few places which a caller has. */
export const takePlace = ({ action, body }: HeldCall): boolean => action === 'UpdateItem' && body.includes('attribute_not_exists(#place)')
/** A write of a freeze. */
export const setFreeze = ({ action, body }: HeldCall): boolean => action === 'UpdateItem' && body.includes('\\"type\\":\\"freeze.set\\"')
/** The look at the freezes that stop a vend, between its reserve and AWS. */
export const readFreezes = ({ action }: HeldCall): boolean => action === 'BatchGetItem'
/** The claim of one Slack message, which lets one of several notifiers send it. */
export const claimMessage = ({ action, body }: HeldCall): boolean => action === 'PutItem' && body.includes('claimedAt < :old')

/** The same matcher as often as `count`: for `meet`. */
export const times = (count: number, matches: Waiting['matches']): readonly Waiting['matches'][] => Array(count).fill(matches)
