/** The parts of a broker. */

import type { Rules } from '@stint/core/config/shape'
import type { RandomBytes } from '@stint/core/ids'
import type { SignIn } from './console-sign-in.ts'
import type { IssuerKeys } from './issuer-keys.ts'
import type { VendLedger } from './ledger.ts'
import type { Clock, Log } from './runtime.ts'
import type { Sts } from './sts.ts'
import type { WebSessions } from './web-sessions.ts'

export type Broker<L extends VendLedger = VendLedger> = {
  readonly rules: Rules
  /** Identifies the deployed code in every event. */
  readonly build: string
  readonly clock: Clock
  readonly random: RandomBytes
  readonly sleep: (milliseconds: number) => Promise<void>
  readonly keys: IssuerKeys
  readonly ledger: L
  readonly sts: Sts
  readonly signIn?: SignIn
  /** For `vend`, the browser sessions of Stint's own pages. */
  readonly browser?: BrowserSessions
  /** The key that signs the log, as a vkey. */
  readonly logVkey?: string
  readonly log: Log
}

/** `origin`: that of the broker's public URL; the pages are at the same one. */
export type BrowserSessions = Pick<WebSessions, 'webSession'> & { readonly origin: string }
