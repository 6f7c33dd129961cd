/** What the sweeper remembers between its runs, in one row of the side table. Losing it costs a run, and nothing else. */
import { defined } from '@stint/core/defined'
import { hex128 } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import { unmarshall } from './attributes.ts'
import type { LedgerSettings, Sender } from './sender.ts'
import { sideKey } from './table.ts'
import type { Places } from './work-through.ts'

/** A walk through all requests that people must act on, to see whether each is due when the config says. */
export type Walk = {
  /** The config, and when a walk for it first began. */
  readonly config: string
  readonly since: Instant
  /** This walk. */
  readonly startedAt: Instant
  readonly isDone: boolean
  /** Whether it also looks where requests were before there were shards. */
  readonly coversOld?: true
  /** The partition in which it continues, and after which entry. */
  readonly partition?: string
  readonly after?: string
}
export type SweepState = { readonly revision: number; readonly walk?: Walk; readonly places: Places }

const KEY = sideKey('KEEP#due')

export function sweepState(settings: LedgerSettings, sender: Sender) {
  return {
    async read(): Promise<Done<SweepState> | Unknown> {
      const found = await sender.read(settings.sideTable, KEY)
      if (found.outcome === 'unknown') return found
      if (!found.value) return done({ revision: 0, places: {} })
      const { revision = 0, walk, places, table } = unmarshall(found.value) as Partial<SweepState> & { readonly table?: string }
      // It says nothing about a table that has taken the place of another one.
      const isOwn = table === settings.storyTable
      return done({ revision, places: (isOwn && places) || {}, ...(isOwn ? defined({ walk }) : {}) })
    },

    /** Of two sweepers at once, the first to write is remembered. The work of the other one is done all the same. */
    async write(seen: SweepState, { walk, places }: Omit<SweepState, 'revision'>): Promise<Done<true> | Unknown> {
      const attempt = hex128(settings.random)
      const written = await sender.updateSide(
        KEY,
        {
          ConditionExpression: seen.revision === 0 ? 'attribute_not_exists(pk)' : 'revision = :seen',
          UpdateExpression: `SET revision = :next, attempt = :attempt, #table = :table, places = :places${walk ? ', walk = :walk' : ''}`,
          ExpressionAttributeNames: { '#table': 'table' },
        },
        {
          ...(seen.revision === 0 ? {} : { ':seen': seen.revision }),
          ':next': seen.revision + 1,
          ':attempt': attempt,
          ':table': settings.storyTable,
          ':places': places,
          ...(walk ? { ':walk': walk } : {}),
        },
        (image) => image.attempt === attempt,
      )
      return written.outcome === 'unknown' ? written : done(true)
    },
  }
}
