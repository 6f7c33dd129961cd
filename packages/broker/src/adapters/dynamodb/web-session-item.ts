/** A browser session as it is stored. `vend` reads sessions too, so this file needs nothing of AWS's SDK. */
import { type Done, done, type Unknown } from '@stint/core/outcome'
import type { WebSession, WebSessionKey } from '../../ports/web-sessions.ts'
import { unmarshall } from './attributes.ts'
import type { Sender } from './sender.ts'
import { storedFields } from './stored-fields.ts'
import { webKey } from './table.ts'

const fields = storedFields<WebSession>({ sealed: true, startedAt: true, usedAt: true })

/** Reads consistently, so that a session that was ended is not found. */
export async function readWebSession(
  { read }: Pick<Sender, 'read'>,
  sideTable: string,
  key: WebSessionKey,
): Promise<Done<WebSession | undefined> | Unknown> {
  const found = await read(sideTable, webKey(key))
  // An ended session has no token.
  return found.outcome === 'done' ? done(found.value?.sealed && fields.pick(unmarshall(found.value))) : found
}
