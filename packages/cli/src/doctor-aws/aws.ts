/**
 * What the doctor asks of AWS: who you are, a role, and a call that must fail. Behind one interface, so that the checks are tested
 * without AWS. Sources: AWS IAM API Reference, "GetRole"; AWS STS API Reference, "AssumeRole", "GetCallerIdentity".
 */
import type { AwsKeys } from '@stint/broker/adapters/aws'
import { signedQuery } from '@stint/broker/adapters/signed-query'
import type { Target } from '@stint/core/config/shape'
import { iamHost, partitionOfArn, partitionOfRegion } from '@stint/iam/partition'
import { Failure } from '../frame/failure.ts'
import type { Env, Reply, Send } from '../frame/http.ts'
import type { RoleDocument } from './judge-role.ts'
import { codeOf, documentIn, tag } from './query-answer.ts'
import { type PoliciesRead, readPolicies } from './read-policies.ts'

export type RoleRead =
  | { readonly found: 'role'; readonly role: RoleDocument }
  | { readonly found: 'none' }
  | { readonly found: 'denied'; readonly says: string }
export type Probe = 'denied' | 'allowed' | { readonly unclear: string }

export type TargetAws = {
  /** The account that reads the role of this target. */
  readonly accountFor: (target: Target) => Promise<string | { readonly denied: string }>
  readonly readRole: (target: Target) => Promise<RoleRead>
  /** The role's own policies. `boundary`: the ARN of its permissions boundary. */
  readonly readPolicies: (target: Target, boundary: string | undefined) => Promise<PoliciesRead>
  /** AssumeRole with an external ID that is not the target's. */
  readonly assumeWithWrongExternalId: (target: Target) => Promise<Probe>
}

type Settings = {
  readonly keys: AwsKeys
  readonly send: Send
  readonly env: Env
  readonly clock: () => number
  /** The name of a role in each target account through which to read. */
  readonly reader?: string
}

const MAX_ANSWER_BYTES = 256 * 1024
const TIMEOUT_MS = 15_000

export function targetAws({ keys, send, env, clock, reader }: Settings): TargetAws {
  const ask = async (service: 'iam' | 'sts', target: Target, as: AwsKeys, parameters: Record<string, string>): Promise<Reply> => {
    const { url, region } = endpointOf(service, target, env)
    const call = await signedQuery({ service, region, url, parameters }, as, clock()).catch((error: Error) => {
      throw new Failure('unreachable', `There are no AWS credentials: ${error.message}`, {
        next: 'Sign in to AWS, or set AWS_PROFILE, then repeat the command.',
      })
    })
    return send(url, { ...call, maxBytes: MAX_ANSWER_BYTES, timeoutMs: TIMEOUT_MS })
  }
  const sts = (target: Target, as: AwsKeys, Action: string, more: Record<string, string> = {}) =>
    ask('sts', target, as, { Action, Version: '2011-06-15', ...more })
  const readers = new Map<string, AwsKeys>()
  const keysFor = async (target: Target): Promise<AwsKeys | { readonly denied: string }> => {
    if (reader === undefined) return keys
    const known = readers.get(target.account)
    if (known) return known
    const RoleArn = `arn:${target.roleArn.split(':')[1]}:iam::${target.account}:role/${reader}`
    const reply = await sts(target, keys, 'AssumeRole', { RoleArn, RoleSessionName: 'stint-doctor', DurationSeconds: '900' })
    if (!reply.ok) return { denied: `${RoleArn} cannot be assumed: ${errorOf(reply)}` }
    const text = (name: string) => tag(reply.text, name) ?? ''
    const found = { accessKeyId: text('AccessKeyId'), secretAccessKey: text('SecretAccessKey'), sessionToken: text('SessionToken') }
    readers.set(target.account, found)
    return found
  }
  return {
    async accountFor(target) {
      const as = await keysFor(target)
      if ('denied' in as) return as
      const reply = await sts(target, as, 'GetCallerIdentity')
      return tag(reply.text, 'Account') ?? { denied: `GetCallerIdentity failed: ${errorOf(reply)}` }
    },
    async readRole(target) {
      const as = await keysFor(target)
      if ('denied' in as) return { found: 'denied', says: as.denied }
      const RoleName = target.roleArn.split('/').at(-1) ?? ''
      const reply = await ask('iam', target, as, { Action: 'GetRole', Version: '2010-05-08', RoleName })
      if (reply.ok) return readRoleReply(reply.text)
      return codeOf(reply) === 'NoSuchEntity' ? { found: 'none' } : { found: 'denied', says: `GetRole failed: ${errorOf(reply)}` }
    },
    async readPolicies(target, boundary) {
      const as = await keysFor(target)
      if ('denied' in as) return { found: 'denied', says: as.denied }
      return readPolicies((parameters) => ask('iam', target, as, parameters), target.roleArn.split('/').at(-1) ?? '', boundary)
    },
    async assumeWithWrongExternalId(target) {
      const as = await keysFor(target)
      if ('denied' in as) return { unclear: as.denied }
      // If AWS accepts it after all, this session can do nothing, and its credentials are not kept.
      const reply = await sts(target, as, 'AssumeRole', {
        RoleArn: target.roleArn,
        RoleSessionName: 'stint-doctor-must-fail',
        ExternalId: `${target.externalId}-wrong`,
        DurationSeconds: '900',
        Policy: DENY_ALL,
      })
      if (reply.ok) return 'allowed'
      return codeOf(reply) === 'AccessDenied' ? 'denied' : { unclear: errorOf(reply) }
    },
  }
}

const DENY_ALL = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }] })

/** IAM has one endpoint for each partition (AWS General Reference, "AWS Identity and Access Management endpoints"). */
function endpointOf(service: 'iam' | 'sts', { region, roleArn }: Target, env: Env): { readonly url: string; readonly region: string } {
  const partition = partitionOfArn(roleArn) ?? partitionOfRegion(region)
  const given = (service === 'iam' ? env.AWS_ENDPOINT_URL_IAM : env.AWS_ENDPOINT_URL_STS) ?? env.AWS_ENDPOINT_URL
  const signed = service === 'iam' ? partition.iamRegion : region
  const own = service === 'iam' ? `https://${iamHost(partition)}/` : `https://sts.${region}.${partition.dnsSuffix}/`
  return { url: given === undefined ? own : `${given.replace(/\/+$/, '')}/`, region: signed }
}

const errorOf = (reply: Reply): string => `${codeOf(reply) ?? reply.status}: ${tag(reply.text, 'Message') ?? 'no message'}`

function readRoleReply(xml: string): RoleRead {
  const arn = tag(xml, 'Arn')
  const seconds = Number(tag(xml, 'MaxSessionDuration') ?? 3600)
  const boundary = tag(xml, 'PermissionsBoundaryArn')
  try {
    const trust = documentIn(xml, 'AssumeRolePolicyDocument')
    if (arn === undefined || !Number.isInteger(seconds)) throw new SyntaxError('no role')
    return { found: 'role', role: { arn, trust, maxSessionSeconds: seconds, ...(boundary === undefined ? {} : { boundary }) } }
  } catch {
    return { found: 'denied', says: 'the response of GetRole is unreadable' }
  }
}
