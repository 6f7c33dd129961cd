/** The sources of a log: a folder, Stint's API, or object stores. */
import { type BoundedAnswer, boundedFetch, TooLarge } from '@stint/broker/adapters/bounded-fetch'
import { folderStore } from '@stint/broker/adapters/store/files'
import type { ObjectStore } from '@stint/broker/ports/log'
import { MAX_EVENTS_BYTES } from '@stint/core/audit/event-bundle'
import { maxTileBytes } from '@stint/tlog/tiles'
import { failureFrom } from '../broker/refusals.ts'
import { Failure } from '../frame/failure.ts'

/** A source of a log. Throws if it is unreachable. */
export type LogSource = {
  get(path: string): Promise<Uint8Array | undefined>
  /** All paths, if the source can list them. Then files that do not belong there are found too. */
  list?(): Promise<readonly string[]>
  /** false: the source has no events (a public log), so only entries are verified. */
  readonly hasEvents: boolean
}

/** The log is unreachable, so nothing is known about it. */
export class Unreachable extends Error {}

/** A larger file is not a checkpoint, which has three lines and a signature each of the log and its witnesses. */
const MAX_CHECKPOINT_BYTES = 64 * 1024
/** Other files in the folder of a log: quarantined journals, and stages in progress. */
const MAX_OTHER_BYTES = 64 * 1024 * 1024
const maxBytesOf = (path: string): number =>
  path === 'checkpoint' ? MAX_CHECKPOINT_BYTES : path.startsWith('events/') ? MAX_EVENTS_BYTES : (maxTileBytes(path) ?? MAX_OTHER_BYTES)

/** A folder with a copy of the log's bucket and of the events' bucket. */
export function folderSource(folder: string): LogSource {
  const store = folderStore(folder, maxBytesOf)
  return { get: async (path) => (await store.get(path))?.bytes, list: () => store.list(''), hasEvents: true }
}

/** Two stores, as Stint uses them. */
export const storeSource = ({ log, events }: { readonly log: ObjectStore; readonly events: ObjectStore }): LogSource => ({
  get: async (path) => (await (path.startsWith('events/') ? events : log).get(path))?.bytes,
  list: async () => [...(await log.list('')), ...(await events.list(''))],
  hasEvents: true,
})

const TRIES = 3
const WAIT_MS = 500
const ANSWER_MS = 30_000

/** The broker's own words, and what to run next: sign in, or ask for the role of an auditor. */
function refusalOf(base: string, { status, text }: Pick<BoundedAnswer, 'status' | 'text'>): Failure {
  const failure = failureFrom(base.replace(/\/audit\/log$/, ''), { status, text: text() })
  if (failure.exit !== 'denied') return failure
  return new Failure('denied', failure.message, {
    ...failure.facts,
    next: 'Ask the owners of stint.config.ts to add you to its auditors, or verify a copy that an auditor made: --from DIR',
  })
}

/** `GET <url>/…` with an auditor's token. Without a token, for a public log, there are no events. */
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
          if (answer.status < 500 && answer.status !== 429) throw refusalOf(base, answer)
        } catch (error) {
          if (error instanceof Failure) throw error
          cause = (error as Error).message
          // A retry would return the same size.
          if (error instanceof TooLarge) break
        }
      }
      throw new Unreachable(`${base}/${path}: ${cause}`)
    },
  }
}
