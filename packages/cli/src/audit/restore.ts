/** Compares a story table from a backup with the log: which journals the table lost, and what the log has of them. */

import type { GivingBack, Logged, LoggedEvent } from '@stint/broker/adapters/dynamodb/restore'
import { currentType } from '@stint/core/audit/older-events'
import { type Instant, toIso } from '@stint/core/instant'
import { TILE_WIDTH } from '@stint/tlog/tiles'
import { shownLine } from '../output.ts'
import { CHAIN_START, chainOf } from './journals.ts'
import { type LogSource, Unreachable } from './sources.ts'
import { checkBundle, readBundle } from './verify/bundle.ts'
import { type VerifyOptions, verify } from './verify/verify.ts'

/**
 * The journals that the table lacks or that differ from the log, complete. They are the ones that `stint audit verify --table`
 * reports. The log is read twice: few journals are lost, and keeping all of them in memory would take too much.
 */
export async function lostOf(
  source: LogSource,
  options: Required<Pick<VerifyOptions, 'keys' | 'table' | 'now'>> & Pick<VerifyOptions, 'remembered'>,
): Promise<readonly Logged[]> {
  const lost = new Map<string, LoggedEvent[]>()
  const chains = new Map<string, Buffer>()
  const onLost = (request: string, chain: Buffer) => {
    lost.set(request, [])
    chains.set(request, chain)
  }
  const report = await verify({ source, ...options, onLost })
  // A log with a broken rule is still a log, and restoring never gives access.
  const fault = report.faults.find((one) => one.class === 'tampered' || one.class === 'unreadable')
  if (fault) throw new Unreachable(`The log is invalid, so nothing was restored: ${fault.place}: ${fault.what}`)
  if (lost.size > 0) await readJournals(source, report.size, lost)
  // The second read must return what was verified.
  for (const [request, events] of lost)
    if (!events.reduce((chain, { commit }) => chainOf(chain, commit), CHAIN_START).equals(chains.get(request) as Buffer))
      throw changed(request, 'not the events that were verified')
  return [...lost].map(([id, events]) => ({ id, events }))
}

const changed = (place: string, what: string) => new Unreachable(`The log changed while it was read: ${place}: ${what}`)

async function readJournals(source: LogSource, size: number, journals: ReadonlyMap<string, LoggedEvent[]>): Promise<void> {
  const add = ({ place, what }: { readonly place: string; readonly what: string }) => {
    throw changed(place, what)
  }
  for (let index = 0; index * TILE_WIDTH < size; index++) {
    const { entries, events } = checkBundle(await readBundle(source, index, size), index, { add })
    for (const [at, entry] of entries.entries()) {
      const held = events[at]
      if (entry)
        journals
          .get(entry.request)
          ?.push({ ...entry, type: currentType(entry.type), ...(held === 'erased' || held === undefined ? {} : { held }) })
    }
  }
}

/** Describes an item, with what an operator should check. */
export function givenText(id: string, { freeze, profile, liveUntil, since }: GivingBack, now: Instant): string {
  const holds = freeze && (freeze.expiresAt ?? Number.POSITIVE_INFINITY) > now
  const kinds: { readonly [kind: string]: string } = {
    req: `request${profile === undefined ? '' : ` for ${shownLine(profile)}`}, ended`,
    frz: holds ? `freeze of ${shownLine(freeze.scope)}, in force` : 'freeze',
    lnk: 'link, to be made again',
    sys: 'fact',
  }
  const live = liveUntil !== undefined && liveUntil > now ? `; credentials live until ${toIso(liveUntil)}` : ''
  return `${kinds[id.slice(0, 3)]}${live}${since > 0 ? `, and ${since} events written since` : ''}`
}
