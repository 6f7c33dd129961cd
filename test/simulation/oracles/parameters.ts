/**
 * Invariant 3: role, external ID, name, source identity, tags, policy and duration are never the caller's beyond declared parameters. What
 * AWS is asked for is compared as a whole with what this file makes of the deployed configs, the caller and the stored intent.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Profile, Rules } from '@stint/core/config/shape'
import { durationSeconds } from '@stint/core/duration'
import {
  credentialsIn,
  freshEvents,
  type Item,
  isRequest,
  type Json,
  numberOf,
  type Oracle,
  type OracleContext,
  sessionsIn,
  stringOf,
} from './oracle.ts'

/** One set of credentials that an intent announces: when it was reserved, and when it must end. */
type Wanted = { readonly at: number; readonly end: number }
type Intent = {
  readonly session: string
  readonly issuer: string
  readonly subject: string
  readonly terms: Json
  readonly sets: Map<string, Wanted>
  /** The length of the session, in milliseconds. */
  lasts: number
}

/** The shortest session that STS makes, in seconds (AWS STS API Reference, DurationSeconds). */
const LEAST_STS_SECONDS = 900
/** The claim `team` of the tokens of each issuer. */
const TEAMS: Readonly<Record<string, string>> = { lab: 'core', ci: 'ci' }
/** The key of the issuer `lab` in names at AWS. */
const KEY = 'acme'
const ALLOW_ALL = [{ Effect: 'Allow', Action: '*', Resource: '*' }]

export function parametersOracle({ fault, releases, sts }: OracleContext): Oracle {
  const byName = new Map<string, Intent>()

  function judgeDuration({ session, terms: { profile }, lasts }: Intent, asked: boolean): void {
    const known = releases.flatMap((rules) => rules.profiles.find(profile)?.duration ?? [])
    const isAllowed = known.some(({ default: usual, max }) =>
      asked ? lasts <= durationSeconds(max) * 1000 : lasts === durationSeconds(usual) * 1000,
    )
    if (!isAllowed) fault('parameters', `${session} lasts ${lasts / 1000} s, which ${profile} does not allow`)
  }
  return {
    onWrite(write) {
      if (!isRequest(write)) return
      const text = stringOf(write.after?.terms)
      if (text === undefined) return
      for (const { suffix, state, fields } of sessionsIn(write.after)) {
        const [name, session] = [stringOf(fields.sessionName) ?? '', `${write.id.slice(4)}.${suffix}`]
        const known = byName.get(name)
        const terms: Json = known?.terms ?? JSON.parse(text)
        const [issuer, subject] = [write.after?.caller?.M?.issuer, write.after?.caller?.M?.subject].map((one) => stringOf(one) ?? '')
        const intent = known ?? { session, issuer: issuer ?? '', subject: subject ?? '', terms, sets: new Map(), lasts: 0 }
        byName.set(name, intent)
        if (known === undefined && state === 'reserved') {
          const whole = wantedOf(fields.reservedAt, fields.expiresAt)
          intent.lasts = whole.end - wholeSecond(whole.at)
          judgeDuration(
            intent,
            freshEvents(write).some((event) => event.session === session && event.durationAsked),
          )
          // The longest session that an approver allowed, in seconds.
          const limit = numberOf(write.after?.limits?.M?.duration) ?? Number.POSITIVE_INFINITY
          const renewed = terms.renew === undefined ? whole.end : wholeSecond(whole.at) + terms.renew * 1000
          // What people approved ends with its window, if it can be renewed.
          const isWindowed = terms.renew !== undefined && terms.approval !== undefined
          const window = isWindowed ? wholeSecond(numberOf(write.after?.windowExpiresAt) ?? 0) : Number.POSITIVE_INFINITY
          intent.sets.set('first', { at: whole.at, end: Math.min(whole.end, renewed, window, wholeSecond(whole.at) + limit * 1000) })
        }
        for (const [attempt, set] of Object.entries(fields.open?.M ?? {})) intent.sets.set(attempt, wantedOf(set.M?.at, set.M?.expiresAt))
      }
    },
    onAssume({ form }) {
      const intent = byName.get(form.RoleSessionName ?? '')
      // ./intent.ts reports a call without one.
      if (!intent) return
      const { session, issuer, subject, terms } = intent
      const differs = (what: string, is: unknown) => fault('parameters', `${session}: ${what} is ${JSON.stringify(is)?.slice(0, 300)}`)
      const target = releases[0]?.targets[releases[0]?.profiles.find(terms.profile)?.target ?? '']
      if (form.RoleArn !== target?.roleArn) differs('the role', form.RoleArn)
      if (form.ExternalId !== target?.externalId) differs('the external ID', form.ExternalId)
      // The subjects of people are plain; that of the job is encoded, and only compared with the terms.
      const person = issuer === 'lab' ? `${KEY}.${subject}` : terms.sourceIdentity
      if (form.SourceIdentity !== terms.sourceIdentity || form.SourceIdentity !== person)
        differs('the source identity', form.SourceIdentity)

      const { allows, ends, mintings, strange } = readPolicy(form.Policy)
      const known = releases.flatMap((rules) => allowsOf(rules, terms))
      if (!known.some((one) => isDeepStrictEqual(allows, one))) differs('what the policy allows', allows)
      if (strange.length > 0) differs('a statement of the policy', strange)
      // Where everything is allowed, what makes lasting access is denied.
      const isWide = isDeepStrictEqual(allows, ALLOW_ALL)
      if (isWide && !(mintings.length === 1 && mintings[0].Action.some(isOfAssumeRole))) differs('the Deny of lasting access', mintings)
      const arns = listIn(form, /^PolicyArns\.member\.\d+\.arn$/)
      if (!isDeepStrictEqual(arns, releases[0]?.profiles.find(terms.profile)?.policyArns ?? []))
        differs('the list of managed policies', arns)

      const wanted = [...intent.sets.values()].find(({ end }) => ends.length === 1 && end === ends[0])
      if (!wanted) differs('the end in the policy', ends)
      else if (Number(form.DurationSeconds) !== Math.max(LEAST_STS_SECONDS, Math.ceil((wanted.end - wholeSecond(wanted.at)) / 1000)))
        differs('the duration', form.DurationSeconds)

      const tags = Object.fromEntries(
        Object.entries(form).flatMap(([key, name]) =>
          /^Tags\.member\.\d+\.Key$/.test(key) ? [[name, form[key.replace(/Key$/, 'Value')]]] : [],
        ),
      )
      const hasTeam = releases[0]?.profiles.find(terms.profile)?.tags !== undefined
      if (!isDeepStrictEqual(tags, { ...(hasTeam ? { team: TEAMS[issuer] } : {}), 'stint:session': session }))
        differs('the list of tags', tags)
      const transitive = listIn(form, /^TransitiveTagKeys/)
      if (transitive.length > 0) differs('the list of transitive tags', transitive)
    },
    onVended({ id, profile, duration, renews }, answer) {
      const found = credentialsIn(answer)
      const made = sts.made.find(({ accessKeyId }) => accessKeyId === found?.accessKeyId)
      if (!found || !made) return
      if (made.changedInAnswer !== undefined)
        fault('parameters', `${id} got credentials although the answer of AWS had ${made.changedInAnswer}`)
      if (renews !== undefined) return
      const { lasts = 0 } = byName.get(made.form.RoleSessionName ?? '') ?? {}
      const usual = releases.flatMap((rules) => rules.profiles.find(profile)?.duration.default ?? []).map(durationSeconds)
      const wanted = duration === undefined ? usual : [duration]
      if (!wanted.some((seconds) => lasts === seconds * 1000))
        fault('parameters', `${id} wanted ${wanted.join(' or ')} s, and got ${lasts / 1000} s`)
    },
  }
}

