/**
 * Says that a session is about to end, once, some minutes before. Only sessions whose credentials are renewed end under a command: without
 * `renew`, a new session follows. A session can be ended or extended meanwhile, so its end is read again before anything is said.
 */
import type { ProfileView } from '../broker/views.ts'
import type { Context } from '../context.ts'
import { fromNow } from '../frame/words.ts'
import { shownLine } from '../output.ts'
import type { Entry } from './entry.ts'
import type { Obtained } from './obtain.ts'

/** How long before the end: 10 minutes, or a quarter of what the session has left when the command starts. */
const NOTICE_MS = 10 * 60_000

/** Returns what stops it. */
export function remindOfEnd({ process: { stderr } }: Context, { broker, profile }: Entry, { session }: Obtained): () => void {
  if (profile.duration.renew === undefined) return () => {}
  const stop = new AbortController()
  const path = `/sessions/${encodeURIComponent(session)}`
  const cancel = beforeTheEnd({
    now: Date.now,
    after(milliseconds, act) {
      // The command must not run longer for it.
      const timer = setTimeout(act, milliseconds).unref()
      return () => clearTimeout(timer)
    },
    async endOf() {
      const { state, expiresAt } = (await broker.call('GET', path, { signal: stop.signal })).body
      return state === 'issued' ? Date.parse(String(expiresAt)) : undefined
    },
    say: (endsAtMs) => void stderr.write(`${reminderText(session, profile, endsAtMs, Date.now())}\n`),
  })
  return () => {
    cancel()
    stop.abort()
  }
}

type Profile = Pick<ProfileView, 'id' | 'access'>

export const reminderText = (session: string, profile: Profile, endsAtMs: number, now: number): string =>
  `stint: The session ${shownLine(session)} of ${shownLine(profile.id)} ends at ${new Date(endsAtMs).toTimeString().slice(0, 5)} (${fromNow(new Date(endsAtMs).toISOString(), now)}). ${nextStep(session, profile)}`

/** What to do about it. */
const nextStep = (session: string, { id, access }: Profile): string =>
  access === 'needs-approval'
    ? `To continue after that, request an extension: stint extend ${shownLine(session)}`
    : `To continue after that, start a new session: stint exec ${shownLine(id)} -- COMMAND`

type World = {
  readonly now: () => number
  /** Calls `act` later, and returns what cancels that. */
  readonly after: (milliseconds: number, act: () => void) => () => void
  /** When the session ends, in milliseconds since the epoch; undefined if it has ended. */
  readonly endOf: () => Promise<number | undefined>
  readonly say: (endsAtMs: number) => void
}

/** Looks three times: now, before the end, and at the end, which may have moved. If a look fails, nothing more is said. */
export function beforeTheEnd({ now, after, endOf, say }: World): () => void {
  const startedAt = now()
  let stopped = false
  let said: number | undefined
  let cancel = () => {}
  const look = async () => {
    const end = await endOf().catch(() => undefined)
    const left = (end ?? 0) - now()
    // A date that cannot be read is no end.
    if (stopped || end === undefined || !(left > 0)) return
    const notice = Math.min(NOTICE_MS, (end - startedAt) / 4)
    if (left <= notice && said !== end) {
      said = end
      say(end)
    }
    cancel = after(left > notice ? left - notice : left, () => void look())
  }
  void look()
  return () => {
    stopped = true
    cancel()
  }
}
