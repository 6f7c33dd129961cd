/** Single requests, read by key and consistently. */

import type { RequestId } from '@stint/core/ids'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import type { AccessRequest } from '@stint/core/request/request'
import type { Ledger } from '../../ports/ledger.ts'
import { type Item, toItem, toRequest } from './items.ts'
import type { LedgerSettings, Sender } from './sender.ts'
import { requestKey } from './table.ts'

type Reading = Pick<Ledger, 'request' | 'ping'> & {
  readonly readItem: (id: RequestId) => Promise<Done<Item | undefined> | Unknown>
  /** The item with its request; `request` is undefined for a refusal, and for what was restored from the log. */
  readonly stored: (
    id: RequestId,
  ) => Promise<Done<{ readonly item: Item; readonly request: AccessRequest | undefined } | undefined> | Unknown>
}

export function reading({ storyTable }: LedgerSettings, { read }: Sender): Reading {
  const readItem: Reading['readItem'] = async (id) => {
    const found = await read(storyTable, { pk: requestKey(id) })
    return found.outcome === 'done' ? done(found.value && toItem(found.value)) : found
  }
  const stored: Reading['stored'] = async (id) => {
    const item = await readItem(id)
    if (item.outcome !== 'done' || !item.value) return item.outcome === 'done' ? done(undefined) : item
    try {
      if (typeof item.value.state === 'string') return done({ item: item.value, request: toRequest(item.value) })
    } catch {
      // The stored terms are not valid JSON.
    }
    return { outcome: 'unknown', cause: 'ledger: a request cannot be read' }
  }
  return {
    readItem,
    stored,
    async request(id) {
      const found = await stored(id)
      return found.outcome === 'done' ? done(found.value?.request) : found
    },
    async ping() {
      return (await read(storyTable, { pk: 'SYS#ping' })).outcome === 'done'
    },
  }
}
