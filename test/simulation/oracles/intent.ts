/** Invariant 1: no AssumeRole without a durable intent; no credential leaves without a durable `issued`. */
import { credentialsIn, isRequest, type Oracle, type OracleContext, sessionsIn, stringOf } from './oracle.ts'

export function intentOracle({ fault, reach, sts }: OracleContext): Oracle {
  const intents = new Map<string, string>()
  const issued = new Map<string, string>()
  const left = new Set<string>()
  return {
    onWrite(write) {
      if (!isRequest(write)) return
      for (const { suffix, state, fields } of sessionsIn(write.after)) {
        const session = `${write.id.slice(4)}.${suffix}`
        const name = stringOf(fields.sessionName)
        if (name !== undefined) intents.set(name, session)
        const accessKeyId = stringOf(fields.issued?.M?.accessKeyId)
        if (state !== 'issued' || accessKeyId === undefined || issued.get(accessKeyId) === session) continue
        if (issued.has(accessKeyId)) fault('intent', `${accessKeyId} is on record for two sessions`)
        if (!sts.made.some((made) => made.accessKeyId === accessKeyId && made.form.RoleSessionName === name))
          fault('intent', `${session} is issued with credentials that AWS did not make for it`)
        issued.set(accessKeyId, session)
      }
    },
    onAssume({ form }) {
      if (!intents.has(form.RoleSessionName ?? '')) fault('intent', `AWS is asked for ${form.RoleSessionName}, which no intent names`)
      reach('AssumeRole')
    },
    onVended(call, answer) {
      const found = credentialsIn(answer)
      // Those of a renewal are judged in ./renewals.ts.
      if (!found || call.renews !== undefined) return
      const session = issued.get(found.accessKeyId)
      if (session === undefined) fault('intent', `${found.accessKeyId} left, and is not on record as issued`)
      if (left.has(found.accessKeyId)) fault('intent', `${found.accessKeyId} left twice`)
      if (found.session !== undefined && session !== undefined && session !== found.session)
        fault('intent', `${found.accessKeyId} of ${session} left as ${found.session}`)
      if (call.requestId !== undefined && session?.startsWith(`${call.requestId}.`) === false)
        fault('intent', `${call.id} named ${call.requestId} and got ${session}`)
      left.add(found.accessKeyId)
      reach('credentials leave')
    },
  }
}
