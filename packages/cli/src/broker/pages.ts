/** Reads a list of the broker page by page. */
import { defined } from '@stint/core/defined'
import type { Broker } from './broker.ts'

const LARGEST_PAGE = 100
/** A broker that never ends a list does not keep the command line busy for ever. */
const MOST_PAGES = 1000

/** Reads pages until there are `limit` items, or no more. A page can hold fewer than were asked for. */
export async function pages<T>(
  broker: Broker,
  path: string,
  query: Readonly<Record<string, string>>,
  property: string,
  limit = Number.POSITIVE_INFINITY,
): Promise<readonly T[]> {
  const most = Number.isFinite(limit) ? 50 : MOST_PAGES
  const items: T[] = []
  let cursor: string | undefined
  for (let read = 0; read < most && items.length < limit; read++) {
    const search = new URLSearchParams({ ...query, limit: String(Math.min(LARGEST_PAGE, limit)), ...defined({ cursor }) })
    const { body } = await broker.call('GET', `${path}?${search}`)
    items.push(...(body[property] as T[]))
    if (typeof body.next !== 'string') break
    cursor = body.next
  }
  return items.slice(0, limit)
}
