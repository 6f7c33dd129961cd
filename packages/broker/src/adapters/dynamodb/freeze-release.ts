/** Releasing a freeze: by two responders, or by a deployment. */
import { type FreezeId, formatScope } from '@stint/core/access/freeze'
import { journalEntry } from '@stint/core/audit/event'
import { hex128 } from '@stint/core/ids'
import { done, refused } from '@stint/core/outcome'
import type { Ledger } from '../../ports/ledger.ts'
import type { FreezeDirectory } from './freeze-list.ts'
import type { FreezeStore } from './freeze-store.ts'
import type { DynamoSettings } from './sender.ts'

const released = 'active = :no, generation = generation + :one'

export function freezeRelease(
  settings: DynamoSettings,
  { find, change }: FreezeStore,
  { leave }: FreezeDirectory,
): Pick<Ledger, 'unfreeze' | 'releaseByDeploy'> {
  const { random } = settings

  const unfreeze: Ledger['unfreeze'] = async (id, by, isSame, now) => {
    const found = await find(id)
    if (found.outcome === 'unknown') return found
    const freeze = found.value
    if (!freeze?.active) return refused('request-unknown', 'Freeze not found.')
    const { releaseAskedBy: asked, scope, generation } = freeze
    if (asked && isSame(asked)) return done('asked')
    const releases = asked !== undefined
    const event = journalEntry(
      { type: releases ? 'freeze.released' : 'freeze.release-asked', request: id as FreezeId, at: now, scope: formatScope(scope), by },
      settings,
    )
    const attempt = hex128(random)
    const written = await change(
      id,
      {
        // The condition is the freeze as it was read: neither released nor set since. Only a set can change who requested its release.
        ConditionExpression: `generation = :seen AND lastSet = :lastSet${releases ? '' : ' AND attribute_not_exists(releaseAskedBy)'}`,
        UpdateExpression: `SET ${releases ? released : 'releaseAskedBy = :by'}, releaseAttempt = :attempt, events = list_append(events, :events)${releases ? ' REMOVE callerKey, attempts' : ''}`,
      },
      {
        ':seen': generation,
        ':lastSet': freeze.lastSet,
        ':attempt': attempt,
        ':events': [event],
        ...(releases ? { ':no': false, ':one': 1 } : { ':by': by }),
      },
      (found) => found.releaseAttempt === attempt && (releases ? found.generation > generation : found.generation >= generation),
    )
    if (written.outcome === 'unknown') return written
    if (!written.value.ours)
      return refused('request-changed', 'The freeze has changed since it was read. List the freezes again, then retry.')
    if (releases) await leave(id, generation)
    return done(releases ? 'released' : 'asked')
  }

  const releaseByDeploy: Ledger['releaseByDeploy'] = async (id, generation, now) => {
    const found = await find(id)
    if (found.outcome === 'unknown') return found
    const freeze = found.value
    if (!freeze?.active || freeze.generation !== generation) return done(false)
    const { build } = settings
    const event = journalEntry(
      { type: 'freeze.deploy-released', request: id as FreezeId, at: now, scope: formatScope(freeze.scope), build },
      settings,
    )
    const attempt = hex128(random)
    const written = await change(
      id,
      {
        ConditionExpression: 'generation = :seen',
        UpdateExpression: `SET ${released}, releaseAttempt = :attempt, events = list_append(events, :events) REMOVE callerKey, attempts, releaseAskedBy`,
      },
      { ':no': false, ':one': 1, ':seen': generation, ':attempt': attempt, ':events': [event] },
      (found) => found.releaseAttempt === attempt && found.generation > generation,
    )
    if (written.outcome === 'unknown') return written
    if (written.value.ours) await leave(id, generation)
    return done(written.value.ours)
  }

  return { unfreeze, releaseByDeploy }
}
