/** What the client for the broker needs of the job: the network, the clock, the log and the job's tokens. */
import { setTimeout as sleep } from 'node:timers/promises'
import { fetchFor } from '@stint/cli/frame/proxied-fetch'
import { fetchIdToken } from './id-token.ts'
import type { Runner } from './runner.ts'
import type { World } from './stint.ts'

export const worldOf = (runner: Runner, audience: string): World => ({
  fetch: fetchFor(runner.env),
  sleep: (milliseconds) => sleep(milliseconds),
  now: Date.now,
  say: runner.info,
  async token() {
    const token = await fetchIdToken(runner.env, audience, fetchFor(runner.env))
    runner.mask(token)
    return token
  },
})
