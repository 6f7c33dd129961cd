/** An account of the sandbox with an administrator, for tests of IAM's own rules. */
import type { PolicyJson } from '@stint/iam'
import type { Sandbox } from '@stint/sandbox'
import type { SigningKey } from '@stint/sandbox/aws/sigv4'
import { addUser } from '@stint/sandbox/aws/world'

export const ACCOUNT = '111122220000'

export const policyOf = (...Statement: object[]): PolicyJson => ({ Version: '2012-10-17', Statement }) as PolicyJson
export const allow = (Action: string | string[], Resource: string | string[] = '*') => ({ Effect: 'Allow', Action, Resource })
/** A trust policy for this principal. */
export const trusting = (AWS: string): string => JSON.stringify(policyOf({ Effect: 'Allow', Principal: { AWS }, Action: 'sts:AssumeRole' }))

export const adminIn = ({ aws }: Pick<Sandbox, 'aws'>): SigningKey =>
  addUser(aws.world, `arn:aws:iam::${ACCOUNT}:user/Admin`, [policyOf(allow('*'))])
