/**
 * AWS outbound identity federation: a workload with an IAM role presents a token signed by STS (`GetWebIdentityToken`).
 * Source: IAM User Guide, "Federating AWS identities to external services", "Understanding token claims".
 */
import type { IssuerSource } from '../shape.ts'
import { type Audiences, type CommonOptions, common } from './common.ts'
import { entering, fact, id, type Knowledge, name, registered } from './knowledge.ts'

const AWS = '/https:~1~1sts.amazonaws.com~1'

/**
 * Each account has its own issuer (`aws iam get-outbound-web-identity-federation-info`). The account is pinned in addition.
 *
 *     awsOutbound({ key: 'aws-ci', audiences: ['https://stint.acme.example'],
 *                   issuerId: '3f2b1c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d', accountId: '123456789012' })
 */
export function awsOutbound(options: CommonOptions & Audiences & { readonly issuerId: string; readonly accountId: string }): IssuerSource {
  const url = `https://${options.issuerId}.tokens.sts.global.api.aws`
  return {
    url,
    jwksUri: `${url}/.well-known/jwks.json`,
    ...options.at,
    preset: 'aws',
    kind: 'workload',
    audiences: options.audiences,
    tokenUse: 'id',
    algorithms: ['ES384', 'RS256'],
    tenant: { [`${AWS}/aws_account`]: options.accountId },
    nameClaim: [`${AWS}/aws_account`, 'sub'],
    ...common(options),
  }
}

export const awsKnowledge: Knowledge = {
  claims: {
    ...registered,
    // The ARN of the role. A role that is deleted and created again has the same ARN, but the same account controls both.
    sub: entering(id()),
    'https://sts.amazonaws.com/': fact('object'),
    [`${AWS}/aws_account`]: id(),
    [`${AWS}/org_id`]: id(),
    [`${AWS}/ou_path`]: fact('texts'),
    [`${AWS}/principal_id`]: entering(id()),
    [`${AWS}/source_region`]: fact(),
    [`${AWS}/source_identity`]: fact(),
    [`${AWS}/original_session_exp`]: fact(),
    [`${AWS}/federated_provider`]: id(),
    [`${AWS}/identity_store_user_id`]: entering(id()),
    [`${AWS}/identity_store_arn`]: id(),
    [`${AWS}/lambda_source_function_arn`]: entering(name()),
    [`${AWS}/ec2_source_instance_arn`]: entering(id()),
    [`${AWS}/ec2_instance_source_vpc`]: id(),
    [`${AWS}/ec2_instance_source_private_ipv4`]: fact(),
    [`${AWS}/principal_tags`]: fact('object'),
    [`${AWS}/request_tags`]: fact('object'),
  },
  custom: /^\/https:~1~1sts\.amazonaws\.com~1\/(principal_tags|request_tags)\//,
  defaultAudience: /^sts\.amazonaws\.com$/,
}
