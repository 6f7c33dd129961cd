/**
 * Links: one item of the story table, with its journal, for each person who has one. The side table holds pointers to it, from a code and
 * from a Slack user, as digests that identify nobody. A pointer counts only if the item confirms it.
 */

import { unmarshall } from '@aws-sdk/util-dynamodb'
import { type AuditEvent, journalEntry } from '@stint/core/audit/event'
import { defined } from '@stint/core/defined'
import { shortDigest } from '@stint/core/digest'
import { CODE_SECONDS, type Link, type LinkChange, type LinkId } from '@stint/core/identity/link'
import { hex128 } from '@stint/core/ids'
import { type Instant, seconds, toIso } from '@stint/core/instant'
import { done, type Unknown } from '@stint/core/outcome'
import type { Links, Pointer } from '../../ports/links.ts'
import { counter } from './counter.ts'
import { hasEntry, type Item } from './items.ts'
import type { LedgerSettings, Sender } from './sender.ts'
import { storedFields } from './stored-fields.ts'
import { OTHER_DAY, sideKey, TTL } from './table.ts'

const pointerKey = ({ kind, name }: Pointer): string => `${kind === 'code' ? 'CODE' : 'SLACK'}#${shortDigest(name)}`
const linkKey = (id: LinkId): string => `LINK#${id}`
const wrongCodesKey = (slack: string, now: Instant): string =>
  `WRONG#${shortDigest(slack)}#${Math.floor(now / seconds(CODE_SECONDS)).toString(36)}`

/** The most events of one person's links, so that a journal stays far below DynamoDB's 400 KB. */
const MOST_EVENTS = 300
/** A link with a full journal can still be removed. */
const FOR_ENDS = 20

/** Wrong codes beyond this in one period are not counted: far fewer already stop the Slack user. */
const MOST_WRONG_CODES = 100

export function links(settings: LedgerSettings, sender: Sender): Links {
  const { storyTable, sideTable, random } = settings
  const { update, updateSide, read } = sender
  const { count } = counter(settings, sender)

  return {
    async link(id) {
      const found = await read(storyTable, { pk: linkKey(id) })
      return found.outcome === 'done' ? done(found.value && toLink(found.value)) : found
    },

    async writeLink(id, version, { link, events }, now, origin) {
      const attempt = hex128(random)
      const set = linkFields.pick(link)
      const { names } = linkFields
      const [kept, gone] = [names.filter((name) => set[name] !== undefined), names.filter((name) => set[name] === undefined)]
      const entries = events.map((event) => journalEntry({ ...event, ...origin, request: id, at: now } as AuditEvent, settings))
      // A later write replaces the attempt and keeps the events. A link that `stint audit restore` put back has the events but no attempt: it
      // must be made again.
      const isOurs = (image: Pick<Item, 'attempt' | 'events'>): boolean =>
        image.attempt !== undefined && (image.attempt === attempt || entries.some((entry) => hasEntry(image, entry)))
      const written = await update(
        linkKey(id),
        {
          ConditionExpression: version === 0 ? 'attribute_not_exists(pk)' : 'version = :seen AND size(events) < :most',
          UpdateExpression: `SET id = :id, version = :next, attempt = :attempt, dayKey = :day, #at = :at, events = list_append(if_not_exists(events, :none), :events)${kept.map((name) => `, #${name} = :${name}`).join('')} REMOVE ${['erased', ...gone.map((name) => `#${name}`)].join(', ')}`,
          ExpressionAttributeNames: { '#at': 'at', ...Object.fromEntries(names.map((name) => [`#${name}`, name])) },
        },
        {
          ...(version === 0
            ? {}
            : { ':seen': version, ':most': events.every(({ type }) => type === 'link.ended') ? MOST_EVENTS + FOR_ENDS : MOST_EVENTS }),
          ':id': id,
          ':next': version + 1,
          ':attempt': attempt,
          ':day': OTHER_DAY,
          ':at': `${toIso(now)}#${id}`,
          ':none': [],
          ':events': entries,
          ...Object.fromEntries(kept.map((name) => [`:${name}`, set[name]])),
        },
        isOurs,
      )
      if (written.outcome !== 'blocked') return written.outcome === 'done' ? done(true) : written
      if (version === 0 && !written.item) return unshown
      // The response to an earlier send was lost: this write is ours too.
      return done(written.item !== undefined && isOurs(written.item))
    },

    async point(at, to, expiresAt, before) {
      const put = await updateSide(
        sideKey(pointerKey(at)),
        {
          // The response to an earlier send was lost: this write is ours too.
          ConditionExpression: `link = :to OR ${before === undefined ? 'attribute_not_exists(pk)' : 'link = :before'}`,
          UpdateExpression: `SET link = :to, ${TTL} = :end`,
        },
        { ':to': to, ':end': Math.ceil(expiresAt / 1000), ...defined({ ':before': before }) },
        ({ link }) => link === to,
      )
      if (put.outcome === 'blocked' && before === undefined && !put.item) return unshown
      return put.outcome === 'unknown' ? put : done(put.outcome === 'done')
    },

    async pointed(at) {
      const found = await read(sideTable, sideKey(pointerKey(at)))
      return found.outcome === 'done' ? done(found.value && (unmarshall(found.value).link as LinkId)) : found
    },

    async wrongCodes(slack, now) {
      // Count the previous window too: a caller who starts at its end must not get a full new count in the next.
      const whiles = [now, now - seconds(CODE_SECONDS)].map((at) => sideKey(wrongCodesKey(slack, at)))
      const found = await Promise.all(whiles.map((key) => read(sideTable, key)))
      let wrong = 0
      for (const one of found) {
        if (one.outcome !== 'done') return one
        wrong += Number(one.value?.times?.N ?? 0)
      }
      return done(wrong)
    },

    async countWrongCode(slack, now) {
      const counted = await count(wrongCodesKey(slack, now), MOST_WRONG_CODES, 2 * CODE_SECONDS, now)
      return counted.outcome === 'done' ? done(counted.value ?? MOST_WRONG_CODES) : counted
    },
  }
}

/** The item that failed a condition, which DynamoDB must have returned. */
const unshown: Unknown = { outcome: 'unknown', cause: 'ledger: a condition failed and the response does not show the item' }

type StoredLink = LinkChange['link']
const linkFields = storedFields<StoredLink>({
  caller: true,
  identity: true,
  fullSubject: true,
  offer: true,
  pending: true,
  active: true,
  typed: true,
})

/** Undefined for an erased link, of which only the name remains; a new code starts it again. */
const nobody = { caller: { issuer: '', subject: '', name: '', kind: 'human' }, identity: '' } as const

function toLink(attributes: Parameters<typeof unmarshall>[0]): Link {
  const item = unmarshall(attributes) as Pick<Link, 'id' | 'version'>
  return { ...nobody, ...linkFields.pick(item), id: item.id, version: item.version }
}
