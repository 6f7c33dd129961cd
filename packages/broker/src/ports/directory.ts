import type { JsonObject } from '@stint/core/json'
import type { Done, Unknown } from '@stint/core/outcome'

/** Who an issuer's people are today. `undefined`: nobody active by that subject. */
export type Directory = { claimsOf(issuer: string, subject: string): Promise<Done<JsonObject | undefined> | Unknown> }
