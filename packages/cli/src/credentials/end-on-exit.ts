/**
 * Ends the sessions of a command when it has exited, for profiles with `endOnExit`. The sessions belong to this command alone: they are not
 * kept for other commands, and no other process renews them.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Broker } from '../broker/broker.ts'
import type { Context } from '../context.ts'
import { shownLine } from '../output.ts'
import type { Obtained } from './obtain.ts'

/** How long the end of a command is delayed at most. A token that is being refreshed is waited for: its successor must be stored. */
const END_MS = 5000

type OwnSessions = {
  /** Remembers the session of credentials that are being obtained. */
  readonly watch: (obtaining: Promise<Obtained>) => Promise<Obtained>
  /** Ends what still works. It never throws: the exit code is that of the command. */
  readonly end: () => Promise<void>
}

export function ownSessions({ process }: Context, broker: Broker, first: Obtained, limitMs = END_MS): OwnSessions {
  /** Until when the newest credentials of each session work. Without `renew`, every set is a session, so older ones are forgotten. */
  const sessions = new Map<string, number>()
  const remember = ({ session, credentials }: Obtained) => {
    for (const [id, expiresAtMs] of sessions) if (expiresAtMs <= Date.now()) sessions.delete(id)
    sessions.set(session, Date.parse(credentials.expiration))
  }
  remember(first)
  let pending: Promise<unknown> = Promise.resolve()
  return {
    watch(obtaining) {
      pending = obtaining.then(remember, () => {})
      return obtaining
    },
    async end() {
      const stop = new AbortController()
      // Whoever sends a signal now does not want to wait. The command has already exited.
      const signals = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP'] as const
      const abort = () => stop.abort()
      for (const signal of signals) process.on(signal, abort)
      const late = sleep(limitMs, undefined, { signal: stop.signal })
        .catch(() => {})
        .then(() => {
          stop.abort()
          throw new Error('the broker has not answered')
        })
      late.catch(() => {})
      try {
        // A session that arrives after the command has exited is ended, too.
        await Promise.race([pending, late]).catch(() => {})
        const live = [...sessions].filter(([, expiresAtMs]) => expiresAtMs > Date.now())
        await Promise.all(live.map(([id]) => endOne(id, late, stop.signal)))
      } finally {
        stop.abort()
        for (const signal of signals) process.removeListener(signal, abort)
      }
    },
  }

  async function endOne(id: string, late: Promise<never>, signal: AbortSignal): Promise<void> {
    try {
      // No one can be asked if the policy of the role is full, and the session must end all the same.
      const path = `/sessions/${encodeURIComponent(id)}?everyEarlierSession=keep`
      const call = broker.call('DELETE', path, { repeatable: 'body', signal })
      call.catch(() => {}) // If it is late, nothing else reads it.
      await Promise.race([call, late])
    } catch (error) {
      const reason = error instanceof Error ? error.message.replace(/\.$/, '') : String(error)
      process.stderr.write(
        `stint: The session ${shownLine(id)} was not ended: ${shownLine(reason, 300)}. End it with: stint end ${shownLine(id)}\n`,
      )
    }
  }
}
