/** The part of the ledger that the vend path needs: `vend` contains no more, because every part adds to a cold start. */
import { done, type Refused, refused } from '@stint/core/outcome'
import type { Ledger, VendLedger } from '../../ports/ledger.ts'
import type { Links } from '../../ports/links.ts'
import { freezeReader } from './freeze-item.ts'
import { asks } from './new-request.ts'
import { refusals } from './refusals.ts'
import { reading } from './request-reader.ts'
import { type LedgerSettings, sender, type VendLedgerSettings } from './sender.ts'
import { sessionWrites } from './sessions.ts'
import { places } from './waiting-places.ts'

export function vendLedger(settings: VendLedgerSettings): VendLedger {
  const send = sender(settings)
  const { request, ping } = reading(settings, send)
  return {
    ...sessionWrites(settings, send),
    ...refusals(settings, send),
    ...asks(settings, send),
    ...places(settings, send),
    ...freezeReader(settings, send),
    request,
    ping,
    ...closed(settings),
  }
}

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
    ask: no,
    change: no,
    unfreeze: no,
    releaseByDeploy: async () => done(false),
    writeLink: no,
    passTime: async () => done(false),
    abandon: async () => done({ given: 0 }),
  }
}
