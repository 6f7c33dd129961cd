/** The parts of the vend path's ledger that are loaded on first use (./rare-writes.ts). */
import type { VendLedger } from '../../ports/ledger.ts'

export const rareNames = [
  'refuse',
  'countSession',
  'countAsk',
  'ask',
  'change',
  'takePlace',
  'leavePlace',
  'renewable',
  'takeToken',
  'reserveRenewal',
  'recordRenewal',
  'failRenewal',
  'endSession',
  'request',
  'ping',
] as const satisfies readonly (keyof VendLedger)[]
export type RareWrites = Pick<VendLedger, (typeof rareNames)[number]>
