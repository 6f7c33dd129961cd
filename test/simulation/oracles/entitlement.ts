/** Invariants 2 and 4: everyone who changes a request is entitled to. Judged by the groups of the company, not by Stint's own rules. */
import { members } from '@stint/sandbox/slack/workspace'
import { JOB, PEOPLE, personOf } from '../people.ts'
import { freshEvents, type Item, isRequest, type Json, numberOf, type Oracle, type OracleContext, stringOf } from './oracle.ts'

/** Whose decision counts, by the profile: a group, or people by name, in one of the two releases. `later`: once it is escalated. */
const APPROVERS: Readonly<
  Record<string, { readonly groups: readonly string[]; readonly names?: readonly string[]; readonly later?: readonly string[] }>
> = {
  one: { groups: ['peers'] },
  two: { groups: ['peers', 'managers'], later: ['directors'] },
  many: { groups: ['peers'] },
  pair: { groups: ['peers'] },
  chat: { groups: [], names: ['avery', 'olu'] },
  glass: { groups: ['peers'], names: ['avery'] },
  'long-two': { groups: ['peers'] },
}

export function entitlementOracle({ fault, reach, isRestoring, releases, dynamo }: OracleContext): Oracle {
  const isNext = ({ config }: Json) => config === releases[1]?.hash
  /** Anyone who has a code can enter it in Slack. A person confirms only the Slack user that they were shown. */
  function judgeLink({ type, by, slack }: Json): void {
    const own = members[PEOPLE[by?.subject]?.slack ?? 'guest'].id
    if (type === 'link.made' && !slack.endsWith(`/${own}`)) fault('entitlement', `${by.subject} is linked to ${slack}`)
  }
  return {
    onWrite(write) {
      if (write.id.startsWith('LINK#') && !isRestoring(write)) for (const event of freshEvents(write)) judgeLink(event)
      if (!isRequest(write) || isRestoring(write) || !write.after) return
      for (const event of freshEvents(write)) {
        const judge = event.by && judges[event.type as keyof typeof judges]
        if (!judge) continue
        if (event.type === 'approval.given' && event.channel === 'slack') reach('an approval is given in Slack')
        if (judge(event.by, write.after, { ...event, isNext: isNext(event) })) reach(`${event.type} by someone entitled`)
        else fault('entitlement', `${write.id}: ${event.type} by ${event.by.issuer}/${event.by.subject}`)
      }
    },
    onAnswered({ subject, method, path }, { status }) {
      const [, read] = (method === 'GET' && /^\/requests\/(req_\w+)$/.exec(path)) || []
      const request = read === undefined ? undefined : dynamo.item('stint', `REQ#${read}`)
      if (request && status === 200 && !mayRead({ issuer: 'lab', subject }, request)) fault('entitlement', `${subject} reads ${read}`)
    },
  }
}

const ESCALATED_AFTER_MS = 600_000

type By = { readonly issuer: string; readonly subject: string }

const isRequester = ({ issuer, subject }: By, { caller }: Item): boolean =>
  issuer === stringOf(caller?.M?.issuer) && subject === stringOf(caller?.M?.subject)
/** The requester, with any of their identities, or the person who triggered the job. */
const isSelf = (by: By, request: Item, { isNext }: Json): boolean => {
  const isJob = stringOf(request.caller?.M?.issuer) === 'ci'
  const owner = isJob ? (stringOf(request.triggeredBy) ?? JOB) : personOf(stringOf(request.caller?.M?.subject) ?? '', isNext)
  return by.issuer === 'lab' ? owner.includes(personOf(by.subject, isNext)) : isRequester(by, request)
}
const isIn = ({ issuer, subject }: By, group: string): boolean => issuer === 'lab' && PEOPLE[subject]?.groups.includes(group) === true
const isApprover = (by: By, { profile, createdAt }: Item, { at }: Json): boolean => {
  const { groups = [], names = [], later = [] } = APPROVERS[stringOf(profile) ?? ''] ?? {}
  const isEscalated = Date.parse(at) >= (numberOf(createdAt) ?? 0) + ESCALATED_AFTER_MS
  const all = isEscalated ? [...groups, ...later] : groups
  return by.issuer === 'lab' && (names.includes(by.subject) || all.some((group) => isIn(by, group)))
}
/** With another identity, perhaps. */
const hasApproved = ({ subject }: By, { approvals }: Item): boolean =>
  (approvals?.L ?? []).some((given) => personOf(stringOf(given.M?.approver?.M?.subject) ?? '') === personOf(subject))
/** Before it is approved unattended, anyone who could enter can stop it. */
const mayStop = ({ issuer, subject }: By, { unattendedAt }: Item): boolean =>
  unattendedAt !== undefined && issuer === 'lab' && PEOPLE[subject]?.role === 'engineer'

const mayRead = (by: By, request: Item): boolean => {
  const { groups = [], names = [], later = [] } = APPROVERS[stringOf(request.profile) ?? ''] ?? {}
  const opens = names.includes(by.subject) || [...groups, ...later, 'auditors'].some((group) => isIn(by, group))
  return opens || isRequester(by, request) || hasApproved(by, request) || mayStop(by, request)
}

const judges: { readonly [type: string]: (by: By, request: Item, event: Json) => boolean } = {
  'request.asked': isRequester,
  'request.justified': isRequester,
  'request.cancelled': isRequester,
  'approval.given': (by, request, event) => isApprover(by, request, event) && !isSelf(by, request, event),
  'request.denied': (by, request, event) =>
    (isApprover(by, request, event) || mayStop(by, request) || hasApproved(by, request)) && !isSelf(by, request, event),
  'request.revoked': (by, request, event) => isRequester(by, request) || isApprover(by, request, event) || mayStop(by, request),
  'request.reviewed': (by, request, event) => (isApprover(by, request, event) || isIn(by, 'auditors')) && !isSelf(by, request, event),
  'session.ended': (by, request, event) => isRequester(by, request) || isApprover(by, request, event) || isIn(by, 'responders'),
}
