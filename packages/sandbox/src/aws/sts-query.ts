/** Shared by the STS operations: errors, and the lists and tags of the Query protocol. */

export class StsError extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** What a parameter violates, in AWS's words. `null`: it is missing. */
export const violation = (value: string | null, member: string, rule: string): string =>
  `Value ${value === null ? 'null' : `'${value.length > SHOWN ? '…' : value}'`} at '${member}' failed to satisfy constraint: ${rule}`
const SHOWN = 200

/** AWS names all violations of a request at once. */
export const invalid = (violations: readonly string[]): StsError =>
  new StsError(
    400,
    'ValidationError',
    `${violations.length} validation error${violations.length === 1 ? '' : 's'} detected: ${violations.join('; ')}`,
  )

export const constraint = (value: string | null, member: string, rule: string): StsError => invalid([violation(value, member, rule)])

/** The values of a list, by the index in each name: `Audience.member.1`. */
export function members(form: URLSearchParams, name: RegExp): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of form) {
    const index = name.exec(key)?.[1]
    if (index !== undefined) found.set(index, value)
  }
  return found
}

/** `Tags`, at most 50. Source: AWS STS API Reference, Tag. */
export function readTags(form: URLSearchParams): Readonly<Record<string, string>> {
  const keys = members(form, /^Tags\.member\.(\d+)\.Key$/)
  const values = members(form, /^Tags\.member\.(\d+)\.Value$/)
  const tags = new Map<string, string>()
  for (const [index, key] of keys) {
    const value = values.get(index) ?? ''
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key))
      throw constraint(key, `tags.${index}.member.key`, 'Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+')
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value))
      throw constraint(
        value,
        `tags.${index}.member.value`,
        'Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*',
      )
    if (key.toLowerCase().startsWith('aws:')) throw new StsError(400, 'InvalidParameterValue', 'Tag keys beginning with aws: are reserved.')
    // IAM User Guide, "Rules for tagging in IAM and AWS STS". The page names no error.
    if (value.toLowerCase().startsWith('aws:'))
      throw new StsError(400, 'InvalidParameterValue', 'Tag values beginning with aws: are reserved.')
    if ([...tags.keys()].some((other) => other.toLowerCase() === key.toLowerCase()))
      throw new StsError(400, 'InvalidParameterValue', 'Duplicate tag keys found. Please note that Tag keys are case insensitive.')
    tags.set(key, value)
  }
  if (keys.size > 50)
    throw constraint([...keys.values()].join(', ').padEnd(SHOWN + 1), 'tags', 'Member must have length less than or equal to 50')
  return Object.fromEntries(tags)
}
