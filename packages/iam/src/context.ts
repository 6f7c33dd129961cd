/**
 * What a request brings to a decision: condition keys and their values. Keys compare without regard to case
 * (AWS IAM User Guide, "IAM JSON policy elements: Condition": "condition key names are not case-sensitive").
 */

/** A key's values; a single-valued key has a list of one. A key that is not there is absent, not empty. */
export type ContextInput = { readonly [key: string]: string | readonly string[] | undefined }

export type Context = { get(key: string): readonly string[] | undefined }

export function contextOf(input: ContextInput): Context {
  const keys = new Map<string, readonly string[]>()
  for (const [key, value] of Object.entries(input)) {
    if (value !== undefined) keys.set(key.toLowerCase(), typeof value === 'string' ? [value] : value)
  }
  return { get: (key) => keys.get(key.toLowerCase()) }
}
