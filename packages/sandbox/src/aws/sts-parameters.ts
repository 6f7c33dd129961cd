/** The parameters of the STS operations that give a session of a role. Source of names, patterns and limits: AWS STS API Reference. */
import { MAX_SESSION_POLICY_CHARACTERS, type Policy, parsePolicy } from '@stint/iam'
import { constraint, members, readTags, StsError } from './sts-query.ts'

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

/** A pattern for the characters, and the lengths, as AWS checks and words them apart. */
type Rule = { readonly characters: RegExp; readonly min: number; readonly max: number }

function one(form: URLSearchParams, name: string, { characters, min, max }: Rule): string | undefined {
  const value = form.get(name)
  if (value === null) return undefined
  const fail = (rule: string) => constraint(value.length > SHOWN ? '…' : value, memberOf(name), rule)
  if (value.length < min) throw fail(`Member must have length greater than or equal to ${min}`)
  if (value.length > max) throw fail(`Member must have length less than or equal to ${max}`)
  if (!new RegExp(`^(?:${characters.source})$`).test(value))
    throw fail(`Member must satisfy regular expression pattern: ${characters.source}`)
  return value
}
const SHOWN = 200

export function need(form: URLSearchParams, name: string, rule: Rule): string {
  const value = one(form, name, rule)
  if (value === undefined) throw constraint('null', memberOf(name), 'Member must not be null')
  return value
}

const ROLE_ARN = { characters: /arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+/, min: 20, max: 2048 }
const SESSION_NAME = { characters: /[\w+=,.@-]*/, min: 2, max: 64 }
const EXTERNAL_ID = { characters: /[\w+=,.@:/-]*/, min: 2, max: 1224 }
const SOURCE_IDENTITY = { characters: /(?!aws:)[\w+=,.@-]*/, min: 2, max: 64 }
const SESSION_POLICY = { characters: /[\t\n\r\u0020-\u00FF]+/, min: 1, max: MAX_SESSION_POLICY_CHARACTERS }
const SERIAL = { characters: /[\w+=/:,.@-]*/, min: 9, max: 256 }
const CODE = { characters: /[\d]*/, min: 6, max: 6 }
export const ACCESS_KEY_ID: Rule = { characters: /[\w]*/, min: 16, max: 128 }

export function readDuration(form: URLSearchParams, standard: number, max: number): number {
  const duration = one(form, 'DurationSeconds', { characters: /\d+/, min: 1, max: 9 }) ?? String(standard)
  if (Number(duration) < 900) throw constraint(duration, 'durationSeconds', 'Member must have value greater than or equal to 900')
  if (Number(duration) > max) throw constraint(duration, 'durationSeconds', `Member must have value less than or equal to ${max}`)
  return Number(duration)
}

export function readRole(form: URLSearchParams): RoleParameters {
  const roleArn = need(form, 'RoleArn', ROLE_ARN)
  const sessionName = need(form, 'RoleSessionName', SESSION_NAME)
  const durationSeconds = readDuration(form, 3600, 43_200)
  const policyText = one(form, 'Policy', SESSION_POLICY)
  const policyArns = [...members(form, /^PolicyArns\.member\.(\d+)\.arn$/).values()]
  if (policyArns.length > 10) throw constraint('…', 'policyArns', 'Member must have length less than or equal to 10')
  return {
    roleArn,
    sessionName,
    durationSeconds,
    ...(policyText === undefined ? {} : { policyText, policy: sessionPolicy(policyText) }),
    policyArns,
  }
}

export function readAssumeRole(form: URLSearchParams): AssumeRoleParameters {
  const role = readRole(form)
  const tags = readTags(form)
  const transitiveTagKeys = [...members(form, /^TransitiveTagKeys\.member\.(\d+)$/).values()]
  const stray = transitiveTagKeys.find((key) => !Object.hasOwn(tags, key))
  if (stray !== undefined)
    throw new StsError(400, 'InvalidParameterValue', `The transitive tag key ${stray} is not among the tags of this request.`)
  const externalId = one(form, 'ExternalId', EXTERNAL_ID)
  const sourceIdentity = one(form, 'SourceIdentity', SOURCE_IDENTITY)
  const mfa = readMfa(form)
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
export function readMfa(form: URLSearchParams): Mfa | undefined {
  const serial = one(form, 'SerialNumber', SERIAL)
  const code = one(form, 'TokenCode', CODE)
  if (serial === undefined && code === undefined) return undefined
  if (serial === undefined) throw constraint('null', 'serialNumber', 'Member must not be null')
  if (code === undefined) throw constraint('null', 'tokenCode', 'Member must not be null')
  return { serial, code }
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
