/**
 * From the conditions of a trust policy for GitHub's tokens to claims of a rule. Every matcher here matches at most what its condition
 * matches: both compare the same claim of the same token, as a whole and with regard to case.
 *
 * Sources: AWS IAM User Guide, "IAM JSON policy elements: Condition operators" (`*` matches any characters, `?` one; several values are
 * alternatives, and for negated operators all must differ), "Create a role for OpenID Connect federation" and "Available keys for AWS OIDC
 * federation"; GitHub Docs, "OpenID Connect reference" (the forms of `sub`).
 */
import type { Matcher } from '@stint/core/config/shape'
import { isCidr } from '@stint/iam'
import type { Translated } from './rules.ts'

export const GITHUB_HOST = 'token.actions.githubusercontent.com'

/** Claims of GitHub's tokens that AWS has as condition keys, and all others of the same name in Stint. */
const CLAIMS = new Set(
  (
    'sub repository repository_id repository_owner repository_owner_id repository_visibility ref ref_type ref_protected environment ' +
    'job_workflow_ref job_workflow_sha workflow workflow_ref workflow_sha event_name actor actor_id enterprise enterprise_id ' +
    'runner_environment base_ref head_ref sha run_id run_number run_attempt'
  ).split(' '),
)

/** What a condition demands of a claim. `fits`: it says which values of a sub are kept. */
export type Demand =
  | { readonly kind: 'claim'; readonly claim: string; readonly values: readonly Value[]; readonly negated: boolean }
  | { readonly kind: 'address'; readonly blocks: readonly string[] }
  /** It does not limit who the caller is: a job chooses the audience of its token. */
  | { readonly kind: 'none' }
export type Value = { readonly text: string; readonly pattern: boolean }

/** What one condition demands. Without a value, Stint cannot express it, and the last note says why. */
export function demandOf(operator: string, key: string, values: readonly string[]): Translated<Demand> {
  const [host = '', claim = ''] = split(key)
  const no = (why: string): Translated<Demand> => ({ value: undefined, notes: [why] })
  if (/^aws:SourceIp$/i.test(key)) {
    if (operator !== 'IpAddress' || !values.every(isCidr)) return no(`Stint has no condition for ${operator} ${key}.`)
    return { value: { kind: 'address', blocks: values }, notes: [] }
  }
  if (host.toLowerCase() !== GITHUB_HOST) return no(`Stint has no condition for the key ${key}.`)
  const name = claim.toLowerCase()
  const [, set, base = ''] = /^(?:(ForAllValues|ForAnyValue):)?(.*?)(?:IfExists)?$/.exec(operator) ?? []
  if (name === 'aud') {
    return /^String(Equals(IgnoreCase)?|Like)$/.test(base)
      ? { value: { kind: 'none' }, notes: [] }
      : no(`Stint has no condition for ${operator} on the audience.`)
  }
  if (!CLAIMS.has(name)) return no(`Stint does not know the claim of ${key}.`)
  const negated = base.startsWith('StringNot')
  if (!/^String(Not)?(Equals(IgnoreCase)?|Like)$/.test(base)) return no(`Stint has no condition for ${operator} on ${claim}.`)
  // A negated set operator compares each value with each, and only a claim with one value makes it the plain operator.
  if (negated && set !== undefined) return no(`Stint has no condition for ${operator} on ${claim}.`)
  const demand: Demand = {
    kind: 'claim',
    claim: name,
    values: values.map((text) => ({ text, pattern: base.endsWith('Like') })),
    negated,
  }
  if (base.endsWith('IgnoreCase')) {
    if (negated) return no(`Stint’s comparisons are case-sensitive, so it has no equivalent of ${operator} on ${claim}.`)
    return { value: demand, notes: [`'${claim}' matches only in the case in which the trust policy spells it.`] }
  }
  // Every token has a sub. Another claim can be missing, and Stint then refuses.
  if (name !== 'sub' && (operator.endsWith('IfExists') || set === 'ForAllValues' || negated))
    return { value: demand, notes: [`A token without '${claim}' does not match.`] }
  return { value: demand, notes: [] }
}

const split = (key: string): readonly string[] => {
  const at = key.lastIndexOf(':')
  return [key.slice(0, at), key.slice(at + 1)]
}

/** The matcher of one value, or the reason why there is none. */
export function matcherOf({ text, pattern }: Value): { readonly ok: true; readonly matcher: Matcher } | Unmatched {
  if (text.includes('${')) return { ok: false, why: `'${text}' contains a policy variable, which Stint does not replace.` }
  if (!pattern)
    return /[*?]/.test(text)
      ? { ok: false, why: `'${text}' is compared literally by StringEquals, with its wildcard, so no token ever matched it.` }
      : { ok: true, matcher: text }
  if (text.includes('?')) return { ok: false, why: `'${text}' has a ?, for which Stint has no pattern.` }
  if (!text.includes('*')) return { ok: true, matcher: text }
  const glob = text.replaceAll(/\*+/g, '**')
  return glob === '**' ? { ok: false, why: `'${text}' matches everything.` } : { ok: true, matcher: { glob } }
}
type Unmatched = { readonly ok: false; readonly why: string }

/** The owner and the repository of a subject. `ownerId`: a newer subject names it. */
export type Subject = { readonly owner: string; readonly ownerId?: string }

/** The owner that every match of this sub has, and the sub as Stint has it, possibly narrower. */
export function subjectOf(
  value: Value,
): { readonly ok: true; readonly subject: Subject; readonly value: Value; readonly note?: string } | Unmatched {
  const found = /^repo:([^/:@*?]+)(?:@(\d+))?\/([^:]+)(:.*)?$/.exec(value.text)
  if (!found) {
    const why =
      value.pattern && /[*?]/.test(value.text) ? 'It matches repositories of any owner.' : 'It does not name the owner of a repository.'
    return { ok: false, why: `Subject '${value.text}': ${why} List the repositories.` }
  }
  const [, owner = '', ownerId, repository = '', rest] = found
  const subject = { owner, ...(ownerId === undefined ? {} : { ownerId }) }
  if (!value.pattern || !/[*?]/.test(repository) || repository === '*') return { ok: true, subject, value }
  const [, name] = /^([\w.@-]*[A-Za-z0-9])\*$/.exec(repository) ?? []
  if (name === undefined || rest !== undefined)
    return {
      ok: false,
      why: `Subject '${value.text}': It matches every repository with such a name, also later ones. List the repositories.`,
    }
  return {
    ok: true,
    subject,
    value: { text: `repo:${owner}${ownerId === undefined ? '' : `@${ownerId}`}/${name}:*`, pattern: true },
    note: `Subject '${value.text}': Only the repository ${owner}/${name} gets in, and no other whose name begins with it.`,
  }
}
