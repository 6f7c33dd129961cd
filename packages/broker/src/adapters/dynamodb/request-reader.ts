/** Single requests, read by key and consistently. */

import type { RequestId } from '@stint/core/ids'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import type { Ledger } from '../../ports/ledger.ts'
import { type Item, toItem, toRequest } from './items.ts'
import type { LedgerSettings, Sender } from './sender.ts'
import { requestKey } from './table.ts'

type Reading = Pick<Ledger, 'request' | 'ping'> & { readonly readItem: (id: RequestId) => Promise<Done<Item | undefined> | Unknown> }

export function reading({ storyTable }: LedgerSettings, { read }: Sender): Reading {
  const readItem: Reading['readItem'] = async (id) => {
    const found = await read(storyTable, { pk: requestKey(id) })
    return found.outcome === 'done' ? done(found.value && toItem(found.value)) : found
  }
  return {
    readItem,
    async request(id) {
      const item = await readItem(id)
      if (item.outcome !== 'done' || !item.value) return item.outcome === 'done' ? done(undefined) : item
      try {
        if (typeof item.value.state === 'string') return done(toRequest(item.value))
      } catch {
        // The stored terms are not valid JSON.
      }
      return { outcome: 'unknown', cause: 'ledger: a request cannot be read' }
    },
    async ping() {
      return (await read(storyTable, { pk: 'SYS#ping' })).outcome === 'done'
    },
  }
}
