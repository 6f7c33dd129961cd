/**
 * Who an issuer's people are today, from a SCIM 2.0 service: RFC 7644 §3.4.2.2 (filter), RFC 7643 §4.1 (User). Asked anew
 * each time: what is remembered may no longer be so, and this is asked just when somebody decides.
 */
import type { Rules } from '@stint/core/config/shape'
import { isObject, type Json, type JsonObject, parseForeignJson } from '@stint/core/json'
import { done } from '@stint/core/outcome'
import type { Directory } from '../ports.ts'
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
    const listed = parsed.ok && isObject(parsed.value) ? parsed.value : {}
    // Servers may leave Resources out where there is none (RFC 7644 §3.4.2); anything else that is no list is no answer.
    const users = listed.Resources === undefined && listed.totalResults === 0 ? [] : listed.Resources
    if (!Array.isArray(users)) return { outcome: 'unknown', cause: 'directory: the answer is no SCIM list' }
    const [user, ...more] = users
    // A server that does not know the filter gives everybody: only one user, and only the one that was asked for.
    if (more.length > 0) return { outcome: 'unknown', cause: 'directory: more than one user answers to the subject' }
    if (!isObject(user) || user[directory.by] !== subject || user.active !== true) return done(undefined)
    const claims = claimsIn(user, rules.issuers[issuer]?.groupsClaim ?? 'groups', directory.groups ?? 'value')
    return claims ? done(claims) : { outcome: 'unknown', cause: 'directory: a group of the user has no name' }
  },
})

/** Servers may leave groups out (RFC 7643 §4.1.2): then there is no claim, since a list that is not whole proves no absence. */
function claimsIn(user: JsonObject, groupsClaim: string, member: 'value' | 'display'): JsonObject | undefined {
  if (!Array.isArray(user.groups)) return {}
  const groups: string[] = []
  for (const group of user.groups) {
    const name = isObject(group) ? group[member] : undefined
    if (typeof name !== 'string') return undefined
    groups.push(name)
  }
  // A claim that is named by a JSON Pointer stands within others.
  const path = groupsClaim.startsWith('/') ? groupsClaim.slice(1).split('/') : [groupsClaim]
  const nested = path.reduceRight<Json>((inner, name) => ({ [name.replaceAll('~1', '/').replaceAll('~0', '~')]: inner }), groups)
  return nested as JsonObject
}
