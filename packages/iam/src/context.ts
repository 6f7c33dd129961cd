/**
 * The context of a request: condition keys and their values. Keys are compared without regard to case
 * (AWS IAM User Guide, "IAM JSON policy elements: Condition": "condition key names are not case-sensitive").
 */

/** The values of each key. A single-valued key has a list of one. A missing key is absent, not empty. */
export type ContextInput = { readonly [key: string]: string | readonly string[] | undefined }

export type Context = { get(key: string): readonly string[] | undefined }

export function contextOf(input: ContextInput): Context {
  const keys = new Map<string, readonly string[]>()
  for (const [key, value] of Object.entries(input)) {
    if (value !== undefined) keys.set(key.toLowerCase(), typeof value === 'string' ? [value] : value)
  }
  return { get: (key) => keys.get(key.toLowerCase()) }
}
