/**
 * Setting and releasing freezes. The config grants access, and the table can only withdraw it: so one responder can freeze, and it takes
 * two to release. Every write is safe to send twice and to arrive late (./freeze-item.ts explains how).
 */
import type { Ledger } from '../../ports/ledger.ts'
import { freezeDirectory, freezeList } from './freeze-list.ts'
import { freezeRelease } from './freeze-release.ts'
import { freezeSet } from './freeze-set.ts'
import { freezeStore } from './freeze-store.ts'
import type { DynamoSettings, Sender } from './sender.ts'

export function freezeWrites(
  settings: DynamoSettings,
  sender: Sender,
): Pick<Ledger, 'freezes' | 'freeze' | 'unfreeze' | 'releaseByDeploy'> {
  const [store, directory] = [freezeStore(settings, sender), freezeDirectory(settings, sender)]
  return {
    ...freezeList(settings, sender, directory),
    freeze: freezeSet(settings, store, directory),
    ...freezeRelease(settings, store, directory),
  }
}
