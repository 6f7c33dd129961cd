/** The trust policy of a target's role. infra/target/target.yaml creates the same; a test compares the two. */
import type { Target } from '@stint/core/config/shape'
import type { PolicyJson } from '@stint/iam'

export function trustPolicyOf({ externalId }: Pick<Target, 'externalId'>, brokerRole: string): PolicyJson {
  const Principal = { AWS: brokerRole }
  const tagged = { Null: { 'aws:RequestTag/stint:session': 'false' } }
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'StintAlone',
        Effect: 'Allow',
        Principal,
        Action: 'sts:AssumeRole',
        Condition: {
          StringEquals: { 'sts:ExternalId': externalId },
          StringLike: { 'sts:RoleSessionName': '*-req_??????????????????????????.????????' },
          ...tagged,
        },
      },
      { Sid: 'StintTags', Effect: 'Allow', Principal, Action: 'sts:TagSession', Condition: tagged },
      { Sid: 'StintNames', Effect: 'Allow', Principal, Action: 'sts:SetSourceIdentity' },
    ],
  }
}
