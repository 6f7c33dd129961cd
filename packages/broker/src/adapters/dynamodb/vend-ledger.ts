/** The part of the ledger that the vend path needs: `vend` contains no more, because every part adds to a cold start. */
import { done, type Refused, refused } from '@stint/core/outcome'
import type { Ledger, VendLedger } from '../../ports/ledger.ts'
import type { Links } from '../../ports/links.ts'
import { freezeReader } from './freeze-item.ts'
import { type RareWrites, rareNames } from './rare-names.ts'
import { type LedgerSettings, sender, type VendLedgerSettings } from './sender.ts'
import { sessionWrites } from './sessions.ts'

export function vendLedger(settings: VendLedgerSettings): VendLedger {
  const send = sender(settings)
  let loaded: Promise<RareWrites> | undefined
  /** Loaded on first use: a call that is neither refused nor needs approval does without. */
  const rare = (): Promise<RareWrites> => {
    loaded ??= import('./rare-writes.ts').then(({ rareWrites }) => rareWrites(settings, send))
    return loaded
  }
  return {
    ...sessionWrites(settings, send),
    ...onFirstUse(rare),
    ...freezeReader(settings, send),
    ...closed(settings),
  }
}

/** Its methods, which load it when the first of them is called. */
const onFirstUse = (load: () => Promise<RareWrites>): RareWrites =>
  Object.fromEntries(
    rareNames.map((name) => [
      name,
      async (...call: readonly never[]) => ((await load())[name] as (...call: readonly never[]) => unknown)(...call),
    ]),
  ) as unknown as RareWrites

/**
 * If the deployment itself freezes everything, nothing is written to existing items: a table restored from a backup does not yet reflect
 * what happened since. Refusals can still be recorded, and more can be frozen, which is always safe.
 */
export function closed({ frozen }: LedgerSettings): Partial<Ledger & Links> {
  if (frozen === undefined) return {}
  const no = async (): Promise<Refused<'frozen'>> =>
    refused('frozen', 'Stint is frozen by its deployment. Ask your operators.', { operator: `frozen: ${frozen}` })
  return {
    reserve: no,
    takeToken: no,
    reserveRenewal: no,
    endSession: no,
    ask: no,
    change: no,
    unfreeze: no,
    releaseByDeploy: async () => done(false),
    writeLink: no,
    passTime: async () => done(false),
    sweep: async () => ({ abandoned: 0, changed: 0, unreviewed: 0, faults: [] }),
  }
}