/** Stint shortens the names of actions with wildcards. */
const isOfAssumeRole = (action: string): boolean => new RegExp(`^${action.replaceAll('*', '.*')}$`).test('sts:AssumeRole')
const wholeSecond = (instant: number): number => Math.floor(instant / 1000) * 1000
const wantedOf = (at: Item[string] | undefined, end: Item[string] | undefined): Wanted => ({
  at: numberOf(at) ?? 0,
  end: numberOf(end) ?? 0,
})
const listIn = (form: Readonly<Record<string, string>>, name: RegExp): readonly (string | undefined)[] =>
  Object.keys(form).flatMap((key) => (name.test(key) ? [form[key]] : []))

/** The Allow statements that a config gives a session with these parameters. */
function allowsOf(rules: Rules, { profile, parameters }: Json): readonly (readonly object[])[] {
  const found: Profile | undefined = rules.profiles.find(profile)
  if (!found) return []
  if (!found.policy) return [found.policyArns ? [] : ALLOW_ALL]
  // One profile has a parameter.
  return [profile === 'bucket' ? [allowGet(`arn:aws:s3:::${parameters.bucket}/*`)] : found.policy.map(() => allowGet('*'))]
}
const allowGet = (resource: string) => ({ Effect: 'Allow', Action: 's3:GetObject', Resource: resource })

/** `ends`: the instants from which everything is denied. Other statements may only deny actions on everything, always. */
function readPolicy(text = '{}') {
  const statements: readonly Json[] = JSON.parse(text).Statement ?? []
  const isEnd = ({ Effect, Action, Resource, Condition }: Json) =>
    Effect === 'Deny' && Action === '*' && Resource === '*' && isDeepStrictEqual(Object.keys(Condition ?? {}), ['DateGreaterThanEquals'])
  const isMintingDeny = ({ Effect, Resource, Condition, ...more }: Json) =>
    Effect === 'Deny' && Resource === '*' && Condition === undefined && isDeepStrictEqual(Object.keys(more), ['Action'])
  return {
    allows: statements.filter(({ Effect }) => Effect === 'Allow'),
    ends: statements.filter(isEnd).map(({ Condition }) => Date.parse(Condition.DateGreaterThanEquals['aws:CurrentTime'])),
    mintings: statements.filter(isMintingDeny),
    strange: statements.filter((one) => one.Effect !== 'Allow' && !isEnd(one) && !isMintingDeny(one)),
  }
}
