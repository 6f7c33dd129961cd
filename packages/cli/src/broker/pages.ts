/** Reads a list of the broker page by page. */
import { defined } from '@stint/core/defined'
import { Failure } from '../frame/failure.ts'
import type { Broker } from './broker.ts'

const LARGEST_PAGE = 100
/** A broker that never ends a list does not keep the command line busy for ever. */
const MOST_PAGES = 1000

/** Reads pages until there are `limit` items, or no more. A page can hold fewer than were asked for. A list is never cut in silence. */
export async function pages<T>(
  broker: Broker,
  path: string,
  query: Readonly<Record<string, string>>,
  property: string,
  limit = Number.POSITIVE_INFINITY,
): Promise<readonly T[]> {
  const items: T[] = []
  for await (const page of eachPage<T>(broker, path, query, property, Math.min(LARGEST_PAGE, limit))) {
    items.push(...page)
    if (items.length >= limit) break
  }
  return items.slice(0, limit)
}

/** The first item that fits. Later pages are not read. */
export async function firstOf<T>(
  broker: Broker,
  path: string,
  query: Readonly<Record<string, string>>,
  property: string,
  fits: (item: T) => boolean,
): Promise<T | undefined> {
  for await (const page of eachPage<T>(broker, path, query, property, LARGEST_PAGE)) {
    const found = page.find(fits)
    if (found !== undefined) return found
  }
  return undefined
}

async function* eachPage<T>(broker: Broker, path: string, query: Readonly<Record<string, string>>, property: string, size: number) {
  let cursor: string | undefined
  for (let read = 0; read < MOST_PAGES; read++) {
    const search = new URLSearchParams({ ...query, limit: String(size), ...defined({ cursor }) })
    const { body } = await broker.call('GET', `${path}?${search}`)
    yield body[property] as readonly T[]
    if (typeof body.next !== 'string') return
    cursor = body.next
  }
  throw new Failure('unreachable', `${broker.url} does not end the list ${path}: ${MOST_PAGES} pages were read.`, {
    next: 'Report it to the operators of the broker. To see whether it works otherwise: stint status',
  })
}
