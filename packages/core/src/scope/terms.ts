/**
 * Terms: everything that a session of this caller with this profile would get. An approver sees them, a request is bound to
 * them by hash, and AssumeRole is called with them. The only caller input in them is the declared and validated parameters.
 *
 * The terms do not include the config's hash, the session's ID and tag, or a call's duration, which can only shorten.
 */

import type { StatementJson } from '@stint/iam'
import { approvalFor } from '../config/approval.ts'
import { findClaim } from '../config/matcher.ts'
import { mintsOf } from '../config/mints.ts'
import type { Approval, Profile, Rules, Target, Value } from '../config/shape.ts'
import type { Parameters } from '../config/template.ts'
import { defined } from '../defined.ts'
import { sha256Hex } from '../digest.ts'
import { durationSeconds, formatDuration, parseDuration } from '../duration.ts'
import type { Caller } from '../identity/caller.ts'
import { sourceIdentity } from '../identity/name.ts'
import { type Person, triggeredBy } from '../identity/person.ts'
import { canonicalJson, isObject, type Json, jsonBytes } from '../json.ts'
import { type Done, done, type Refused, refused, type TermsDiff } from '../outcome.ts'
import { MAX_TAG_VALUE, tagText } from '../tag-value.ts'
import { checkParameters } from './parameters.ts'
import { filledFault, fitsSts, type NarrowRefusal, narrowStatements, profileStatements } from './policy.ts'

/** The shortest session. STS issues at least 900 s (AWS STS API Reference, DurationSeconds); the end-time Deny makes shorter sessions possible. */
export const MIN_DURATION_SECONDS = 60

/** The longest justification: in characters, in bytes of UTF-8, and in bytes of JSON, which only one with control characters exceeds. */
export const MAX_JUSTIFICATION_CHARACTERS = 2000
const MAX_JUSTIFICATION_BYTES = 4000
const MAX_JUSTIFICATION_JSON_BYTES = 5400

/** What the caller asks for. The body's schema has checked the types; the values are checked here. */
export type AccessInput = {
  readonly profile: string
  readonly parameters?: { readonly [name: string]: Json }
  readonly duration?: Json
  readonly narrow?: Json
  readonly justification?: string
  /** The key of an issue that the request is for: 1 to 64 characters of `A–Z a–z 0–9 . _ : / # -`. */
  readonly ticket?: string
  /** The approved request to take this session from. */
  readonly requestId?: string
}

export type Tag = { readonly key: string; readonly value: string; readonly transitive: boolean }

export type Terms = {
  readonly v: 1
  readonly profile: string
  readonly caller: { readonly issuer: string; readonly subject: string }
  /** For a workload that needs approval: the person who triggered it. All jobs of a subject are one caller, but not one person. */
  readonly triggeredBy?: Person
  readonly role: string
  readonly externalId: string
  readonly policy: readonly StatementJson[]
  readonly policyArns: readonly string[]
  /** Minting actions that the session can use; absent if there are none. Stint denies all others after hashing. */
  readonly mints?: readonly string[]
  readonly parameters: Parameters
  readonly narrow?: readonly StatementJson[]
  readonly sourceIdentity?: string
  readonly tags: readonly Tag[]
  /** Longest session, in seconds. */
  readonly maxDuration: number
  /** How long each set of credentials lasts, in seconds; absent if the session has only one. */
  readonly renew?: number
  readonly uses: number
  /** How long after the approval sessions can be taken, in seconds; 0 for a request that needs no approval. */
  readonly window: number
  readonly approval?: Approval
}

/** The terms, their hash, and what this one call asks for. */
export type Scope = {
  readonly terms: Terms
  readonly termsHash: string
  readonly targetId: string
  readonly target: Target
  /** Seconds. */
  readonly duration: number
  /** The caller chose the duration. Otherwise it is the profile's default, or less if an approver shortened it. */
  readonly durationAsked: boolean
  /** Clients end the session when the command or the job is done. */
  readonly endOnExit?: true
  /** Tags whose claims can differ between two tokens of the caller. They are sent, but are not part of the approved terms. */
  readonly passingTags: readonly Tag[]
  readonly justification?: string
  readonly ticket?: string
}

