/** The story table's part of erasure: what can be erased, and the write that leaves the skeleton. */

import { GetItemCommand, QueryCommand, UpdateItemCommand, type UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import { commitIn } from '@stint/core/audit/journal-item'
import { defined } from '@stint/core/defined'
import { activeAt, type Link, type LinkId, linkId } from '@stint/core/identity/link'
import { parseRequestId, type RequestId } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import type { ErasableId, ErasureParts } from '../../log/erase.ts'
import { COUNTED, itemIn, pageIn, pagesOf } from './answer-checks.ts'
import { toItem } from './items.ts'
import { journaled, sameJournal } from './journal-item.ts'
import { aliveAt } from './lifetime.ts'
import { callerKey, dayKey, indexes, journalKey, shardOf, type TableReader, TTL, timeKey } from './table.ts'
import { asked, listened, written } from './trouble.ts'

/** What remains: it identifies nobody, and keeps the item where lists and conditions expect it. */
const SKELETON = [
  'pk',
  'id',
  'state',
  'version',
  'createdAt',
  'profile',
  'target',
  'dayKey',
  'at',
  'events',
  'erased',
  'windowExpiresAt',
  TTL,
]

type UpdateInput = Omit<UpdateItemCommandInput, 'TableName'>

const isLink = (id: ErasableId): id is LinkId => id.startsWith('lnk_')
/** Why the link cannot be erased yet. A link that has expired does not need to be ended first. */
const linkAlive = (image: Parameters<typeof unmarshall>[0], now: Instant): string | undefined =>
  activeAt(unmarshall(image) as Link, now) ? 'is an active link, which must be removed first' : undefined

export function erasures({ client, storyTable }: TableReader): Pick<ErasureParts, 'item' | 'strip'> & {
  /** Every request and refusal of a caller, and their links. */
  readonly requestsOf: (issuer: string, subject: string) => Promise<readonly ErasableId[]>
} {
  const read = async (request: ErasableId) => {
    const Key = marshall({ pk: journalKey(request) })
    const get = new GetItemCommand({ TableName: storyTable, Key, ConsistentRead: true, ...COUNTED })
    return asked(client.send(get).then((answer) => itemIn(answer, storyTable, Key)))
  }

  return {
    async requestsOf(issuer, subject) {
      const link = linkId({ issuer, subject })
      const ids: ErasableId[] = (await read(link)) ? [link] : []
      const key = callerKey({ issuer, subject })
      const pages = pagesOf(async (from) => {
        const page = await client.send(
          new QueryCommand({
            TableName: storyTable,
            IndexName: indexes.byCaller.name,
            KeyConditionExpression: 'callerKey = :key',
            ExpressionAttributeValues: marshall({ ':key': key }),
            ...COUNTED,
            ...(from ? { ExclusiveStartKey: from } : {}),
          }),
        )
        return pageIn(page, storyTable, marshall({ callerKey: key }))
      })
      for await (const page of listened(pages))
        ids.push(...page.flatMap(({ pk }) => parseRequestId(pk?.S?.slice('REQ#'.length) ?? '') ?? []))
      return ids
    },

    async item(request, now) {
      const image = await read(request)
      const journal = image && journaled(image)
      if (!image || !journal) return undefined
      const erased = image.erased?.BOOL === true
      const alive = erased ? undefined : isLink(request) ? linkAlive(image, now) : aliveAt(toItem(image), now)
      return { journal, erased, ...defined({ alive }) }
    },

    async strip(request, commits, erased, gone, now) {
      const events = [...commits.map((commit) => ({ commit })), erased]
      const update = gone ? skeleton(request, events, now) : await stripped(request, commits, events)
      if (!update) return false
      return written(
        client.send(new UpdateItemCommand({ TableName: storyTable, ...COUNTED, ReturnValues: 'UPDATED_NEW', ...update })),
        storyTable,
        (shown) => shown?.erased?.BOOL === true && shown.events?.L?.length === events.length,
      )
    },
  }

  /** Undefined if the item no longer has the journal that is erased. */
  async function stripped(request: ErasableId, commits: readonly string[], events: readonly object[]): Promise<UpdateInput | undefined> {
    const image = (await read(request)) ?? {}
    const found = (journaled(image)?.events ?? []).map(commitIn)
    if (found.length !== commits.length || found.some((commit, at) => commit !== commits[at])) return undefined
    const { conditions, values } = sameJournal(image)
    const gone = Object.keys(image).filter((name) => !SKELETON.includes(name))
    return {
      Key: marshall({ pk: journalKey(request) }),
      ConditionExpression: ['attribute_not_exists(erased)', ...conditions].join(' AND '),
      UpdateExpression: `SET events = :events, erased = :yes, version = if_not_exists(version, :none) + :one${gone.length > 0 ? ` REMOVE ${gone.map((_, at) => `#n${at}`).join(', ')}` : ''}`,
      ...(gone.length > 0 ? { ExpressionAttributeNames: Object.fromEntries(gone.map((name, at) => [`#n${at}`, name])) } : {}),
      ExpressionAttributeValues: { ...values, ...marshall({ ':events': events, ':yes': true, ':none': 0, ':one': 1 }) },
    }
  }

  /** Recreates an item that has left the table, in a form that says it was erased. It leaves the table again as old items do. */
  function skeleton(request: ErasableId, events: readonly object[], now: Instant): UpdateInput {
    const item = {
      id: request,
      state: 'ended',
      createdAt: now,
      erased: true,
      version: 1,
      dayKey: dayKey(now, shardOf(request as RequestId)),
      at: timeKey(now, request as RequestId),
      events,
    }
    const names = Object.keys(item)
    return {
      Key: marshall({ pk: journalKey(request) }),
      ConditionExpression: 'attribute_not_exists(pk)',
      UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
      ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
      ExpressionAttributeValues: marshall(Object.fromEntries(Object.entries(item).map(([name, value]) => [`:${name}`, value]))),
    }
  }
}
