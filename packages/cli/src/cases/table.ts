/** Checks a table of access tests before it runs: with a misspelled property, a row would test nothing. */
import { vendBody } from '@stint/broker/http/request-schemas'
import type { Cases } from '@stint/core/config/cases'
import type { Rules } from '@stint/core/config/shape'
import { parseDuration } from '@stint/core/duration'
import { parseIso } from '@stint/core/instant'
import { problems } from '@stint/core/problem'
import * as v from 'valibot'

const { profile: _profile, format: _format, requestId: _requestId, ...asked } = vendBody.entries
const outcome = v.picklist(['allow', 'approval', ...Object.keys(problems)], 'must be allow, approval or the code of a refusal')
const duration = v.pipe(
  v.string(),
  v.check((text) => parseDuration(text) !== undefined, "must be a duration with units, such as '5m'"),
)
const plainObject = v.custom<object>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), 'must be an object')
const call = v.strictObject({ ...asked, from: v.optional(v.string()) })

const schema = v.strictObject({
  now: v.optional(
    v.pipe(
      v.string(),
      v.check((text) => parseIso(text) !== undefined, 'must be an RFC 3339 time'),
    ),
  ),
  callers: v.record(
    v.string(),
    v.strictObject({ issuer: v.string(), claims: plainObject, signedIn: v.optional(duration), from: v.optional(v.string()) }),
  ),
  cases: v.pipe(
    v.array(v.union([v.strictTuple([v.string(), v.string(), outcome]), v.strictTuple([v.string(), v.string(), outcome, call])])),
    v.minLength(1, 'must not be empty'),
  ),
  rest: v.optional(v.literal('refused')),
})

type CheckedTable = { readonly ok: true; readonly cases: Cases } | { readonly ok: false; readonly faults: readonly string[] }

export function checkTable(source: unknown, rules: Pick<Rules, 'issuers' | 'profiles'>): CheckedTable {
  const parsed = v.safeParse(schema, source)
  if (!parsed.success) return { ok: false, faults: parsed.issues.flatMap(faultsOf) }
  const cases = parsed.output as unknown as Cases
  const faults = [
    ...Object.entries(cases.callers).flatMap(([name, { issuer }]) =>
      Object.hasOwn(rules.issuers, issuer) ? [] : [`callers.${name}.issuer: unknown issuer '${issuer}'`],
    ),
    ...cases.cases.flatMap(([caller, profile], index) => [
      ...(Object.hasOwn(cases.callers, caller) ? [] : [`cases[${index}]: unknown caller '${caller}'`]),
      ...(rules.profiles.find(profile) ? [] : [`cases[${index}]: unknown profile '${profile}'`]),
    ]),
  ]
  return faults.length > 0 ? { ok: false, faults } : { ok: true, cases }
}

/** The faults of the nearest alternative. */
function faultsOf(issue: v.BaseIssue<unknown>): readonly string[] {
  const inner = issue.issues?.toSorted((a, b) => (b.path?.length ?? 0) - (a.path?.length ?? 0))[0]
  const path = [...(issue.path ?? []), ...(inner?.path ?? [])]
    .map((item) => (typeof item.key === 'number' ? `[${item.key}]` : `.${String(item.key)}`))
    .join('')
    .replace(/^\./, '')
  const { message, type, expected } = inner ?? issue
  return [`${path || 'table'}: ${type === 'strict_object' && expected === 'never' ? 'is an unknown property' : message}`]
}
