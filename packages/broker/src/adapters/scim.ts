/**
 * The current users of an issuer, from a SCIM 2.0 service: RFC 7644 §3.4.2.2 (filter), RFC 7643 §4.1 (User). Nothing is cached, because a
 * cached answer may be outdated, and Stint asks exactly when someone decides.
 */
import { claimPath } from '@stint/core/config/matcher'
import type { Rules } from '@stint/core/config/shape'
import { isObject, type Json, type JsonObject, parseForeignJson } from '@stint/core/json'
import { done } from '@stint/core/outcome'
import type { Directory } from '../ports/directory.ts'
import type { GetOptions } from './https.ts'

type ScimSettings = {
  readonly rules: Pick<Rules, 'directories' | 'issuers'>
  /** The bearer token for each issuer's service. */
  readonly tokens: { readonly [issuer: string]: string }
  /** Returns the body of a response with status 200, and throws otherwise. */
  readonly get: (url: string, options: GetOptions) => Promise<Uint8Array>
}

export const scimDirectory = ({ rules, tokens, get }: ScimSettings): Directory => ({
  async claimsOf(issuer, subject) {
    const directory = rules.directories?.[issuer]
    const token = tokens[issuer]
    if (!directory || token === undefined) return done(undefined)
    const filter = `${directory.by} eq ${JSON.stringify(subject)}`
    let body: Uint8Array
    try {
      body = await get(`${directory.scim}/Users?${new URLSearchParams({ filter, count: '2' })}`, {
        ...(directory.network ? { network: directory.network } : {}),
        headers: { authorization: `Bearer ${token}`, accept: 'application/scim+json' },
      })
    } catch (error) {
      return { outcome: 'unknown', cause: `directory: ${(error as Error).message}` }
    }
    const parsed = parseForeignJson(body)
    const users = parsed.ok ? usersIn(parsed.value) : undefined
    if (!users) return { outcome: 'unknown', cause: 'directory: the response is not a list of users' }
    const [user, ...more] = users
    // A server that does not know the filter returns all users: accept only one user, and only the requested one.
    if (more.length > 0) return { outcome: 'unknown', cause: 'directory: more than one user matches the subject' }
    if (!isObject(user) || user[directory.by] !== subject || user.active !== true) return done(undefined)
    const claims = claimsIn(user, rules.issuers[issuer]?.groupsClaim ?? 'groups', directory.groups ?? 'value')
    return claims ? done(claims) : { outcome: 'unknown', cause: 'directory: a group of the user has no name' }
  },
})

const LIST = 'urn:ietf:params:scim:api:messages:2.0:ListResponse'

/**
 * The users in a complete list; undefined for anything else. Servers may omit `Resources` if there are none, and return fewer than
 * `totalResults`, which counts all matches (RFC 7644 §3.4.2).
 */
function usersIn(answer: Json): readonly Json[] | undefined {
  if (!isObject(answer) || !Array.isArray(answer.schemas) || !answer.schemas.includes(LIST)) return undefined
  const users = answer.Resources === undefined && answer.totalResults === 0 ? [] : answer.Resources
  const isWhole = Array.isArray(users) && users.length === answer.totalResults && users.every((user) => isObject(user))
  return isWhole ? users : undefined
}

/** Servers may omit groups (RFC 7643 §4.1.2). Then there is no claim, because an incomplete list proves no absence. */
function claimsIn(user: JsonObject, groupsClaim: string, member: 'value' | 'display'): JsonObject | undefined {
  // `null` is the same as absent (RFC 7643 §2.5).
  if (user.groups === undefined || user.groups === null) return {}
  if (!Array.isArray(user.groups)) return undefined
  const groups: string[] = []
  for (const group of user.groups) {
    const name = isObject(group) ? group[member] : undefined
    if (typeof name !== 'string' || name === '') return undefined
    groups.push(name)
  }
  // A claim named by a JSON Pointer is nested in others.
  const nested = claimPath(groupsClaim).reduceRight<Json>((inner, name) => ({ [name]: inner }), groups)
  return nested as JsonObject
}
