/**
 * Reading of IAM's Query protocol: parameters with their limits, tags and pages. Source of limits, codes and messages: AWS IAM API
 * Reference; IAM User Guide, "IAM and AWS STS quotas".
 */
import type { ContextInput } from '@stint/iam'
import type { Node } from '../xml.ts'

export class IamError extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

export const noSuchEntity = (message: string): IamError => new IamError(404, 'NoSuchEntity', message)
export const alreadyExists = (message: string): IamError => new IamError(409, 'EntityAlreadyExists', message)
export const limitExceeded = (message: string): IamError => new IamError(409, 'LimitExceeded', message)
export const deleteConflict = (message: string): IamError => new IamError(409, 'DeleteConflict', message)
const invalidInput = (message: string): IamError => new IamError(400, 'InvalidInput', message)
export const validationError = (value: string | null, member: string, rule: string): IamError =>
  new IamError(
    400,
    'ValidationError',
    `1 validation error detected: Value ${value === null ? 'null' : `'${value}'`} at '${member}' failed to satisfy constraint: ${rule}`,
  )

export const memberOf = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1)

/** A name of a role, user or policy: required, and in the characters that IAM allows. */
export function needName(form: URLSearchParams, parameter: string, max: number): string {
  const value = need(form, parameter)
  if (value.length > max) throw validationError(value, memberOf(parameter), `Member must have length less than or equal to ${max}`)
  if (!/^[\w+=,.@-]+$/.test(value))
    throw new IamError(
      400,
      'ValidationError',
      `The specified value for ${memberOf(parameter)} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-`,
    )
  return value
}

export function need(form: URLSearchParams, parameter: string): string {
  const value = form.get(parameter)
  if (value === null) throw validationError(null, memberOf(parameter), 'Member must not be null')
  if (value === '') throw validationError('', memberOf(parameter), 'Member must have length greater than or equal to 1')
  return value
}

export function readPath(form: URLSearchParams, parameter = 'Path'): string {
  const path = form.get(parameter) ?? '/'
  if (path.length > 512 || !/^(\/|\/[\x21-\x7E]+\/)$/.test(path))
    throw new IamError(
      400,
      'ValidationError',
      `The specified value for ${memberOf(parameter)} is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.`,
    )
  return path
}

export function readInteger(form: URLSearchParams, parameter: string, min: number, max: number): number | undefined {
  const text = form.get(parameter)
  if (text === null) return undefined
  const value = /^-?\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min)) throw validationError(text, memberOf(parameter), `Member must have value greater than or equal to ${min}`)
  if (value > max) throw validationError(text, memberOf(parameter), `Member must have value less than or equal to ${max}`)
  return value
}

/** The members of a list in their order: `Tags.member.2.Key` → name `Tags`, field `Key`. */
export function readList(form: URLSearchParams, name: string, field?: string): readonly string[] {
  const pattern = new RegExp(`^${name}\\.member\\.(\\d+)${field === undefined ? '' : `\\.${field}`}$`)
  return [...form]
    .flatMap(([key, value]) => {
      const index = pattern.exec(key)?.[1]
      return index === undefined ? [] : [[Number(index), value] as const]
    })
    .sort(([left], [right]) => left - right)
    .map(([, value]) => value)
}

/** In one call, and on one role, user or policy. */
const MAX_TAGS = 50

export function readTags(form: URLSearchParams): ReadonlyMap<string, string> {
  const tags = new Map<string, string>()
  const values = readList(form, 'Tags', 'Value')
  const keys = readList(form, 'Tags', 'Key')
  if (keys.length > MAX_TAGS)
    throw validationError(`[${keys.length} tags]`, 'tags', `Member must have length less than or equal to ${MAX_TAGS}`)
  for (const [index, key] of keys.entries()) {
    const value = values[index] ?? ''
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key))
      throw validationError(
        key,
        `tags.${index + 1}.member.key`,
        'Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+',
      )
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value))
      throw validationError(
        value,
        `tags.${index + 1}.member.value`,
        'Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*',
      )
    if (key.toLowerCase().startsWith('aws:'))
      throw invalidInput('System tag keys cannot be added. Tag keys that begin with aws: are reserved for AWS use.')
    if ([...tags.keys()].some((other) => other.toLowerCase() === key.toLowerCase()))
      throw invalidInput('Duplicate tag keys found. Please note that Tag keys are case insensitive.')
    tags.set(key, value)
  }
  return tags
}

/** Adds tags as IAM does: a key replaces the same key in another case. */
export function addTags(present: Map<string, string>, added: ReadonlyMap<string, string>, quota: string): void {
  const next = new Map(present)
  for (const [key, value] of added) {
    for (const other of next.keys()) if (other.toLowerCase() === key.toLowerCase()) next.delete(other)
    next.set(key, value)
  }
  if (next.size > MAX_TAGS) throw limitExceeded(`Cannot exceed quota for ${quota}: ${MAX_TAGS}`)
  present.clear()
  for (const [key, value] of next) present.set(key, value)
}

export const tagContext = (tags: ReadonlyMap<string, string>): ContextInput => ({
  'aws:TagKeys': tags.size > 0 ? [...tags.keys()] : undefined,
  ...Object.fromEntries([...tags].map(([key, value]) => [`aws:RequestTag/${key}`, value])),
})

/** One page of a list that is sorted by name. The marker names the last item of the page before. */
export function page<T>(
  form: URLSearchParams,
  items: readonly T[],
  nameOf: (item: T) => string,
): { readonly items: readonly T[]; readonly end: { readonly [element: string]: Node } } {
  const limit = readInteger(form, 'MaxItems', 1, 1000) ?? 100
  const after = readMarker(form)
  const sorted = items.map((item) => [nameOf(item), item] as const).sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
  const rest = after === undefined ? sorted : sorted.filter(([name]) => name > after)
  const shown = rest.slice(0, limit)
  const last = shown.at(-1)?.[0]
  const truncated = rest.length > shown.length && last !== undefined
  return {
    items: shown.map(([, item]) => item),
    end: { IsTruncated: String(truncated), ...(truncated ? { Marker: Buffer.from(`after:${last}`).toString('base64') } : {}) },
  }
}

function readMarker(form: URLSearchParams): string | undefined {
  const marker = form.get('Marker')
  if (marker === null) return undefined
  const text = Buffer.from(marker, 'base64').toString('utf8')
  if (!text.startsWith('after:')) throw new IamError(400, 'ValidationError', 'Invalid Marker.')
  return text.slice('after:'.length)
}

export const list = (items: readonly Node[]): Node => (items.length === 0 ? '' : { member: items })

export const isoTime = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')

/** RFC 3986, as IAM encodes policy documents in its answers. */
export const urlEncoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
