/** Reading a freeze, and the conditional writes of it. */
import { type Done, done, type Unknown } from '@stint/core/outcome'
import { freezeKey, type StoredFreeze, toFreeze } from './freeze-item.ts'
import type { DynamoSettings, Sender, Update, Values } from './sender.ts'

export type FreezeStore = ReturnType<typeof freezeStore>

export function freezeStore({ storyTable }: DynamoSettings, { read, write }: Sender) {
  async function find(id: string): Promise<Done<StoredFreeze | undefined> | Unknown> {
    const found = await read(storyTable, { pk: freezeKey(id) })
    return found.outcome === 'done' ? done(found.value && toFreeze(found.value)) : found
  }

  /** The freeze after a write, and whether this write set it: with this send, or with an earlier one whose response was lost. */
  async function change(
    id: string,
    input: Update,
    values: Values,
    isOurs: (freeze: StoredFreeze) => boolean,
  ): Promise<Done<{ readonly ours: boolean; readonly freeze: StoredFreeze | undefined }> | Unknown> {
    const shows = (freeze: StoredFreeze | undefined) => freeze !== undefined && isOurs(freeze)
    const written = await write({ table: storyTable, key: { pk: freezeKey(id) } }, input, values, toFreeze, shows)
    if (written.outcome === 'unknown') return written
    const freeze = written.outcome === 'done' ? written.value : written.item
    return done({ ours: shows(freeze), freeze })
  }

  return { find, change }
}
