/** Derives the look-up rows from the log again. They are never an authority, so lost rows only need this command. */

import { aboutOf, lookupRows } from '@stint/broker/log/stage'
import type { LogState, LookupRow } from '@stint/broker/ports/log'
import type { About } from '@stint/core/audit/journal-item'
import type { Instant } from '@stint/core/instant'
import { canonicalJson } from '@stint/core/json'
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
  const abouts = new Map<string, About>()
  let events = 0
  const report = await verify({
    source,
    ...known,
    now,
    onEvent: (event, seq) => {
      const about = abouts.get(event.request) ?? aboutOf(event)
      abouts.set(event.request, about)
      events++
      rows.push(...lookupRows({ event: canonicalJson(event), request: event.request, seq, about }))
    },
  })
  const fault = report.faults[0]
  if (fault) throw new Unreachable(`The log is invalid, so no rows were written: ${fault.place}: ${fault.what}`)
  for (let at = 0; at < rows.length; at += BATCH) await state.index(rows.slice(at, at + BATCH))
  return { events, rows: rows.length }
}
