/**
 * Invariant 1 over the whole history: the record of STS, the journals and the responses agree. Each session that AWS made has its intent
 * before it and at most one outcome after it. Its credentials left at most once, after that outcome and for its caller. (./log.ts compares
 * the journals with the log.)
 */
import { credentialsIn, eventsIn, type Item, type Json, type Oracle, type OracleContext, stringOf, type VendCall } from './oracle.ts'

type Left = { readonly call: VendCall; readonly at: number; readonly session: string | undefined }
/** What its journal says of a session. */
type Told = { readonly request: string; readonly caller: string; readonly events: readonly Json[] }

/** Events that name the credentials of one AssumeRole call. */
const NAMING = ['session.issued', 'session.renewed']

export function historyOracle(context: OracleContext): Oracle {
  const { fault, reach, now, skewMs, dynamo, sts } = context
  const left = new Map<string, Left>()
  let isWhole = true

  /** Of requests that were erased since. */
  const kept = new Map<string, Told>()

  function tell(item: Item, byName: Map<string, Told>): void {
    if (!item.pk?.S?.startsWith('REQ#') || item.erased?.BOOL || stringOf(item.terms) === undefined) return
    const events = eventsIn(item).flatMap((event) => event ?? [])
    for (const { session, sessionName } of events.filter(({ type }) => type === 'session.reserved'))
      byName.set(sessionName, {
        request: stringOf(item.id) ?? '',
        caller: stringOf(item.caller?.M?.subject) ?? '',
        events: events.filter((event) => event.session === session),
      })
  }
  function told(): ReadonlyMap<string, Told> {
    const byName = new Map(kept)
    for (const item of dynamo.items('stint')) tell(item, byName)
    return byName
  }

  return {
    onWrite({ before, after }) {
      if (before && after?.erased?.BOOL && !before.erased?.BOOL) tell(before, kept)
    },
    onRestored() {
      isWhole = false
    },
    onVended(call, answer) {
      const found = credentialsIn(answer)
      if (found && left.has(found.accessKeyId)) fault('history', `${found.accessKeyId} left twice`)
      if (found) left.set(found.accessKeyId, { call, at: now(), session: found.session })
    },
    // Before most items are erased, and any are retired or deleted.
    whenHealed() {
      if (!isWhole) return
      const stories = told()
      const named = new Map<string, number>()
      for (const { accessKeyId, at, form } of sts.made) {
        const story = stories.get(form.RoleSessionName ?? '')
        if (!story) {
          fault('history', `AWS made ${form.RoleSessionName}, which is in no journal`)
          continue
        }
        const intent = story.events.find(({ type }) => type === 'session.reserved')
        if (Date.parse(intent?.at) > at + 2 * skewMs) fault('history', `${form.RoleSessionName} was made before its intent`)
        const outcomes = story.events.filter((event) => NAMING.includes(event.type) && event.accessKeyId === accessKeyId)
        named.set(accessKeyId, outcomes.length)
        const gone = left.get(accessKeyId)
        if (outcomes.length > 1) fault('history', `${accessKeyId} has ${outcomes.length} outcomes`)
        if (outcomes.length === 0 && gone) fault('history', `${accessKeyId} left, and no event names it`)
        if (outcomes.length === 0) reach('AWS made credentials that never left')
        const [outcome] = outcomes
        if (!outcome || !gone) continue
        if (gone.call.subject !== story.caller) fault('history', `${accessKeyId} of ${story.caller} left for ${gone.call.subject}`)
        if (gone.session !== undefined && gone.session !== outcome.session)
          fault('history', `${accessKeyId} of ${outcome.session} left as ${gone.session}`)
        if (Date.parse(outcome.at) > gone.at + 2 * skewMs) fault('history', `${accessKeyId} left before its record`)
      }
      for (const { events } of stories.values())
        for (const { type, accessKeyId } of events)
          if (NAMING.includes(type) && !named.has(accessKeyId)) fault('history', `${type} of ${accessKeyId}, which AWS never made`)
      for (const accessKeyId of left.keys()) if (!named.has(accessKeyId)) fault('history', `${accessKeyId} left, and AWS never made it`)
    },
  }
}
