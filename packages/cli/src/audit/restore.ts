/** A story table from a backup, held against the log: what it lost is found, and given back so that nothing is open by it. */
import type { Logged } from '@stint/broker/adapters/dynamodb/restored'
import type { Journaled } from '@stint/broker/log/ports'
import type { NoteKey } from '@stint/core/audit/note'
import type { ReadEvent } from '@stint/core/audit/schema'
import type { CallerRef } from '@stint/core/identity/caller'
import { type Instant, parseIso } from '@stint/core/instant'
import { type LogSource, Unreachable } from './sources.ts'
import { verify } from './verify/verify.ts'

type Draft = {
  commits: string[]
  at?: Instant
  profile?: string
  target?: string
  freeze?: NonNullable<Logged['freeze']>
  retired?: boolean
}

/** The journals of which the table has fewer events than the log, or none. */
export async function lostOf(
  source: LogSource,
  keys: readonly NoteKey[],
  table: AsyncIterable<readonly Journaled[]>,
  now: Instant,
): Promise<readonly Logged[]> {
  const drafts = new Map<string, Draft>()
  const draftOf = (id: string): Draft => {
    const draft = drafts.get(id) ?? { commits: [] }
    drafts.set(id, draft)
    return draft
  }
  const report = await verify({
    source,
    keys,
    now,
    onEntry: ({ request, commit, type }) => {
      const draft = draftOf(request)
      draft.commits.push(commit)
      draft.retired = type === 'request.retired'
    },
    onEvent: (event) => learn(draftOf(event.request), event),
  })
  const fault = report.faults[0]
  if (fault) throw new Unreachable(`the log does not hold, so nothing is given back from it: ${fault.place}: ${fault.what}`)

  const had = new Map<string, number>()
  for await (const some of table) for (const { request, events } of some) had.set(request, events.length)
  return [...drafts].flatMap(([id, { retired, ...draft }]) => {
    const count = had.get(id)
    if ((count ?? 0) >= draft.commits.length || (count === undefined && retired)) return []
    return [{ ...draft, id, at: draft.at ?? now } satisfies Logged]
  })
}

function learn(draft: Draft, event: ReadEvent): void {
  draft.at ??= parseIso(event.at) ?? 0
  if (typeof event.profile === 'string') draft.profile ??= event.profile
  if (typeof event.target === 'string') draft.target ??= event.target
  if (event.type === 'freeze.released') delete draft.freeze
  if (event.type !== 'freeze.set') return
  const until = typeof event.until === 'string' ? parseIso(event.until) : undefined
  // As the ledger has it: nothing ends sooner because it was frozen once more.
  const endOf = (end: Instant | undefined) => end ?? Number.POSITIVE_INFINITY
  if (draft.freeze && endOf(until) < endOf(draft.freeze.until)) return
  draft.freeze = {
    scope: String(event.scope),
    by: event.by as CallerRef,
    why: String(event.why),
    at: parseIso(event.at) ?? 0,
    ...(until === undefined ? {} : { until }),
  }
}
