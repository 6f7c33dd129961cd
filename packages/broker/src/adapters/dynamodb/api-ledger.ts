/** The ledger of `api`, which also has the browser sessions of the pages. */
import type { Ledger } from '../../ports/ledger.ts'
import type { Links } from '../../ports/links.ts'
import type { WebSessions } from '../../ports/web-sessions.ts'
import { dynamoLedger } from './ledger.ts'
import { tableOverSdk } from './over-sdk.ts'
import { type DynamoSettings, sender } from './sender.ts'
import { webSessions } from './web-sessions.ts'

export const apiLedger = (settings: DynamoSettings): Ledger & Links & WebSessions => ({
  ...dynamoLedger(settings),
  ...webSessions(settings, sender({ ...settings, calls: tableOverSdk(settings.client) })),
})
