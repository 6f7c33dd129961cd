/**
 * The file of `--map`: what the sources do not say. Stint compares claims of tokens, so it needs to know which value of a claim means a
 * group or a person of Identity Center, and the permanent ID of a GitHub owner. Nothing of this is guessed.
 */
import * as v from 'valibot'

export const accountId = v.pipe(v.string(), v.regex(/^\d{12}$/, 'must be 12 digits'))
const text = v.pipe(v.string(), v.nonEmpty('must not be empty'), v.maxLength(256, 'must be at most 256 characters'))
const digits = v.pipe(v.string(), v.regex(/^\d{1,20}$/, 'must be a numeric ID in a string'))

export const mappingSchema = v.strictObject({
  /** The ID of each GitHub owner, by name. `gh api /users/acme --jq .id` prints it. */
  owners: v.optional(v.record(v.string(), digits), {}),
  /** The ID of the GitHub enterprise that has all owners. Needed for several owners. */
  enterprise: v.optional(digits),
  /** By the ID of a group in Identity Center: the value of the groups claim that means it. */
  groups: v.optional(v.record(v.string(), text), {}),
  /** By the ID or the email address of a user in Identity Center: the `sub` of the tokens. */
  people: v.optional(v.record(v.string(), text), {}),
  /** The value of the groups claim that all users of SSO Elevator have. */
  everyone: v.optional(text),
  /** The accounts that `*` means. */
  accounts: v.optional(v.array(accountId), []),
  /** The accounts directly under each organizational unit, by its ID. */
  ous: v.optional(v.record(v.string(), v.array(accountId)), {}),
})

export type Mapping = v.InferOutput<typeof mappingSchema>
export const emptyMapping: Mapping = v.parse(mappingSchema, {})
