/** What an item of the story table says in addition to its journal, for an audit that compares the two. */

import { unmarshall } from '@aws-sdk/util-dynamodb'
import { formatScope } from '@stint/core/access/freeze'
import type { ItemFacts, ItemSession } from '@stint/core/audit/item'
import { defined } from '@stint/core/defined'
import { type Link, slackText } from '@stint/core/identity/link'
import { type Item, type StoredSession, toItem } from './items.ts'
import { type Attributes, callerKey } from './table.ts'

export function itemFacts(image: Attributes): ItemFacts {
  const kind = image.pk?.S?.slice(0, image.pk.S.indexOf('#'))
  if (kind === 'FREEZE') return { ...nothing, freeze: freezeOf(image) }
  if (kind === 'LINK') return { ...nothing, ...linkOf(image) }
  return kind === 'REQ' ? requestOf(toItem(image)) : nothing
}

const nothing = { reviewed: false, sessions: {} } as const

function requestOf(item: Partial<Item> & Pick<Item, 'sessions'> & { readonly attempts?: number; readonly renewals?: number }): ItemFacts {
  const { state, createdAt, profile, target, roleArn, terms, termsHash, usesLeft, attempts, renewals, windowStartsAt, windowExpiresAt } =
    item
  const { expiresAt, unattendedAt, startsAt, limits, triggeredBy, breakGlass, justification, fullSubject, extends: extended } = item
  const facts = {
    state,
    createdAt,
    caller: item.caller && callerKey(item.caller),
    callerKey: item.callerKey,
    ...{ profile, target, roleArn, terms, termsHash, usesLeft, attempts, renewals, windowStartsAt, windowExpiresAt },
    ...{ expiresAt, unattendedAt, startsAt, limits, triggeredBy, breakGlass, justification, fullSubject, extends: extended },
    moreJustifications: item.moreJustifications?.map(({ text }) => text),
    decidedBy: item.decidedBy && callerKey(item.decidedBy),
    approvals: item.approvals?.map(({ approver, rules, limits: own }) => ({ by: callerKey(approver), rules, limits: own })),
  }
  return {
    ...defined(facts),
    reviewed: item.review !== undefined,
    sessions: Object.fromEntries(Object.entries(item.sessions).map(([suffix, session]) => [suffix, sessionOf(session)])),
  }
}

const sessionOf = ({
  state,
  reservedAt,
  duration,
  expiresAt,
  sessionName,
  sourceIdentity,
  issued,
  dropped,
  renew,
  renewed,
  open,
  endedBy,
}: StoredSession): ItemSession => ({
  state,
  reservedAt,
  duration,
  expiresAt,
  sessionName,
  ...defined({ sourceIdentity }),
  ...(issued ? { accessKeyId: issued.accessKeyId, expiration: issued.expiration, assumedRoleArn: issued.assumedRoleArn } : {}),
  dropped: dropped === true,
  ...defined({ renew, renewed, endedBy }),
  open: Object.values(open ?? {}).map(({ set }) => set),
})

function freezeOf(image: Attributes): NonNullable<ItemFacts['freeze']> {
  const { active, scope, expiresAt, generation, releaseAskedBy } = unmarshall(image)
  return {
    active: active === true,
    ...defined({ scope: scope && formatScope(scope), expiresAt, generation, releaseAskedBy: releaseAskedBy && callerKey(releaseAskedBy) }),
  }
}

function linkOf(image: Attributes): Pick<ItemFacts, 'link'> {
  const { active } = unmarshall(image) as Partial<Link>
  return active ? { link: { slack: slackText(active.slack), expiresAt: active.expiresAt } } : {}
}
