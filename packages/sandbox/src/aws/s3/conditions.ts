/**
 * Conditional requests and ranges. Sources: RFC 9110, "Conditional Requests" (13) and "Range Requests" (14); Amazon S3 API Reference,
 * "GetObject" (which conditions come first) and "CopyObject".
 */
import type { StoredObject } from '../world.ts'
import { notImplemented, S3Error } from './answer.ts'

type Named = (name: string) => string | undefined
type Conditions = {
  readonly match: string | undefined
  readonly noneMatch: string | undefined
  readonly modifiedSince: string | undefined
  readonly unmodifiedSince: string | undefined
}

const conditionsOf = (named: Named, prefix: string): Conditions => ({
  match: named(`${prefix}if-match`),
  noneMatch: named(`${prefix}if-none-match`),
  modifiedSince: named(`${prefix}if-modified-since`),
  unmodifiedSince: named(`${prefix}if-unmodified-since`),
})

const bare = (etag: string): string => etag.trim().replace(/^W\//, '').replace(/^"|"$/g, '')
const names = (list: string, etag: string): boolean => list.trim() === '*' || list.split(',').some((one) => bare(one) === bare(etag))

/** An HTTP date, in whole seconds. Another text is no condition (RFC 9110, 13.1.3). */
const dateOf = (text: string | undefined): number | undefined => {
  const at = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.floor(at / 1000)
}

/** `If-Match` hides `If-Unmodified-Since`, and `If-None-Match` hides `If-Modified-Since`. */
function failedCondition(
  { match, noneMatch, modifiedSince, unmodifiedSince }: Conditions,
  { etag, modifiedAt }: StoredObject,
): 'precondition' | 'not-modified' | undefined {
  const at = Math.floor(modifiedAt / 1000)
  const [before, after] = [dateOf(unmodifiedSince), dateOf(modifiedSince)]
  if (match !== undefined ? !names(match, etag) : before !== undefined && at > before) return 'precondition'
  if (noneMatch !== undefined ? names(noneMatch, etag) : after !== undefined && at <= after) return 'not-modified'
  return undefined
}

const preconditionFailed = (Condition: string) =>
  new S3Error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', { Condition })

/** For GET and HEAD. */
export function checkRead(named: Named, object: StoredObject): void {
  const failed = failedCondition(conditionsOf(named, ''), object)
  if (failed === 'precondition') throw preconditionFailed(named('if-match') === undefined ? 'If-Unmodified-Since' : 'If-Match')
  if (failed === 'not-modified')
    throw new S3Error(
      304,
      'NotModified',
      'Not Modified',
      {},
      { etag: object.etag, 'last-modified': new Date(object.modifiedAt).toUTCString() },
    )
}

/** For the source of a copy, where each failed condition is 412. */
export function checkSource(named: Named, object: StoredObject): void {
  if (failedCondition(conditionsOf(named, 'x-amz-copy-source-'), object) !== undefined) throw preconditionFailed('x-amz-copy-source-if')
}

/** For a write or a deletion. Source: Amazon S3 User Guide, "Add preconditions to S3 operations with conditional requests". */
export function checkWrite(named: Named, present: StoredObject | undefined, key: string): void {
  const { match, noneMatch } = conditionsOf(named, '')
  if (noneMatch !== undefined && noneMatch !== '*')
    throw notImplemented('A header you provided implies functionality that is not implemented', { Header: 'If-None-Match' })
  if (noneMatch === '*' && present) throw preconditionFailed('If-None-Match')
  if (match === undefined) return
  if (!present) throw new S3Error(404, 'NoSuchKey', 'The specified key does not exist.', { Key: key })
  if (!names(match, present.etag)) throw preconditionFailed('If-Match')
}

export type Range = { readonly first: number; readonly last: number }

/** One range of bytes, or undefined for the whole object. Syntax that is no range of bytes is ignored (RFC 9110, 14.2). */
export function rangeOf(text: string | undefined, size: number): Range | undefined {
  if (text === undefined) return undefined
  if (/^bytes=\s*[\d-]+\s*,/i.test(text)) throw notImplemented('A GET of more than one range is not implemented', { Header: 'Range' })
  const [, from = '', to = ''] = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(text) ?? []
  if (from === '' && to === '') return undefined
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from)
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1)
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined
  if (first >= size || (from === '' && Number(to) === 0))
    throw new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable', {
      RangeRequested: text.slice(0, 200),
      ActualObjectSize: size,
    })
  return { first, last }
}
