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

/** The limit, the cursor and the filters of a route, each with its possible values; undefined if the query holds anything else. */
export function pageQuery(c: Ctx, filters: Readonly<Record<string, readonly string[]>>): PageQuery | undefined {
  const query = singleQuery(c)
  if (!query) return undefined
  const { limit = String(DEFAULT_PAGE), cursor, ...rest } = query
  if (!Object.entries(rest).every(([name, value]) => Object.hasOwn(filters, name) && filters[name]?.includes(value))) return undefined
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > LARGEST_PAGE) return undefined
  const key = cursor === undefined ? undefined : Buffer.from(cursor, 'base64url').toString('utf8')
  if (key !== undefined && !/^\d{4}-\d\d-\d\dT[\d:.]{12}Z#req_[0-9A-Za-z]{26}$/.test(key)) return undefined
  return { limit: Number(limit), filters: rest, ...defined({ cursor: key }) }
}

/** The cursor as callers see it. Also adds a `Link` to the next page. */
export function nextOf(c: Ctx, { limit, filters }: PageQuery, next: string | undefined): string | undefined {
  if (next === undefined) return undefined
  const cursor = Buffer.from(next).toString('base64url')
  const query = new URLSearchParams({ ...filters, limit: String(limit), cursor })
  c.header('link', `<${c.get('route').path}?${query}>; rel="next"`)
  return cursor
}
