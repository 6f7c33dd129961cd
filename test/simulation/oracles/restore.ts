/**
 * After a restore from a backup: no request from before it is used again, although the table may have forgotten that it was used. What
 * `stint audit restore` writes closes something: a request is final and grants nothing, and no event of the item is dropped.
 */
import { credentialsIn, eventsIn, isRequest, type Oracle, type OracleContext, sessionsIn, stringOf, type Write } from './oracle.ts'

/** What a request needs to be used, or decided, or changed by time. */
const OPEN = ['usesLeft', 'terms', 'windowExpiresAt', 'openKey', 'openAt', 'workKey', 'dueKey'] as const

const FINAL = ['ended', 'refused', 'used']
const RELEASES: readonly string[] = ['freeze.released', 'freeze.deploy-released']

export function restoreOracle({ fault, reach, now, dynamo, isRestoring }: OracleContext): Oracle {
  const before = new Set<string>()
  let restoredAt: number | undefined

  function judgeJournal({ id, before: old, after }: Write): void {
    // Facts about the deployment repeat, and what the log has as erased does not come back.
    if (id.startsWith('SYS#') || eventsIn(after).some((event) => event?.type === 'request.erased')) return
    const kept = new Set(after?.events?.L?.map((entry) => entry.M?.event?.S))
    if (old?.events?.L?.some((entry) => !kept.has(entry.M?.event?.S))) fault('restore', `${id} loses events when it is restored`)
  }
  function judgeFreeze({ id, after }: Write): void {
    const types = eventsIn(after).map((event) => event?.type as string | undefined)
    const isInForce = types.lastIndexOf('freeze.set') > types.findLastIndex((type) => type !== undefined && RELEASES.includes(type))
    if (isInForce !== (after?.active?.BOOL === true)) fault('restore', `${id} is restored as ${isInForce ? 'released' : 'in force'}`)
    reach(`a freeze is restored ${isInForce ? 'in force' : 'as released'}`)
  }

  return {
    onWrite(write) {
      if (restoredAt === undefined && isRequest(write)) before.add(write.id)
      if (!isRestoring(write)) return
      const { id, after } = write
      judgeJournal(write)
      if (id.startsWith('FREEZE#')) judgeFreeze(write)
      if (!isRequest(write) || !after) return
      const state = stringOf(after.state)
      // A token that a job has renewed with stays used.
      if (!FINAL.includes(state ?? '')) fault('restore', `${id} is restored as ${state}`)
      const open = OPEN.filter((name) => after[name] !== undefined)
      if (open.length > 0 || sessionsIn(after).length > 0) fault('restore', `${id} is restored with ${open.join(', ')} or with sessions`)
      reach('a request is restored from the log')
    },
    onRestored(at) {
      restoredAt = at
    },
    onVended(call, answer) {
      const found = credentialsIn(answer)
      if (!found || restoredAt === undefined || call.started < restoredAt) return
      const item = dynamo
        .items('stint')
        .find((one) => sessionsIn(one).some(({ fields }) => stringOf(fields.issued?.M?.accessKeyId) === found.accessKeyId))
      const id = stringOf(item?.pk) ?? `REQ#${call.renews?.split('.')[0] ?? call.requestId}`
      if (before.has(id)) fault('restore', `${id} is from before the restore, and was used ${now() - restoredAt} ms after it`)
    },
  }
}
