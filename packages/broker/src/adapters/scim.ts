/**
 * Who an issuer's people are today, from a SCIM 2.0 service: RFC 7644 §3.4.2.2 (filter), RFC 7643 §4.1 (User). Asked anew
 * each time: what is remembered may no longer be so, and this is asked just when somebody decides.
 */
import type { Rules } from '@stint/core/config/shape'
import { isObject, type Json, type JsonObject, parseForeignJson } from '@stint/core/json'
import { done } from '@stint/core/outcome'
import type { Directory } from '../ports/directory.ts'
import type { GetOptions } from './https.ts'

export type ScimSettings = {
  readonly rules: Pick<Rules, 'directories' | 'issuers'>
  /** The bearer token for each issuer's service. */
  readonly tokens: { readonly [issuer: string]: string }
  /** Gives the body of an answer of 200, and throws otherwise. */
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
    if (!users) return { outcome: 'unknown', cause: 'directory: the answer is not a list of users' }
    const [user, ...more] = users
    // A server that does not know the filter gives everybody: only one user, and only the one that was asked for.
    if (more.length > 0) return { outcome: 'unknown', cause: 'directory: more than one user answers to the subject' }
    if (!isObject(user) || user[directory.by] !== subject || user.active !== true) return done(undefined)
    const claims = claimsIn(user, rules.issuers[issuer]?.groupsClaim ?? 'groups', directory.groups ?? 'value')
    return claims ? done(claims) : { outcome: 'unknown', cause: 'directory: a group of the user has no name' }
  },
})

const LIST = 'urn:ietf:params:scim:api:messages:2.0:ListResponse'

/**
 * The users in a list that is whole; undefined for anything else. Servers may leave `Resources` out where there are none, and
 * give fewer than `totalResults` says, which counts all that match (RFC 7644 §3.4.2).
 */
function usersIn(answer: Json): readonly Json[] | undefined {
  if (!isObject(answer) || !Array.isArray(answer.schemas) || !answer.schemas.includes(LIST)) return undefined
  const users = answer.Resources === undefined && answer.totalResults === 0 ? [] : answer.Resources
  const isWhole = Array.isArray(users) && users.length === answer.totalResults && users.every((user) => isObject(user))
  return isWhole ? users : undefined
}

/** Servers may leave groups out (RFC 7643 §4.1.2): then there is no claim, since a list that is not whole proves no absence. */
function claimsIn(user: JsonObject, groupsClaim: string, member: 'value' | 'display'): JsonObject | undefined {
  // `null` is as if it were not there (RFC 7643 §2.5).
  if (user.groups === undefined || user.groups === null) return {}
  if (!Array.isArray(user.groups)) return undefined
  const groups: string[] = []
  for (const group of user.groups) {
    const name = isObject(group) ? group[member] : undefined
    if (typeof name !== 'string' || name === '') return undefined
    groups.push(name)
  }
  // A claim that is named by a JSON Pointer stands within others.
  const path = groupsClaim.startsWith('/') ? groupsClaim.slice(1).split('/') : [groupsClaim]
  const nested = path.reduceRight<Json>((inner, name) => ({ [name.replaceAll('~1', '/').replaceAll('~0', '~')]: inner }), groups)
  return nested as JsonObject
}
