/**
 * Runs policy tests: the broker's own decisions over a token made of a caller's claims, without a signature and without any
 * I/O. What comes out is what the road would have done, up to the first write.
 */
import { decideAccess } from '@stint/core/access/decide'
import { findClaim, matchesClaim } from '@stint/core/access/matcher'
import type { CaseCall, CaseCaller, Cases, Expected } from '@stint/core/config/cases'
import type { Issuer, Profile, Rules, Who } from '@stint/core/config/shape'
import { durationSeconds } from '@stint/core/duration'
import { type Caller, toCaller } from '@stint/core/identity/caller'
import { checkClaims, checkHeader, parseToken } from '@stint/core/identity/token'
import { dialectOf } from '@stint/core/identity/token-use'
import { type Instant, parseIso } from '@stint/core/instant'
import type { JsonObject } from '@stint/core/json'
import type { Done, Refused } from '@stint/core/outcome'
import { approvalFor } from '@stint/core/request/approval'
import { type Ask, resolveScope } from '@stint/core/scope/terms'

/** `why` is the operator's view: never what a caller is told. */
export type Got = { readonly outcome: Expected; readonly why?: string }
/** What keeps a caller from one of the profile's rules. */
export type Obstacle = {
  readonly rule: string
  readonly misses: readonly { readonly claim: string; readonly is: unknown; readonly wanted: unknown }[]
}
export type CaseResult = {
  readonly caller: string
  readonly profile: string
  readonly expected: Expected | 'refused'
  readonly got: Got
  readonly passed: boolean
  readonly obstacles: readonly Obstacle[]
}
export type CasesResult = {
  readonly results: readonly CaseResult[]
  readonly untested: readonly string[]
  readonly faults: readonly string[]
}

export function runCases(rules: Rules, cases: Cases, clock: Instant): CasesResult {
  const now = cases.now === undefined ? clock : parseIso(cases.now)
  if (now === undefined) return { results: [], untested: [], faults: [`now: '${cases.now}' is no RFC 3339 time`] }
  const faults = [
    ...Object.entries(cases.callers).flatMap(([name, { issuer }]) =>
      Object.hasOwn(rules.issuers, issuer) ? [] : [`callers.${name}: there is no issuer '${issuer}'`],
    ),
    ...cases.cases.flatMap(([caller], index) =>
      Object.hasOwn(cases.callers, caller) ? [] : [`cases[${index}]: there is no caller '${caller}'`],
    ),
  ]
  if (faults.length > 0) return { results: [], untested: [], faults }

  const judge = (caller: string, profile: string, expected: CaseResult['expected'], call: CaseCall = {}): CaseResult => {
    const given = cases.callers[caller] as CaseCaller
    const { got, known } = decide(rules, given, profile, call, now)
    const passed = expected === 'refused' ? got.outcome !== 'allow' && got.outcome !== 'approval' : got.outcome === expected
    const found = rules.profiles.find(profile)
    return { caller, profile, expected, got, passed, obstacles: !passed && known && found ? obstaclesOf(found, known) : [] }
  }
  const results = cases.cases.map(([caller, profile, expected, call]) => judge(caller, profile, expected, call))
  const named = new Set(cases.cases.map(([caller, profile]) => `${caller}\n${profile}`))
  const rest = Object.keys(cases.callers).flatMap((caller) =>
    rules.profiles.ids.flatMap((profile) => (named.has(`${caller}\n${profile}`) ? [] : [judge(caller, profile, 'refused')])),
  )
  const tested = new Set(cases.cases.map(([, profile]) => profile))
  return {
    results: cases.rest === 'refused' ? [...results, ...rest] : results,
    untested: rules.profiles.ids.filter((id) => !tested.has(id)),
    faults: [],
  }
}

function decide(
  rules: Rules,
  given: CaseCaller,
  profileId: string,
  call: CaseCall,
  now: Instant,
): { readonly got: Got; readonly known?: Caller } {
  const caller = identify(rules, given, now)
  if (caller.outcome === 'refused') return { got: refusal(caller) }
  const known = caller.value
  const from = call.from ?? given.from ?? '203.0.113.1'
  const access = decideAccess(rules, profileId, known, { sourceIp: from, now })
  if (access.outcome === 'refused') return { got: { outcome: access.code, why: access.reasons.join(', ') }, known }
  const approval = approvalFor(access.profile, rules.targets[access.profile.target] ?? {})
  const { from: _from, ...ask } = call
  const scope = resolveScope(rules, access.profile, known, { profile: profileId, ...ask } as Ask, 1)
  if (scope.outcome === 'refused') return { got: refusal(scope), known }
  return { got: { outcome: approval ? 'approval' : 'allow' }, known }
}

const refusal = ({ code, operator, detail }: Refused): Got => ({ outcome: code, why: operator ?? detail })

/** Through the same checks as a signed token. */
function identify(rules: Rules, given: CaseCaller, now: Instant): Done<Caller> | Refused {
  const issuer = rules.issuers[given.issuer] as Issuer
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const header = { alg: issuer.algorithms[0], kid: 'test', ...(isMarkedByTyp(issuer) ? { typ: 'at+jwt' } : {}) }
  const token = parseToken(`${encode(header)}.${encode({ ...standard(issuer, given, now), ...given.claims })}.c2ln`)
  if (token.outcome === 'refused') return token
  const fault = checkHeader(issuer, token.value)
  if (fault) return fault
  const claims = checkClaims(issuer, token.value, now)
  return claims.outcome === 'refused' ? claims : toCaller(given.issuer, issuer, token.value, claims.value)
}

const isMarkedByTyp = (issuer: Issuer): boolean => issuer.tokenUse === 'access' && dialectOf(issuer) === 'rfc9068'

/** What every token of this issuer has, so that a table need not say it. */
function standard(issuer: Issuer, given: CaseCaller, now: Instant): JsonObject {
  const iat = Math.floor(now / 1000)
  const access = issuer.tokenUse === 'access'
  const marks: { readonly [dialect: string]: JsonObject } = {
    rfc9068: {},
    cognito: access ? { token_use: 'access', username: 'test' } : { token_use: 'id' },
    okta: access ? { cid: 'test', uid: String(given.claims.sub ?? 'test') } : {},
    entra: access ? { azp: 'test', scp: 'test' } : {},
  }
  return {
    iss: issuer.url,
    sub: 'test',
    aud: issuer.audiences[0] ?? '',
    iat,
    exp: iat + 300,
    ...marks[dialectOf(issuer)],
    ...Object.fromEntries(Object.entries(issuer.tenant ?? {}).filter(([claim]) => !claim.startsWith('/'))),
    ...(given.signedIn === undefined ? {} : { auth_time: iat - durationSeconds(given.signedIn) }),
  }
}

/** Rule by rule, the claims that do not fit; nearest first. */
function obstaclesOf(profile: Profile, caller: Caller): readonly Obstacle[] {
  return profile.eligible
    .map((who, index) => ({ rule: `eligible[${index}]`, misses: missesOf(who, caller) }))
    .filter(({ misses }) => misses.length > 0)
    .toSorted((a, b) => a.misses.length - b.misses.length)
}

function missesOf(who: Who, caller: Caller): Obstacle['misses'] {
  if (who.issuer !== caller.issuer) return [{ claim: 'issuer', is: caller.issuer, wanted: who.issuer }]
  return Object.entries(who.claims).flatMap(([claim, wanted]) => {
    const is = findClaim(caller.claims, claim)
    return matchesClaim(wanted, is) ? [] : [{ claim, is, wanted }]
  })
}
