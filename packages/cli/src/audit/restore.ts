/** A story table from a backup, held against the log: which journals it lost, and what the log has of them. */

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
 * The journals that the log has and the table has not, or not as the log has them, whole. What `stint audit verify --table`
 * names is what this finds. The log is read twice: few journals are lost, and to keep all of them in memory would be much.
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
  // One that tells of what must not happen is a log all the same, and giving back only closes.
  const fault = report.faults.find((one) => one.class === 'tampered' || one.class === 'unreadable')
  if (fault) throw new Unreachable(`the log does not hold, so nothing is given back from it: ${fault.place}: ${fault.what}`)
  if (lost.size > 0) await readJournals(source, report.size, lost)
  // What is read a second time must be what was verified.
  for (const [request, events] of lost)
    if (!events.reduce((chain, { commit }) => chainOf(chain, commit), CHAIN_START).equals(chains.get(request) as Buffer))
      throw changed(request, 'not the events that were verified')
  return [...lost].map(([id, events]) => ({ id, events }))
}

const changed = (place: string, what: string) => new Unreachable(`the log changed while it was read: ${place}: ${what}`)

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

/** In words, with what somebody should look at. */
export function givenText(id: string, { freeze, profile, liveUntil, since }: GivingBack, now: Instant): string {
  const holds = freeze && (freeze.expiresAt ?? Number.POSITIVE_INFINITY) > now
  const kinds: { readonly [kind: string]: string } = {
    req: `request${profile === undefined ? '' : ` for ${shownLine(profile)}`}, over`,
    frz: holds ? `freeze of ${shownLine(freeze.scope)}, in force` : 'freeze',
    lnk: 'link, to be made anew',
    sys: 'fact',
  }
  const live = liveUntil !== undefined && liveUntil > now ? `; credentials live until ${toIso(liveUntil)}` : ''
  return `${kinds[id.slice(0, 3)]}${live}${since > 0 ? `, and ${since} written since` : ''}`
}
