import type { JsonObject } from '@stint/core/json'
import type { Done, Unknown } from '@stint/core/outcome'

/** Looks up a current user of an issuer. `undefined`: there is no active user with that subject. */
export type Directory = { claimsOf(issuer: string, subject: string): Promise<Done<JsonObject | undefined> | Unknown> }
