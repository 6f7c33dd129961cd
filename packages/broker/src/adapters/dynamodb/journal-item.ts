import type { Journaled } from '@stint/core/audit/journal-item'
import type { Attributes } from './table.ts'

/** Binary values are bytes in the SDK, and base64 in the events of Lambda. */
const bytesOf = (value: Uint8Array | string | undefined): Uint8Array =>
  typeof value === 'string' ? Buffer.from(value, 'base64') : (value ?? new Uint8Array())

/** Undefined for an item without a journal. */
export function journaled(image: Attributes, removed = false): Journaled | undefined {
  const request = image.pk?.S?.replace(/^(REQ|FREEZE|LINK|SYS)#/, '')
  if (request === undefined || request === image.pk?.S) return undefined
  const caller = image.caller?.M
  return {
    request,
    events: (image.events?.L ?? []).map(({ M: entry }) =>
      entry?.commit?.S === undefined ? { event: entry?.event?.S ?? '', salt: bytesOf(entry?.salt?.B) } : { commit: entry.commit.S },
    ),
    about: {
      ...(caller?.issuer?.S === undefined ? {} : { issuer: caller.issuer.S }),
      ...(caller?.subject?.S === undefined ? {} : { subject: caller.subject.S }),
      ...(image.profile?.S === undefined ? {} : { profile: image.profile.S }),
      ...(image.target?.S === undefined ? {} : { target: image.target.S }),
    },
    ...(removed ? { removed } : {}),
  }
}

/**
 * Conditions of a write on an item whose journal is as it was read. Events are only ever added, and no salt is drawn twice, so their number
 * and the last of them identify a journal.
 */
export function sameJournal(image: Attributes): { readonly conditions: readonly string[]; readonly values: Attributes } {
  const events = image.events?.L ?? []
  const last = events.at(-1)?.M
  const name = last?.salt ? 'salt' : 'commit'
  const ofLast = last?.[name]
  return {
    conditions: ['size(events) = :count', ...(ofLast ? [`events[${events.length - 1}].${name} = :last`] : [])],
    values: { ':count': { N: String(events.length) }, ...(ofLast ? { ':last': ofLast } : {}) },
  }
}

/** One stream record (Amazon DynamoDB Developer Guide, "DynamoDB Streams and AWS Lambda triggers"). */
export type StreamImages = { readonly NewImage?: Attributes; readonly OldImage?: Attributes }

export const fromStream = ({ NewImage, OldImage }: StreamImages): Journaled | undefined =>
  NewImage ? journaled(NewImage) : OldImage && journaled(OldImage, true)
