/**
 * What is stored about sessions that end at once, in the side table. `ENDS` has one row for each request with an end that is not done: what
 * is to be done survives every crash in between. `DENY#<role>` has one row for each session that the role's policy denies, from which the
 * policy is made. This file is for those who request an end; ./end-work.ts is for the function that carries it out.
 */
import { defined } from '@stint/core/defined'
import { shortDigest } from '@stint/core/digest'
import { hex128, type RequestId, sessionSuffix } from '@stint/core/ids'
import { type Instant, seconds } from '@stint/core/instant'
import { done } from '@stint/core/outcome'
import { type EndedSession, rowBeside } from '@stint/core/request/immediate-end'
import type { EndNotes, PendingEnd } from '../../ports/immediate-ends.ts'
import { unmarshall } from './attributes.ts'
import { partitionRows } from './partition-rows.ts'
import { type DynamoSettings, type Sender, unconditional } from './sender.ts'
import { storedFields } from './stored-fields.ts'
import { type Attributes, TTL } from './table.ts'

export const PENDING_ENDS = 'ENDS'
export const denyKey = (roleArn: string): string => `DENY#${shortDigest(roleArn)}`
/** Rows of `DENY#<role>` that are not about one session: about every earlier session, and how many there are. No suffix looks like them. */
export const EARLIER = 'EARLIER'
export const COUNT = 'COUNT'
export const isSession = ({ sk }: Attributes): boolean => sk?.S !== EARLIER && sk?.S !== COUNT

export const pendingPrefix = (roleArn: string): string => `${shortDigest(roleArn)}#`
export const pendingKey = ({ roleArn, request }: Pick<PendingEnd, 'roleArn' | 'request'>) => ({
  pk: PENDING_ENDS,
  sk: `${pendingPrefix(roleArn)}${request}`,
})
const pendingFields = storedFields<PendingEnd>({
  target: true,
  roleArn: true,
  request: true,
  at: true,
  attempt: true,
  everyEarlier: true,
  last: true,
})
export const toPending = (item: Attributes): PendingEnd => pendingFields.pick(unmarshall(item) as PendingEnd)

export const endedFields = storedFields<Omit<EndedSession, 'suffix' | 'row'>>({
  request: true,
  issuedAt: true,
  until: true,
  notedAt: true,
  state: true,
})
/** A row is named by the suffix, or by `rowBeside` if another session of the role had it first. */
export const rowOf = ({ suffix, row = suffix }: EndedSession): string => row
export const toEnded = (item: Attributes): EndedSession => {
  const { sk: row, ...stored } = unmarshall(item) as EndedSession & { readonly sk: string }
  const [suffix = row] = row.split('.')
  return { suffix, ...endedFields.pick(stored), ...(row === suffix ? {} : { row }) }
}

/** Longer than any credentials of a chained session work. After that there is nothing left to deny. */
const PENDING_SECONDS = 2 * 3600

export function endNotes({ client, sideTable, random }: Pick<DynamoSettings, 'client' | 'sideTable' | 'random'>, sender: Sender): EndNotes {
  const { read, updateSide } = sender
  const rowsOf = partitionRows({ client, sideTable }, sender)

  /** Blocked if the row has a later `everyEarlier`: this write can arrive after that of a later end. */
  function write({ target, roleArn, request, at, everyEarlier, last }: Omit<PendingEnd, 'attempt'>) {
    const attempt = hex128(random)
    const isEarlier = everyEarlier !== undefined
    return updateSide(
      pendingKey({ roleArn, request }),
      {
        ...(isEarlier ? { ConditionExpression: 'attribute_not_exists(everyEarlier) OR everyEarlier <= :everyEarlier' } : {}),
        UpdateExpression: `SET #target = :target, roleArn = :roleArn, #request = :request, #at = :at, attempt = :attempt, ${TTL} = :end${isEarlier ? ', everyEarlier = :everyEarlier, #last = :last' : ''}`,
        ExpressionAttributeNames: { '#target': 'target', '#request': 'request', '#at': 'at', ...(isEarlier ? { '#last': 'last' } : {}) },
      },
      {
        ':target': target,
        ':roleArn': roleArn,
        ':request': request,
        ':at': at,
        ':attempt': attempt,
        ':end': Math.floor(at / 1000) + PENDING_SECONDS,
        ...(isEarlier ? { ':everyEarlier': everyEarlier, ':last': last } : {}),
      },
      (image) => image.attempt === attempt,
    )
  }

  return {
    async note({ everyEarlier, last, ...pending }) {
      const written = await write({ ...pending, ...defined({ everyEarlier, last }) })
      // Blocked: more is to be denied already, and stays.
      const noted = written.outcome === 'blocked' && everyEarlier !== undefined ? await write(pending) : written
      if (noted.outcome === 'blocked') return unconditional
      return noted.outcome === 'done' ? done(true) : noted
    },

    async count(roleArn, enough, now) {
      const counted = read(sideTable, { pk: denyKey(roleArn), sk: COUNT })
      const [last, pending] = await Promise.all([counted, rowsOf(PENDING_ENDS, { prefix: pendingPrefix(roleArn) })])
      if (last.outcome === 'unknown') return last
      if (pending.outcome === 'unknown') return pending
      // Some of these have expired since, and some pending ones are among them. So only a small count saves reading all rows.
      const most = Number(last.value?.count?.N ?? 0) + pending.value.length
      if (most < enough) return done(most)
      const rows = await rowsOf(denyKey(roleArn))
      if (rows.outcome === 'unknown') return rows
      const ended = rows.value.filter(isSession).map(toEnded)
      const seen = new Set(ended.map(({ request }) => request))
      const waiting = pending.value.map(toPending).filter(({ request }) => !seen.has(request))
      return done(ended.filter(({ until }) => until > now).length + waiting.length)
    },

    async stateOf(roleArn, session) {
      const request = session.slice(0, session.indexOf('.')) as RequestId
      const suffix = sessionSuffix(session)
      const endedAt = async (sk: string) => {
        const row = await read(sideTable, { pk: denyKey(roleArn), sk })
        return row.outcome === 'done' ? done(row.value && toEnded(row.value)) : row
      }
      let found = await endedAt(suffix)
      // The row of the suffix can be that of another session, or gone with it.
      if (found.outcome === 'done' && found.value?.request !== request) found = await endedAt(rowBeside({ suffix, request }))
      if (found.outcome === 'unknown') return found
      if (found.value?.state) return done(found.value.state)
      const pending = await read(sideTable, pendingKey({ roleArn, request }))
      if (pending.outcome === 'unknown') return pending
      return done(pending.value && 'requested')
    },

    async pendingRoles() {
      const rows = await rowsOf(PENDING_ENDS)
      if (rows.outcome === 'unknown') return rows
      // The newest end names the target that the config has now.
      const roles = new Map<string, { readonly target: string; readonly roleArn: string; readonly at: Instant }>()
      for (const { target, roleArn, at } of rows.value.map(toPending).sort((one, other) => one.at - other.at))
        roles.set(roleArn, { target, roleArn, at: roles.get(roleArn)?.at ?? at })
      return done([...roles.values()])
    },
  }
}

/** When DynamoDB may delete a row, in seconds. */
export const ttlOf = (until: Instant): number => Math.ceil((until + seconds(3600)) / 1000)
