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

function one(form: URLSearchParams, name: string, pattern: RegExp): string | undefined {
  const value = form.get(name)
  if (value === null) return undefined
  if (!pattern.test(value)) throw constraint(value, memberOf(name), `Member must satisfy regular expression pattern: ${pattern.source}`)
  return value
}

export function need(form: URLSearchParams, name: string, pattern: RegExp): string {
  const value = one(form, name, pattern)
  if (value === undefined) throw constraint('null', memberOf(name), 'Member must not be null')
  return value
}

export function readDuration(form: URLSearchParams, standard: number, max: number): number {
  const duration = one(form, 'DurationSeconds', /^\d+$/) ?? String(standard)
  if (Number(duration) < 900) throw constraint(duration, 'durationSeconds', 'Member must have value greater than or equal to 900')
  if (Number(duration) > max) throw constraint(duration, 'durationSeconds', `Member must have value less than or equal to ${max}`)
  return Number(duration)
}

export function readRole(form: URLSearchParams): RoleParameters {
  const roleArn = need(form, 'RoleArn', /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/)
  const sessionName = need(form, 'RoleSessionName', /^[\w+=,.@-]{2,64}$/)
  const durationSeconds = readDuration(form, 3600, 43_200)
  const policyText = one(form, 'Policy', /^[\t\n\r\u0020-\u00FF]+$/)
  if (policyText !== undefined && policyText.length > MAX_SESSION_POLICY_CHARACTERS)
    throw constraint('…', 'policy', 'Member must have length less than or equal to 2048')
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
  const externalId = one(form, 'ExternalId', /^[\w+=,.@:/-]{2,1224}$/)
  const sourceIdentity = one(form, 'SourceIdentity', /^(?!aws:)[\w+=,.@-]{2,64}$/)
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
  const serial = one(form, 'SerialNumber', /^[\w+=/:,.@-]{9,256}$/)
  const code = one(form, 'TokenCode', /^\d{6}$/)
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
