/**
 * The invariants of the design, as checks over what is left behind: the table, its stream, and what STS gave out. They know
 * nothing of what was done to get there.
 */
import { REVOKER } from '@stint/core/config/revoker'
import type { TestSandbox } from './sandbox.ts'

type Attributes = Record<string, any>
export type StoredRequest = {
  readonly id: string
  readonly uses: number
  readonly usesLeft: number
  readonly sessions: readonly Attributes[]
  readonly events: readonly any[]
  /** It stands in the index of open reservations. */
  readonly open: boolean
}

/** Everything in the story table, read past the broker. */
export async function storedRequests({ aws }: Pick<TestSandbox, 'aws'>): Promise<StoredRequest[]> {
  const items: Attributes[] = []
  let from: unknown
  do {
    const page = await aws.dynamo.direct('Scan', { TableName: 'stint', ConsistentRead: true, ...(from ? { ExclusiveStartKey: from } : {}) })
    items.push(...(page.Items as Attributes[]))
    from = page.LastEvaluatedKey
  } while (from)
  return items
    .filter((item) => item.pk.S.startsWith('REQ#') && !['refused', 'used'].includes(item.state.S))
    .map((item) => ({
      id: item.id.S,
      uses: Number(item.limits?.M.uses?.N ?? JSON.parse(item.terms.S).uses),
      // One that waits has nothing to give yet.
      usesLeft: Number(item.usesLeft?.N ?? item.limits?.M.uses?.N ?? JSON.parse(item.terms.S).uses),
      sessions: Object.entries(item)
        .filter(([name]) => name.startsWith('ses.'))
        .map(([name, value]) => ({
          id: `${item.id.S}.${name.slice(4)}`,
          state: (value as any).M.state.S,
          accessKeyId: (value as any).M.issued?.M.accessKeyId.S,
          sessionName: (value as any).M.sessionName.S,
        })),
      events: item.events.L.map((entry: any) => JSON.parse(entry.M.event.S)),
      open: item.openKey !== undefined,
    }))
}

/** What STS gave to the broker: sessions of target roles, and not those of its own roles and of revokers. */
export const madeByAws = ({ aws }: Pick<TestSandbox, 'aws'>) =>
  [...aws.world.identities.values()].flatMap(({ key, grant }) =>
    grant && !grant.role.name.startsWith('stint-') && !grant.role.name.endsWith(REVOKER)
      ? [{ accessKeyId: key.accessKeyId, sessionName: grant.sessionName }]
      : [],
  )

/**
 * Invariant 1: no AssumeRole without a durable intent; no credential left without a durable `issued`.
 * Invariant 2: a use is taken at most once.
 * `left` are the access keys that callers got to see.
 */
export async function brokenInvariants(sandbox: Pick<TestSandbox, 'aws'>, left: readonly string[]): Promise<string[]> {
  const requests = await storedRequests(sandbox)
  const sessions = requests.flatMap(({ sessions: all }) => all)
  const names = new Set(sessions.map(({ sessionName }) => sessionName))
  const issued = new Set(sessions.flatMap(({ accessKeyId }) => accessKeyId ?? []))
  return [
    ...madeByAws(sandbox)
      .filter(({ sessionName }) => !names.has(sessionName))
      .map(({ sessionName }) => `AWS has session ${sessionName}, which no intent names`),
    ...left.filter((key) => !issued.has(key)).map((key) => `credentials ${key} left, and are not on record as issued`),
    ...(new Set(left).size === left.length ? [] : ['the same credentials left twice']),
    ...requests.flatMap(({ id, uses, usesLeft, sessions: all, events }) => {
      const taken = all.filter(({ state, accessKeyId }) => state === 'reserved' || accessKeyId !== undefined).length
      const reservedEvents = events.filter(({ type }) => type === 'session.reserved').length
      return [
        ...(usesLeft === uses - taken && usesLeft >= 0 ? [] : [`request ${id}: ${uses} uses, ${taken} taken, ${usesLeft} left`]),
        ...(reservedEvents === all.length ? [] : [`request ${id}: ${all.length} sessions, ${reservedEvents} intents in the journal`]),
        ...(['request.created', 'request.asked'].includes(events[0]?.type)
          ? []
          : [`request ${id}: its journal does not begin with its creation`]),
        ...all.flatMap(({ id: session, state, accessKeyId }) =>
          journalFaults(session, state === 'ended' && accessKeyId !== undefined ? 'ended after it was issued' : state, events),
        ),
      ]
    }),
  ]
}

/** A session's events must tell its state: an intent first, then at most one end. A dropped answer changes no state. */
function journalFaults(session: string, state: string, events: readonly any[]): string[] {
  const all = events.filter((event) => event.session === session).map(({ type }) => type)
  const isOpen = state === 'reserved' || state === 'abandoned'
  const types = all.filter((type) => !(isOpen && type === 'session.answer-dropped'))
  const expected: Record<string, string[]> = {
    reserved: ['session.reserved'],
    issued: ['session.reserved', 'session.issued'],
    'ended after it was issued': ['session.reserved', 'session.issued', 'session.ended'],
    failed: ['session.reserved', 'session.failed'],
    abandoned: ['session.reserved', 'session.abandoned'],
  }
  return JSON.stringify(types) === JSON.stringify(expected[state])
    ? []
    : [`session ${session} is ${state}, its journal says ${all.join(', ')}`]
}
