/** Writes down what the passing of time has done to a request (core/request/due.ts), and keeps it in the index of those that are due. */
import type { RequestId } from '@stint/core/ids'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import { passTime } from '@stint/core/request/due'
import type { Ledger } from '../../ports/ledger.ts'
import { indexKeysOf, indexKeysUpdate, sameIndexKeys } from './index-keys.ts'
import { changeWriter } from './request-changes.ts'
import type { reading as singles } from './request-reader.ts'
import type { LedgerSettings, Sender } from './sender.ts'
import { requestKey } from './table.ts'

type PassingTime = Pick<Ledger, 'passTime'> & {
  /**
   * Corrects the indexes if the request is not where it belongs: the config has changed, or a withdrawal could not know what it met. This
   * is not a change of the request, so its version stays.
   */
  readonly correctIndexKeys: (id: RequestId) => Promise<Done<true> | Unknown>
}

export function passingTime(settings: LedgerSettings, sender: Sender, reading: Pick<ReturnType<typeof singles>, 'stored'>): PassingTime {
  const { approvalOf } = settings
  const write = changeWriter(settings, sender)
  type Found = Extract<Awaited<ReturnType<typeof reading.stored>>, { outcome: 'done' }>['value']

  async function correct(found: Found): Promise<Done<true> | Unknown> {
    const { item, request } = found ?? {}
    if (!item || !request) return done(true)
    const keys = indexKeysOf(request, approvalOf(request.profile))
    if (sameIndexKeys(item, keys)) return done(true)
    const { set, remove, values } = indexKeysUpdate(keys)
    const corrected = await sender.update(
      requestKey(request.id),
      {
        ConditionExpression: 'version = :seen',
        UpdateExpression: [
          ...(set.length > 0 ? [`SET ${set.join(', ')}`] : []),
          ...(remove.length > 0 ? [`REMOVE ${remove.join(', ')}`] : []),
        ].join(' '),
      },
      { ':seen': request.version, ...values },
      (image) => image.version === request.version && sameIndexKeys(image, keys),
    )
    return corrected.outcome === 'unknown' ? corrected : done(true)
  }

  return {
    async passTime(id, now) {
      const found = await reading.stored(id)
      if (found.outcome === 'unknown') return found
      const request = found.value?.request
      const change = request && passTime(request, approvalOf(request.profile), now)
      if (!change) {
        const corrected = await correct(found.value)
        return corrected.outcome === 'unknown' ? corrected : done(false)
      }
      // Conditional on the version that was read: if another writer was faster, the next run handles it.
      const written = await write(request, change, now)
      return written.outcome === 'unknown' ? written : done(written.outcome === 'done')
    },

    async correctIndexKeys(id) {
      const found = await reading.stored(id)
      return found.outcome === 'unknown' ? found : correct(found.value)
    },
  }
}