/** Why a call for a profile that the caller may use is refused all the same. */
export type ScopeRefusal =
  | NarrowRefusal
  | 'parameter-invalid'
  | 'duration-invalid'
  | 'packed-policy-too-large'
  | 'justification-required'
  | 'body-invalid'
  | 'not-eligible'

/** `uses`: how many sessions one request can issue if no approval rule sets it. */
export function resolveScope(
  rules: Pick<Rules, 'targets' | 'issuers' | 'people'>,
  profile: Profile,
  caller: Caller,
  ask: AccessInput,
  uses: number,
): Done<Scope> | Refused<ScopeRefusal> {
  const parameters = checkParameters(profile.parameters ?? {}, ask.parameters ?? {})
  if (parameters.outcome === 'refused') return parameters
  const duration = resolveDuration(profile, ask.duration)
  if (duration.outcome === 'refused') return duration

  const whole = profileStatements(profile, parameters.value)
  const fault = profile.parameters && filledFault(whole)
  if (fault) return refused('parameter-invalid', `With these parameters the session policy is invalid: ${fault}.`)
  const narrowed = ask.narrow === undefined ? done({ statements: whole, narrow: undefined }) : narrowStatements(profile, whole, ask.narrow)
  if (narrowed.outcome === 'refused') return narrowed
  const mints = mintsOf(profile)
  const policyArns = profile.policyArns ?? []
  if (!fitsSts({ policy: narrowed.value.statements, policyArns, mints })) {
    return refused('packed-policy-too-large', 'With these parameters the session policy is longer than 2,048 characters, the AWS limit.')
  }
  const target = rules.targets[profile.target] as Target
  const approval = approvalFor(profile, target)
  const justification = resolveJustification(profile, approval, ask)
  if (justification.outcome === 'refused') return justification
  if (ask.ticket !== undefined && !/^[\w.:/#-]{1,64}$/.test(ask.ticket))
    return refused('body-invalid', 'ticket must be 1 to 64 letters, digits and . _ : / # -.', { evidence: { property: 'ticket' } })
  const tags = resolveTags(profile, caller, parameters.value)
  if (tags.outcome === 'refused') return tags

  const trigger = approval && caller.kind === 'workload' ? triggeredBy(rules, caller) : undefined
  const terms: Terms = {
    v: 1,
    profile: ask.profile,
    caller: { issuer: caller.issuer, subject: caller.subject },
    ...defined({ triggeredBy: trigger }),
    role: target.roleArn,
    externalId: target.externalId,
    policy: narrowed.value.statements,
    policyArns,
    ...(mints.length > 0 ? { mints } : {}),
    parameters: parameters.value,
    ...(narrowed.value.narrow ? { narrow: narrowed.value.narrow } : {}),
    ...(profile.sourceIdentity === false ? {} : { sourceIdentity: sourceIdentity(caller.issuerKey, caller.identity) }),
    tags: tags.value.stable,
    maxDuration: durationSeconds(profile.duration.max),
    ...(profile.duration.renew === undefined ? {} : { renew: durationSeconds(profile.duration.renew) }),
    uses: approval?.maxUses ?? uses,
    window: approval ? durationSeconds(approval.window) : 0,
    ...(approval ? { approval } : {}),
  }
  return done({
    terms,
    termsHash: sha256Hex(canonicalJson(terms)),
    targetId: profile.target,
    target,
    duration: duration.value,
    durationAsked: ask.duration !== undefined,
    passingTags: tags.value.passing,
    ...defined({ endOnExit: profile.endOnExit, justification: justification.value, ticket: ask.ticket }),
  })
}

/** An integer is seconds, a string needs a unit. A duration that is too long is refused, never shortened. */
function resolveDuration(profile: Profile, asked: Json | undefined): Done<number> | Refused<'duration-invalid'> {
  if (asked === undefined) return done(durationSeconds(profile.duration.default))
  const longest = durationSeconds(profile.duration.max)
  const wanted = typeof asked === 'number' ? asked : typeof asked === 'string' ? parseDuration(asked) : undefined
  const no = (fault: string) =>
    refused(
      'duration-invalid',
      `duration ${fault}; this profile allows ${formatDuration(MIN_DURATION_SECONDS)} to ${formatDuration(longest)}.`,
    )
  if (wanted === undefined) {
    return no(typeof asked === 'string' && /^\d+(\.\d+)?$/.test(asked) ? `'${asked}' has no unit` : 'is not a duration such as 15m')
  }
  if (!Number.isInteger(wanted)) return no('must be a whole number of seconds')
  if (wanted < MIN_DURATION_SECONDS || wanted > longest) return no('is out of range')
  return done(wanted)
}

function resolveJustification(
  profile: Profile,
  approval: Approval | undefined,
  { justification: given, requestId }: Pick<AccessInput, 'justification' | 'requestId'>,
): Done<string | undefined> | Refused<'justification-required' | 'body-invalid'> {
  const text = given?.trim().toWellFormed()
  // A request that people approved has its justification, so a session of it needs no other.
  const isApproved = approval !== undefined && requestId !== undefined
  if ((profile.justification === 'required' || approval?.breakGlass) && !text && !isApproved)
    return refused('justification-required', 'This profile needs a justification.')
  if (text !== undefined && isTooLong(text)) {
    const most = `${MAX_JUSTIFICATION_CHARACTERS} characters, and ${MAX_JUSTIFICATION_BYTES} bytes of UTF-8`
    return refused('body-invalid', `justification can have at most ${most}.`, { evidence: { property: 'justification' } })
  }
  return done(text === '' ? undefined : text)
}

const isTooLong = (text: string): boolean =>
  Buffer.byteLength(text) > MAX_JUSTIFICATION_BYTES ||
  jsonBytes(text) > MAX_JUSTIFICATION_JSON_BYTES ||
  [...text].length > MAX_JUSTIFICATION_CHARACTERS

/** A value that is too long is refused. A shortened tag could match the policy of another caller. */
function resolveTags(
  profile: Profile,
  caller: Caller,
  parameters: Parameters,
): Done<{ readonly stable: readonly Tag[]; readonly passing: readonly Tag[] }> | Refused<'not-eligible' | 'parameter-invalid'> {
  const stable: Tag[] = []
  const passing: Tag[] = []
  for (const [key, value] of Object.entries(profile.tags ?? {})) {
    const found = tagSource(value, caller, parameters)
    if (found === undefined) return refused('not-eligible', `Your token lacks the claim for session tag '${key}'.`)
    const text = tagText(found)
    const most = 'claim' in value ? (value.max ?? MAX_TAG_VALUE) : MAX_TAG_VALUE
    if ([...text].length > most)
      return refused('parameter-invalid', `The value for session tag '${key}' is longer than ${most} characters.`)
    const isStable = value.stable === true || !('claim' in value)
    ;(isStable ? stable : passing).push({ key, value: text, transitive: value.transitive === true })
  }
  return done({ stable, passing })
}

function tagSource(value: Value, caller: Caller, parameters: Parameters): string | undefined {
  if ('const' in value) return value.const
  if ('param' in value) return parameters[value.param]
  const found = findClaim(caller.claims, value.claim)
  return found === undefined || found === null || isObject(found) || Array.isArray(found) ? undefined : String(found)
}

/** The properties in which two terms differ, for an approver who approved one and is shown the other. */
export function changedTerms(approved: string, now: Terms): TermsDiff {
  const before = JSON.parse(approved) as Record<string, unknown>
  const after = JSON.parse(canonicalJson(now)) as Record<string, unknown>
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  const differs = (name: string) => canonicalJson([before[name] ?? null]) !== canonicalJson([after[name] ?? null])
  return Object.fromEntries(names.filter(differs).map((name) => [name, { approved: before[name] ?? null, now: after[name] ?? null }]))
}
