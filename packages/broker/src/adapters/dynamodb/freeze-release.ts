/** Releasing a freeze: by two responders, or by a deployment. */
import { formatScope } from '@stint/core/access/freeze'
import { hex128 } from '@stint/core/ids'
import { done, refused } from '@stint/core/outcome'
import type { Ledger } from '../../ports/ledger.ts'
import type { FreezeDirectory } from './freeze-list.ts'
import type { FreezeStore } from './freeze-store.ts'
import type { LedgerSettings } from './sender.ts'

const released = 'active = :no, generation = generation + :one'

export function freezeRelease(
  settings: LedgerSettings,
  { find, change }: FreezeStore,
  { leave }: FreezeDirectory,
): Pick<Ledger, 'unfreeze' | 'releaseByDeploy'> {
  const { random } = settings

  const unfreeze: Ledger['unfreeze'] = async (id, by, isSame, now, isStopped = async () => done(false)) => {
    const found = await find(id)
    if (found.outcome === 'unknown') return found
    const freeze = found.value
    if (!freeze?.active) return refused('request-unknown', 'Freeze not found.')
    const { releaseAskedBy: asked, scope, generation } = freeze
    if (asked && isSame(asked)) return done('asked')
    const stopped = asked ? await isStopped(asked) : done(false)
    if (stopped.outcome === 'unknown') return stopped
    const releases = asked !== undefined && !stopped.value
    const asksNext = asked ? 'releaseAttempt = :asked' : 'attribute_not_exists(releaseAskedBy)'
    const event = { type: releases ? 'freeze.released' : 'freeze.release-asked', at: now, scope: formatScope(scope), by } as const
    const attempt = hex128(random)
    const written = await change(
      id,
      event,
      (append) => ({
        // The condition is the freeze as it was read: neither released nor set since, and its release requested by the same person or by no one.
        ConditionExpression: `generation = :seen AND lastSet = :lastSet AND ${asksNext}`,
        UpdateExpression: `SET ${releases ? released : 'releaseAskedBy = :by'}, releaseAttempt = :attempt${append}${releases ? ' REMOVE callerKey, attempts' : ''}`,
      }),
      {
        ':seen': generation,
        ':lastSet': freeze.lastSet,
        ':attempt': attempt,
        ...(asked ? { ':asked': freeze.releaseAttempt } : {}),
        ...(releases ? { ':no': false, ':one': 1 } : { ':by': by }),
      },
      // A journal without room for the event leaves only the attempt, which a later release replaces.
      (found, isRecorded) =>
        isRecorded || (found.releaseAttempt === attempt && (releases ? found.generation > generation : found.generation >= generation)),
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
    const event = { type: 'freeze.deploy-released', at: now, scope: formatScope(freeze.scope), build } as const
    const attempt = hex128(random)
    const written = await change(
      id,
      event,
      (append) => ({
        ConditionExpression: 'generation = :seen',
        UpdateExpression: `SET ${released}, releaseAttempt = :attempt${append} REMOVE callerKey, attempts, releaseAskedBy`,
      }),
      { ':no': false, ':one': 1, ':seen': generation, ':attempt': attempt },
      (found, isRecorded) => isRecorded || (found.releaseAttempt === attempt && found.generation > generation),
    )
    if (written.outcome === 'unknown') return written
    if (written.value.ours) await leave(id, generation)
    return done(written.value.ours)
  }

  return { unfreeze, releaseByDeploy }
}
