/**
 * Links: one item of the story table for each person who has one, with the journal of it. Pointers to it, from a code and
 * from a Slack user, stand in the side table, as digests that name nobody; whatever they say, the item must say the same.
 */
import { GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import { type AuditEvent, journalEntry } from '@stint/core/audit/event'
import { shortDigest } from '@stint/core/digest'
import { CODE_SECONDS, type Link, type LinkChange, type LinkId } from '@stint/core/identity/link'
import { type Instant, seconds, toIso } from '@stint/core/instant'
import { done, type Unknown } from '@stint/core/outcome'
import type { Links, Pointer } from '../../ports.ts'
import { storedFields } from './fields.ts'
import type { Blocked, DynamoSettings, Sender } from './send.ts'
import { OTHER_DAY, sideKey, TTL } from './table.ts'

const pointerKey = ({ kind, name }: Pointer): string => `${kind === 'code' ? 'CODE' : 'SLACK'}#${shortDigest(name)}`
const linkKey = (id: LinkId): string => `LINK#${id}`
const wrongCodesKey = (slack: string, now: Instant): string =>
  `WRONG#${shortDigest(slack)}#${Math.floor(now / seconds(CODE_SECONDS)).toString(36)}`

/** Events of one person's links: a journal stays far below DynamoDB's 400 KB. */
const MOST_EVENTS = 300
/** A full one can still be ended (rules §2). */
const FOR_ENDS = 20

export function links(settings: DynamoSettings, { send }: Sender): Links {
  const { client, storyTable, sideTable } = settings

  return {
    async link(id) {
      const found = await send(() =>
        client.send(new GetItemCommand({ TableName: storyTable, Key: marshall({ pk: linkKey(id) }), ConsistentRead: true })),
      )
      if (found.outcome !== 'done') return unknownOf(found)
      return done(found.value.Item && toLink(found.value.Item))
    },

    async writeLink(id, version, { link, events }, now, came) {
      const set = linkFields.pick(link)
      const { names } = linkFields
      const [kept, gone] = [names.filter((name) => set[name] !== undefined), names.filter((name) => set[name] === undefined)]
      const entries = events.map((event) => journalEntry({ ...event, ...came, request: id, at: now } as AuditEvent, settings))
      const written = await send(() =>
        client.send(
          new UpdateItemCommand({
            TableName: storyTable,
            Key: marshall({ pk: linkKey(id) }),
            ConditionExpression: version === 0 ? 'attribute_not_exists(pk)' : 'version = :seen AND size(events) < :most',
            UpdateExpression: `SET id = :id, version = :next, dayKey = :day, #at = if_not_exists(#at, :at), events = list_append(if_not_exists(events, :none), :events)${kept.map((name) => `, #${name} = :${name}`).join('')} REMOVE ${['erased', ...gone.map((name) => `#${name}`)].join(', ')}`,
            ExpressionAttributeNames: { '#at': 'at', ...Object.fromEntries(names.map((name) => [`#${name}`, name])) },
            ExpressionAttributeValues: marshall({
              ...(version === 0
                ? {}
                : { ':seen': version, ':most': events.every(({ type }) => type === 'link.ended') ? MOST_EVENTS + FOR_ENDS : MOST_EVENTS }),
              ':id': id,
              ':next': version + 1,
              ':day': OTHER_DAY,
              ':at': `${toIso(now)}#${id}`,
              ':none': [],
              ':events': entries,
              ...Object.fromEntries(kept.map((name) => [`:${name}`, set[name]])),
            }),
          }),
        ),
      )
      return written.outcome === 'unknown' ? written : done(written.outcome === 'done')
    },

    async point(at, to, until, before) {
      const put = await send(() =>
        client.send(
          new PutItemCommand({
            TableName: sideTable,
            Item: marshall({ ...sideKey(pointerKey(at)), link: to, [TTL]: Math.ceil(until / 1000) }),
            // Ours too: the answer to an earlier send was lost.
            ConditionExpression: `link = :to OR ${before === undefined ? 'attribute_not_exists(pk)' : 'link = :before'}`,
            ExpressionAttributeValues: marshall({ ':to': to, ...(before === undefined ? {} : { ':before': before }) }),
          }),
        ),
      )
      return put.outcome === 'unknown' ? put : done(put.outcome === 'done')
    },

    async pointed(at) {
      const Key = marshall(sideKey(pointerKey(at)))
      const found = await send(() => client.send(new GetItemCommand({ TableName: sideTable, Key, ConsistentRead: true })))
      if (found.outcome !== 'done') return unknownOf(found)
      return done(found.value.Item && (unmarshall(found.value.Item).link as LinkId))
    },

    async wrongCodes(slack, now) {
      // The while before as well: who begins at its end does not begin anew with the next.
      const whiles = [now, now - seconds(CODE_SECONDS)].map((at) => marshall(sideKey(wrongCodesKey(slack, at))))
      const found = await Promise.all(
        whiles.map((Key) => send(() => client.send(new GetItemCommand({ TableName: sideTable, Key, ConsistentRead: true })))),
      )
      let wrong = 0
      for (const one of found) {
        if (one.outcome !== 'done') return unknownOf(one)
        wrong += Number(one.value.Item?.times?.N ?? 0)
      }
      return done(wrong)
    },

    async countWrongCode(slack, now) {
      const counted = await send(() =>
        client.send(
          new UpdateItemCommand({
            TableName: sideTable,
            Key: marshall(sideKey(wrongCodesKey(slack, now))),
            UpdateExpression: `ADD times :one SET ${TTL} = :end`,
            ExpressionAttributeValues: marshall({ ':one': 1, ':end': Math.floor(now / 1000) + 2 * CODE_SECONDS }),
            ReturnValues: 'ALL_NEW',
          }),
        ),
      )
      return counted.outcome === 'done' ? done(Number(counted.value.Attributes?.times?.N ?? 0)) : unknownOf(counted)
    },
  }
}

/** Nothing here has a condition that could block but `writeLink`, which says so itself. */
export const unknownOf = (answer: Blocked<unknown> | Unknown): Unknown =>
  answer.outcome === 'unknown' ? answer : { outcome: 'unknown', cause: 'ledger: blocked' }

type LinkState = LinkChange['link']
const linkFields = storedFields<LinkState>({ caller: true, identity: true, offer: true, pending: true, active: true, typed: true })

/** Of an erased one nothing is left but its name; whoever takes a code again begins it anew. */
const nobody = { caller: { issuer: '', subject: '', name: '', kind: 'human' }, identity: '' } as const

function toLink(attributes: Parameters<typeof unmarshall>[0]): Link {
  const item = unmarshall(attributes) as Pick<Link, 'id' | 'version'>
  return { ...nobody, ...linkFields.pick(item), id: item.id, version: item.version }
}
