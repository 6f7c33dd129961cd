/**
 * Runs access tests: the broker's own decisions on a token made from a caller's claims, without a signature and without I/O. The
 * result is what the vend path would decide, up to the first write.
 */

import { type Access, decideAccess, standingOf } from '@stint/core/access/decide'
import { type Obstacle, obstaclesOf } from '@stint/core/access/obstacles'
import { approvalFor } from '@stint/core/config/approval'
import type { CaseCall, CaseCaller, Cases, Expected } from '@stint/core/config/cases'
import { presetOf } from '@stint/core/config/issuers/presets'
import type { Issuer, Profile, Rules } from '@stint/core/config/shape'
import { defined } from '@stint/core/defined'
import { durationSeconds } from '@stint/core/duration'
import { type Caller, toCaller } from '@stint/core/identity/caller'
import { refuseOwnSession } from '@stint/core/identity/own-session'
import { type Claims, fillClaims } from '@stint/core/identity/sample-claims'
import { checkClaims, checkHeader, forged, maxTokenLifeSeconds, parseToken } from '@stint/core/identity/token'
import { dialectOf } from '@stint/core/identity/token-use'
import { type Instant, parseIso } from '@stint/core/instant'
import type { JsonObject } from '@stint/core/json'
import type { Done, Refused } from '@stint/core/outcome'
import { type AccessInput, resolveScope } from '@stint/core/scope/terms'

/** `why` is for the operator. Callers never see it. */
type Got = { readonly outcome: Expected; readonly why?: string }
export type CaseResult = {
  readonly caller: string
  readonly profile: string
  readonly expected: Expected | 'kept out'
  readonly got: Got
  readonly passed: boolean
  readonly obstacles: readonly Obstacle[]
}
export type CasesResult = { readonly results: readonly CaseResult[]; readonly untested: readonly string[] }

export function runCases(rules: Rules, { callers, cases, ...table }: Cases, clock: Instant): CasesResult {
  const now = table.now === undefined ? clock : (parseIso(table.now) as Instant)
  const known = new Map(Object.entries(callers).map(([name, caller]) => [name, { given: caller, caller: identify(rules, caller, now) }]))
  const knownBy = (name: string) => known.get(name) as { given: CaseCaller; caller: Done<Caller> | Refused }

  const results = cases.map(([name, profile, expected, call = {}]): CaseResult => {
    const { given, caller } = knownBy(name)
    const got =
      caller.outcome === 'refused'
        ? refusal(caller)
        : decide(rules, caller.value, profile, { ...defined({ from: given.from }), ...call }, now)
    const passed = got.outcome === expected
    return {
      caller: name,
      profile,
      expected,
      got,
      passed,
      obstacles: passed || caller.outcome === 'refused' ? [] : obstaclesOf(rules.profiles.find(profile) ?? { eligible: [] }, caller.value),
    }
  })
  const named = new Set(cases.map(([name, profile]) => `${name}\n${profile}`))
  // A token that the broker rejects proves nothing about the rules, unless the table expects the rejection.
  const strangers = new Set(
    cases.flatMap(([name, , expected]) => (expected === 'token-invalid' || expected === 'token-expired' ? [name] : [])),
  )
  const rest = [...known].flatMap(([name, { given, caller }]) =>
    rules.profiles.ids.flatMap((profile): readonly CaseResult[] => {
      if (named.has(`${name}\n${profile}`)) return []
      const result = { caller: name, profile, expected: 'kept out' as const, obstacles: [] }
      if (caller.outcome === 'refused') return [{ ...result, got: refusal(caller), passed: strangers.has(name) }]
      const { eligible, hurdles } = standingOf(rules.profiles.find(profile) as Profile, caller.value, contextOf(given.from, now))
      const admitted = eligible || hurdles.length > 0
      return [
        {
          ...result,
          got: admitted ? { outcome: hurdles[0] ?? 'allow', why: 'its claims match the rules' } : { outcome: 'profile-unknown' },
          passed: !admitted,
        },
      ]
    }),
  )
  const tested = new Set(cases.map(([, profile]) => profile))
  return {
    results: table.rest === 'refused' ? [...results, ...rest] : results,
    untested: rules.profiles.ids.filter((id) => !tested.has(id)),
  }
}

const contextOf = (from: string | undefined, now: Instant) => ({ sourceIp: from ?? '203.0.113.1', now })

function decide(rules: Rules, caller: Caller, profileId: string, { from, ...ask }: CaseCall, now: Instant): Got {
  const access: Access = decideAccess(rules, profileId, caller, contextOf(from, now))
  if (access.outcome === 'refused') return { outcome: access.code, why: access.reasons.join(', ') }
  const approval = approvalFor(access.profile, rules.targets[access.profile.target] ?? {})
  const scope = resolveScope(rules, access.profile, caller, { profile: profileId, ...ask } as AccessInput, 1)
  if (scope.outcome === 'refused') return refusal(scope)
  if (approval && caller.kind === 'workload' && scope.value.terms.triggeredBy === undefined)
    return { outcome: 'not-eligible', why: 'the person who triggered this job is unknown' }
  return { outcome: approval ? 'approval' : 'allow' }
}

const refusal = ({ code, operator, detail }: Refused): Got => ({ outcome: code, why: operator ?? detail })

/** Applies the same checks as for a signed token. The issuer is the one that `iss` names. */
function identify(rules: Rules, given: CaseCaller, now: Instant): Done<Caller> | Refused {
  const named = rules.issuers[given.issuer] as Issuer
  const claims = { ...standard(named, given, now), ...given.claims }
  const [id, issuer] = Object.entries(rules.issuers).find(([, { url }]) => url === claims.iss) ?? []
  if (id === undefined || issuer === undefined) return forged('unknown issuer')
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const header = { alg: issuer.algorithms[0], kid: 'test', ...(isMarkedByTyp(issuer) ? { typ: 'at+jwt' } : {}) }
  const token = parseToken(`${encode(header)}.${encode(claims)}.c2ln`)
  if (token.outcome === 'refused') return token
  const fault = checkHeader(issuer, token.value)
  if (fault) return fault
  const checked = checkClaims(issuer, token.value, now)
  if (checked.outcome === 'refused') return checked
  return refuseOwnSession(rules, checked.value) ?? toCaller(id, issuer, token.value, checked.value)
}

const isMarkedByTyp = (issuer: Issuer): boolean => issuer.tokenUse === 'access' && dialectOf(issuer) === 'rfc9068'
const LIFE_SECONDS = 300

/** The claims that every token of this issuer has, so that a table can leave them out. */
function standard(issuer: Issuer, given: CaseCaller, now: Instant): JsonObject {
  const iat = Math.floor(now / 1000)
  const audience = issuer.audiences[0] ?? ''
  const hasAudience = !(dialectOf(issuer) === 'cognito' && issuer.tokenUse === 'access')
  const filled: Claims = {
    iss: issuer.url,
    sub: 'test',
    // Of the presets, only Kubernetes issues a list.
    ...(hasAudience ? { aud: presetOf(issuer) === 'kubernetes' ? [audience] : audience } : {}),
    iat,
    exp: iat + Math.min(LIFE_SECONDS, maxTokenLifeSeconds(issuer)),
    ...(given.signedIn === undefined ? {} : { auth_time: iat - durationSeconds(given.signedIn) }),
  }
  fillClaims(filled, issuer, 'test', given.claims)
  return filled
}
