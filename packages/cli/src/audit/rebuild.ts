/** Derives the lookup rows from the log again. They are never an authority, so lost rows only need this command. */

import { aboutOf, newRows, type Run, runAfter } from '@stint/broker/log/lookup'
import type { LogState, LookupRow } from '@stint/broker/ports/log'
import type { About } from '@stint/core/audit/journal-item'
import type { Instant } from '@stint/core/instant'
import type { LogSource } from './sources.ts'
import { Unreachable } from './sources.ts'
import { type VerifyOptions, verify } from './verify/verify.ts'

/** How many rows are written in one batch. */
const BATCH = 1000

export async function rebuild(
  source: LogSource,
  known: Pick<VerifyOptions, 'keys' | 'remembered'>,
  state: Pick<LogState, 'index'>,
  now: Instant,
): Promise<{ readonly events: number; readonly rows: number }> {
  const rows: LookupRow[] = []
  const journals = new Map<string, { readonly about: About; readonly run: Run; readonly seq: number; readonly keys: Set<string> }>()
  let events = 0
  const report = await verify({
    source,
    ...known,
    now,
    onEvent: (event, seq) => {
      const { request } = event
      events++
      const before = journals.get(request)
      const about = before?.about ?? aboutOf(event)
      // If the event before it was erased, it begins a run.
      const run = runAfter(before?.seq === seq - 1 ? before.run : undefined, event.at, seq)
      const keys = run === before?.run ? before.keys : new Set<string>()
      journals.set(request, { about, run, seq, keys })
      rows.push(...newRows({ event, request, about, run }, keys))
    },
  })
  const fault = report.faults[0]
  if (fault) throw new Unreachable(`The log is invalid, so no rows were written: ${fault.place}: ${fault.what}`)
  for (let at = 0; at < rows.length; at += BATCH) await state.index(rows.slice(at, at + BATCH))
  return { events, rows: rows.length }
}
