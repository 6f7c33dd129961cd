/** The filters of `/activity`, read from its address. */
import { type CallerRef, isSameCaller } from '@stint/core/identity/caller'
import { isSubject, typedSubject } from '@stint/core/identity/subject'
import { parseJournalId, parseSessionId } from '@stint/core/ids'
import { type Instant, parseIso } from '@stint/core/instant'
import { eventCursor } from '../http/event-access.ts'

/** The filters of the forms. `person` is `issuer/subject`. */
const filterNames = ['day', 'person', 'profile', 'account', 'request', 'session'] as const
export type Filters = { readonly [name in (typeof filterNames)[number]]?: string }
export type Person = Pick<CallerRef, 'issuer' | 'subject'>

/**
 * What a page shows. `journal`: everything that happened to one request, or to one of its sessions, from the event with the number `from`. `day`: one day.
 * `newest`: every day.
 */
export type View =
  | { readonly kind: 'journal'; readonly request: string; readonly session?: string | undefined; readonly from: number }
  | { readonly kind: 'day'; readonly day: Instant; readonly below: string | undefined; readonly person: Person | undefined }
  | { readonly kind: 'newest'; readonly below: string | undefined; readonly person: Person | undefined }

/** `fault`: what is wrong with the query. */
type Read =
  | { readonly filters: Filters; readonly view: View; readonly fault?: undefined }
  | { readonly filters: Filters; readonly fault: string }

export const badCursor = 'Invalid cursor. Start from the newest events.'
const isName = (text: string): boolean => /^[a-z0-9][a-z0-9-]{0,47}$/.test(text)

/** `own`: the caller, unless they may read the events of everyone. */
export function readFilters(query: Readonly<Record<string, string>> | undefined, today: Instant, own: Person | undefined): Read {
  const { cursor, ...given } = query ?? { twice: 'x' }
  const filled = Object.entries(given).flatMap(([name, value]) => (value.trim() === '' ? [] : [[name, value.trim()] as const]))
  const named: Filters = Object.fromEntries(filled.filter(([name]) => (filterNames as readonly string[]).includes(name)))
  const person = personIn(named.person)
  const filters = person ? { ...named, person: `${person.issuer}/${person.subject}` } : named
  const fault = filled.length > Object.keys(filters).length ? 'Unknown or repeated filter.' : filterFault(filters, person, own)
  if (fault !== undefined) return { filters, fault }
  const { day, profile, account, session, request = session?.slice(0, session.indexOf('.')) } = filters
  const text = cursor === undefined ? undefined : Buffer.from(cursor, 'base64url').toString('utf8')
  if (request !== undefined) {
    const isPlace = text === undefined || /^\d{1,5}$/.test(text)
    return isPlace ? { filters, view: { kind: 'journal', request, session, from: Number(text ?? 0) } } : { filters, fault: badCursor }
  }
  const below = cursor === undefined ? undefined : eventCursor(cursor)
  if (cursor !== undefined && below === undefined) return { filters, fault: badCursor }
  const of = { below, person: own ?? person }
  const isNewest = day === undefined && (named.person ?? profile ?? account) !== undefined
  return { filters, view: isNewest ? { kind: 'newest', ...of } : { kind: 'day', day: day === undefined ? today : startOf(day), ...of } }
}

const startOf = (day: string): Instant => parseIso(`${day}T00:00:00Z`) ?? Number.NaN

function filterFault(filters: Filters, person: Person | undefined, own: Person | undefined): string | undefined {
  const { day, profile, account, request, session } = filters
  if (day !== undefined && !(startOf(day) >= 0)) return 'The day must be a date, such as 2026-11-28.'
  if (filters.person !== undefined && !person) return 'A person is an issuer and a subject, such as people/dana.'
  if (person && own && !isSameCaller(person, own))
    return 'Only auditors can see the activity of another person. Clear the filter to see your own.'
  if (profile !== undefined && !isName(profile)) return 'This is not the ID of a profile.'
  if (account !== undefined && !/^\d{12}$/.test(account)) return 'An account has 12 digits.'
  if (request !== undefined && parseJournalId(request) === undefined) return 'This is not the ID of a request.'
  if (session !== undefined && parseSessionId(session) === undefined) return 'This is not the ID of a session.'
  if ((request ?? session) !== undefined && Object.keys(filters).length > 1)
    return 'A request or a session is shown as a whole. Clear the other filters.'
  return undefined
}

function personIn(text: string | undefined): Person | undefined {
  const [, issuer, subject] = /^([^/]+)\/(.+)$/.exec(text ?? '') ?? []
  if (issuer === undefined || subject === undefined || !isName(issuer) || !isSubject(subject)) return undefined
  return { issuer, subject: typedSubject(subject) }
}

/** The address of the page with these filters. */
export const link = (filters: Filters, more: Filters & { readonly cursor?: string | undefined } = {}): string =>
  `/activity?${new URLSearchParams(Object.entries({ ...filters, ...more }).filter(([, value]) => value !== undefined) as [string, string][])}`
