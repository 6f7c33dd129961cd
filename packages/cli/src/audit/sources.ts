/** Where a log is read from: a folder, Stint's own API, or stores at hand. */
import { boundedFetch, TooLarge } from '@stint/broker/adapters/bounded-fetch'
import { folderStore } from '@stint/broker/adapters/store/files'
import type { ObjectStore } from '@stint/broker/ports/log'
import { MAX_EVENTS_BYTES } from '@stint/core/audit/event-bundle'
import { maxTileBytes } from '@stint/tlog/tiles'

/** Where a log is read from. Throws where it cannot be reached. */
export type LogSource = {
  get(path: string): Promise<Uint8Array | undefined>
  /** Every path there is, where that can be asked: then what does not belong there is found too. */
  list?(): Promise<readonly string[]>
  /** false: it does not give out events (a public log); then only entries are judged. */
  readonly hasEvents: boolean
}

/** The log could not be reached: nothing is said about it. */
export class Unreachable extends Error {}

/** Larger is no checkpoint: three lines and a signature each of the log and its witnesses. */
const MAX_CHECKPOINT_BYTES = 64 * 1024
/** What lies in a folder beside the log: journals that were set aside, stages on their way. */
const MAX_OTHER_BYTES = 64 * 1024 * 1024
const maxBytesOf = (path: string): number =>
  path === 'checkpoint' ? MAX_CHECKPOINT_BYTES : path.startsWith('events/') ? MAX_EVENTS_BYTES : (maxTileBytes(path) ?? MAX_OTHER_BYTES)

/** A copy of the log's bucket and, in the same folder, of the bucket of its events. */
export function folderSource(folder: string): LogSource {
  const store = folderStore(folder, maxBytesOf)
  return { get: async (path) => (await store.get(path))?.bytes, list: () => store.list(''), hasEvents: true }
}

/** Two stores, as Stint has them. */
export const storeSource = ({ log, events }: { readonly log: ObjectStore; readonly events: ObjectStore }): LogSource => ({
  get: async (path) => (await (path.startsWith('events/') ? events : log).get(path))?.bytes,
  list: async () => [...(await log.list('')), ...(await events.list(''))],
  hasEvents: true,
})

const TRIES = 3
const WAIT_MS = 500
const ANSWER_MS = 30_000

/** `GET <url>/…` with an auditor's token, or without one where the log is public: then without events. */
export function urlSource(url: string, token: string | undefined, get: typeof fetch, sleep: (ms: number) => Promise<void>): LogSource {
  const base = url.replace(/\/$/, '')
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return {
    hasEvents: token !== undefined,
    async get(path) {
      let cause = ''
      for (let tries = 0; tries < TRIES; tries++) {
        if (tries > 0) await sleep(WAIT_MS * 2 ** tries)
        try {
          const answer = await boundedFetch(`${base}/${path}`, { headers, timeoutMs: ANSWER_MS, maxBytes: maxBytesOf(path), fetch: get })
          if (answer.status === 200) return answer.bytes
          if (answer.status === 404) return undefined
          cause = `${answer.status} ${answer.text().slice(0, 200)}`
          if (answer.status < 500 && answer.status !== 429) break
        } catch (error) {
          cause = (error as Error).message
          // It will be no smaller at the next try.
          if (error instanceof TooLarge) break
        }
      }
      throw new Unreachable(`${base}/${path}: ${cause}`)
    },
  }
}
