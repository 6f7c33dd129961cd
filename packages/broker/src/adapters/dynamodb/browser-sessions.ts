/** Reads browser sessions for `vend`. Loaded on first use, because few sessions start from a page. */
import type { BrowserSessions } from '../../ports/broker.ts'
import { sender, type VendLedgerSettings } from './sender.ts'

export const browserSessions = (
  { publicUrl }: { readonly publicUrl?: string },
  settings: VendLedgerSettings,
): { readonly browser?: BrowserSessions } =>
  publicUrl === undefined
    ? {}
    : {
        browser: {
          origin: new URL(publicUrl).origin,
          webSession: async (key) => (await import('./web-session-item.ts')).readWebSession(sender(settings), settings.sideTable, key),
        },
      }
