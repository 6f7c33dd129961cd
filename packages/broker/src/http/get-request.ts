/** `GET /requests/{id}`: a request. `Prefer: wait=N` waits up to N seconds for a decision (RFC 7240). */
import { personOf } from '@stint/core/identity/person'
import { parseRequestId } from '@stint/core/ids'
import { seconds } from '@stint/core/instant'
import { refused } from '@stint/core/outcome'
import { isParty } from '@stint/core/request/machine'
import { stateAt } from '@stint/core/request/request'
import { unknownRequest } from '../approvals/decide.ts'
import { type Api, type ApiBroker, answer, refuse, type Tools, unavailable } from './context.ts'
import type { RequestTools } from './request-view.ts'

const LONGEST_WAIT_SECONDS = 20
const WAITERS_PER_CALLER = 2

export function getRequestRoute(app: Api, broker: ApiBroker, { withCaller }: Tools, { withPeople, actorOf, show }: RequestTools): void {
  const { rules, ledger } = broker
  const waiting = new Map<string, number>()

  answer(app, 'GET /requests/{id}', (c) =>
    withCaller(c, async (caller) => {
      const id = parseRequestId(c.req.param('id'))
      if (!id) return refuse(c, unknownRequest)
      const wait = Math.min(LONGEST_WAIT_SECONDS, Number(/^wait=(\d{1,3})$/.exec(c.req.header('prefer') ?? '')?.[1] ?? 0))
      const waiter = personOf(rules, caller)
      if (wait > 0 && (waiting.get(waiter) ?? 0) >= WAITERS_PER_CALLER)
        return refuse(c, refused('rate-limited', `You can have at most ${WAITERS_PER_CALLER} waiting calls at once.`))
      // If the transport reports that the client is gone (node:http does, Lambda does not), free its place at once.
      const { signal: left } = c.req.raw
      const leaving = new Promise<void>((resolve) => left.addEventListener('abort', () => resolve(), { once: true }))
      // Rounds and time: reads can be slow, and a clock can go back.
      const until = c.get('now') + seconds(wait)
      if (wait > 0) waiting.set(waiter, (waiting.get(waiter) ?? 0) + 1)
      try {
        for (let waited = 0; ; waited++) {
          const found = await ledger.request(id)
          if (found.outcome === 'unknown') return refuse(c, unavailable(found.cause))
          const actor = found.value && actorOf(c, caller, found.value)
          if (!found.value || !actor || !isParty(withPeople(found.value), actor)) return refuse(c, unknownRequest)
          const now = broker.clock()
          if (waited >= wait || now >= until || left.aborted || stateAt(found.value, now) !== 'pending')
            return show(c, found.value, actor, 200)
          await Promise.race([broker.sleep(1000), leaving])
        }
      } finally {
        const others = (waiting.get(waiter) ?? 0) - (wait > 0 ? 1 : 0)
        if (others > 0) waiting.set(waiter, others)
        else waiting.delete(waiter)
      }
    }),
  )
}
