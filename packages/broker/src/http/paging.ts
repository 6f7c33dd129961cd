/** Paging: the query that selects a page, and the `Link` to the next one (RFC 8288). */
import { defined } from '@stint/core/defined'
import type { Ctx } from './context.ts'

const DEFAULT_PAGE = 20
export const LARGEST_PAGE = 100

type PageQuery = { readonly limit: number; readonly cursor?: string; readonly filters: Readonly<Record<string, string>> }

/** The query by name; undefined if a name appears twice, because readers differ on which one counts. */
export function singleQuery(c: Ctx): Record<string, string> | undefined {
  const given = Object.entries(c.req.queries())
  return given.every(([, values]) => values.length === 1) ? c.req.query() : undefined
}

/** What pages of a route begin after: requests and sessions have a time and an ID. */
const TIME_KEY = /^\d{4}-\d\d-\d\dT[\d:.]{12}Z#req_[0-9A-Za-z]{26}$/
/** Profiles are in the order of their IDs, and most callers see all of theirs on one page. */
export const profilePages = { cursor: /^[a-z0-9-]{1,64}$/, limit: LARGEST_PAGE } as const

/** The limit, the cursor and the filters of a route, each with its possible values; undefined if the query holds anything else. */
export function pageQuery(
  c: Ctx,
  filters: Readonly<Record<string, readonly string[]>>,
  pages: { readonly cursor: RegExp; readonly limit: number } = { cursor: TIME_KEY, limit: DEFAULT_PAGE },
): PageQuery | undefined {
  const query = singleQuery(c)
  if (!query) return undefined
  const { limit = String(pages.limit), cursor, ...rest } = query
  if (!Object.entries(rest).every(([name, value]) => Object.hasOwn(filters, name) && filters[name]?.includes(value))) return undefined
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > LARGEST_PAGE) return undefined
  const key = cursor === undefined ? undefined : Buffer.from(cursor, 'base64url').toString('utf8')
  if (key !== undefined && !pages.cursor.test(key)) return undefined
  return { limit: Number(limit), filters: rest, ...defined({ cursor: key }) }
}

/** The cursor as callers see it. */
export const cursorText = (next: string): string => Buffer.from(next).toString('base64url')

/** The same for an answer of the API. Also adds a `Link` to the next page. */
export function nextOf(c: Ctx, { limit, filters }: PageQuery, next: string | undefined): string | undefined {
  if (next === undefined) return undefined
  const cursor = cursorText(next)
  const query = new URLSearchParams({ ...filters, limit: String(limit), cursor })
  c.header('link', `<${c.get('route').path}?${query}>; rel="next"`)
  return cursor
}

/**
 * A page from sorted IDs: what `view` shows of those after the cursor, up to the limit and to `maxBytes` of JSON, but at least one. `last`: the
 * last ID of the page, if there is more after it.
 */
export function filledPage<T>(
  ids: readonly string[],
  { cursor = '', limit }: { readonly cursor?: string; readonly limit: number },
  maxBytes: number,
  view: (id: string) => T | undefined,
): { readonly items: readonly T[]; readonly last: string | undefined } {
  const items: T[] = []
  let [bytes, last] = [0, '']
  for (const id of ids) {
    const item = id > cursor ? view(id) : undefined
    if (item === undefined) continue
    bytes += Buffer.byteLength(JSON.stringify(item)) + 1
    if (items.length > 0 && (items.length >= limit || bytes > maxBytes)) return { items, last }
    items.push(item)
    last = id
  }
  return { items, last: undefined }
}
