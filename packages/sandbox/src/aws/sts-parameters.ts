/** The parameters of the STS operations that give a session of a role. Source of names, patterns and limits: AWS STS API Reference. */
import { MAX_SESSION_POLICY_CHARACTERS, type Policy, parsePolicy } from '@stint/iam'
import { partitions } from '@stint/iam/partition'
import { invalid, members, readTags, StsError, violation } from './sts-query.ts'

/** What AssumeRole and AssumeRoleWithWebIdentity have in common. */
export type RoleParameters = {
  readonly roleArn: string
  readonly sessionName: string
  readonly durationSeconds: number
  readonly policyText?: string
  readonly policy?: Policy
  readonly policyArns: readonly string[]
}

export type AssumeRoleParameters = RoleParameters & {
  readonly externalId?: string
  readonly sourceIdentity?: string
  readonly tags: Readonly<Record<string, string>>
  readonly transitiveTagKeys: readonly string[]
  readonly mfa?: Mfa
}

export type Mfa = { readonly serial: string; readonly code: string }

const memberOf = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1)

/** A pattern for the characters, and the lengths, as AWS checks and words them apart. `shown`: the pattern in AWS's notation. */
type Rule = { readonly characters: RegExp; readonly min: number; readonly max: number; readonly shown?: string }

/** Reads the parameters of one request and collects what they violate. */
export class Parameters {
  readonly #form: URLSearchParams
  readonly #violations: string[] = []
  constructor(form: URLSearchParams) {
    this.#form = form
  }

  one(name: string, { characters, min, max, shown = characters.source }: Rule): string | undefined {
    const value = this.#form.get(name)
    if (value === null) return undefined
    if (!new RegExp(`^(?:${characters.source})$`, 'u').test(value))
      this.violated(value, memberOf(name), `Member must satisfy regular expression pattern: ${shown}`)
    if (value.length < min) this.violated(value, memberOf(name), `Member must have length greater than or equal to ${min}`)
    if (value.length > max) this.violated(value, memberOf(name), `Member must have length less than or equal to ${max}`)
    return value
  }

  need(name: string, rule: Rule): string {
    const value = this.one(name, rule)
    if (value === undefined) this.violated(null, memberOf(name), 'Member must not be null')
    return value ?? ''
  }

  integer(name: string, standard: number, least: number, most: number): number {
    const value = this.#form.get(name) ?? String(standard)
    // AWS cannot read it as a number at all.
    if (!/^-?\d{1,10}$/.test(value)) throw new StsError(400, 'MalformedInput', 'Could not convert the input to an integer.')
    if (Number(value) < least) this.violated(value, memberOf(name), `Member must have value greater than or equal to ${least}`)
    if (Number(value) > most) this.violated(value, memberOf(name), `Member must have value less than or equal to ${most}`)
    return Number(value)
  }

  violated(value: string | null, member: string, rule: string): void {
    this.#violations.push(violation(value, member, rule))
  }

  /** Throws if anything was violated. */
  check(): void {
    if (this.#violations.length > 0) throw invalid(this.#violations)
  }
}

const ARN: Rule = {
  characters: /[\t\n\r\x20-\x7E\x85\xA0-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]+/u,
  min: 20,
  max: 2048,
  shown: '[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\uD7FF\\uE000-\\uFFFD\\u10000-\\u10FFFF]+',
}
const ROLE_ARN = new RegExp(`^arn:(${partitions.map(({ id }) => id).join('|')}):iam::\\d{12}:role/[\\w+=,.@/-]+$`)
const SESSION_NAME = { characters: /[\w+=,.@-]*/, min: 2, max: 64 }
const EXTERNAL_ID = { characters: /[\w+=,.@:/-]*/, min: 2, max: 1224 }
const SOURCE_IDENTITY = { characters: /(?!aws:)[\w+=,.@-]*/, min: 2, max: 64 }
const SESSION_POLICY: Rule = {
  characters: /[\t\n\r\x20-\xFF]+/,
  min: 1,
  max: MAX_SESSION_POLICY_CHARACTERS,
  shown: '[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+',
}
const SERIAL = { characters: /[\w+=/:,.@-]*/, min: 9, max: 256 }
const CODE = { characters: /[\d]*/, min: 6, max: 6 }
export const ACCESS_KEY_ID: Rule = { characters: /[\w]*/, min: 16, max: 128 }

const LEAST_SECONDS = 900
export const readDuration = (parameters: Parameters, standard: number, max: number): number =>
  parameters.integer('DurationSeconds', standard, LEAST_SECONDS, max)

/** `parameters` can already hold violations of an operation's own parameters: all of them are in one error. */
export function readRole(form: URLSearchParams, parameters: Parameters = new Parameters(form)): RoleParameters {
  const roleArn = parameters.need('RoleArn', ARN)
  const sessionName = parameters.need('RoleSessionName', SESSION_NAME)
  const durationSeconds = readDuration(parameters, 3600, 43_200)
  const policyText = parameters.one('Policy', SESSION_POLICY)
  const policyArns = [...members(form, /^PolicyArns\.member\.(\d+)\.arn$/).values()]
  if (policyArns.length > 10) parameters.violated(policyArns.join(', '), 'policyArns', 'Member must have length less than or equal to 10')
  parameters.check()
  if (!ROLE_ARN.test(roleArn))
    throw new StsError(400, 'ValidationError', roleArn.startsWith('arn:') ? 'Request ARN is invalid' : `${roleArn} is invalid`)
  return {
    roleArn,
    sessionName,
    durationSeconds,
    ...(policyText === undefined ? {} : { policyText, policy: sessionPolicy(policyText) }),
    policyArns,
  }
}

export function readAssumeRole(form: URLSearchParams): AssumeRoleParameters {
  const parameters = new Parameters(form)
  const externalId = parameters.one('ExternalId', EXTERNAL_ID)
  const sourceIdentity = parameters.one('SourceIdentity', SOURCE_IDENTITY)
  const mfa = readMfa(parameters)
  const role = readRole(form, parameters)
  const tags = readTags(form)
  const transitiveTagKeys = [...members(form, /^TransitiveTagKeys\.member\.(\d+)$/).values()]
  const stray = transitiveTagKeys.find((key) => !Object.hasOwn(tags, key))
  if (stray !== undefined)
    throw new StsError(400, 'InvalidParameterValue', `The transitive tag key ${stray} is not among the tags of this request.`)
  return {
    ...role,
    ...(externalId === undefined ? {} : { externalId }),
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    tags,
    transitiveTagKeys,
    ...(mfa ? { mfa } : {}),
  }
}

/** A device and its code, both or neither. */
export function readMfa(parameters: Parameters): Mfa | undefined {
  const serial = parameters.one('SerialNumber', SERIAL)
  const code = parameters.one('TokenCode', CODE)
  if (serial === undefined && code === undefined) return undefined
  if (serial === undefined) parameters.violated(null, 'serialNumber', 'Member must not be null')
  if (code === undefined) parameters.violated(null, 'tokenCode', 'Member must not be null')
  return { serial: serial ?? '', code: code ?? '' }
}

function sessionPolicy(text: string): Policy {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new StsError(400, 'MalformedPolicyDocument', 'This policy contains invalid Json')
  }
  const parsed = parsePolicy(json, 'session')
  if (!parsed.ok) throw new StsError(400, 'MalformedPolicyDocument', parsed.faults.join('; '))
  return parsed.policy
}
