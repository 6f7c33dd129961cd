/**
 * Kubernetes service accounts, by projected tokens. Source: Kubernetes Documentation, "Managing Service Accounts";
 * Amazon EKS User Guide, "IAM roles for service accounts".
 */
import type { IssuerSource } from '../shape.ts'
import { type Audiences, type CommonOptions, common } from './common.ts'
import { entering, fact, id, type Knowledge, name, registered } from './knowledge.ts'

/**
 * EKS serves its keys at `<url>/keys`. Other clusters serve them at `<url>/openid/v1/jwks` or at the URL in `at`. A cluster
 * whose keys are served inside your network needs `network: 'private'`.
 *
 *     kubernetes({ key: 'eks', audiences: ['https://stint.acme.example'],
 *                  url: 'https://oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE' })
 */
export function kubernetes(options: CommonOptions & Audiences & { readonly url: string }): IssuerSource {
  const onEks = /^https:\/\/oidc\.eks\./.test(options.url)
  return {
    url: options.url,
    jwksUri: `${options.url.replace(/\/$/, '')}${onEks ? '/keys' : '/openid/v1/jwks'}`,
    ...options.at,
    preset: 'kubernetes',
    kind: 'workload',
    audiences: options.audiences,
    tokenUse: 'id',
    algorithms: ['RS256'],
    // Amazon EKS User Guide, "IAM roles for service accounts": its webhook asks for tokens of 86,400 s.
    ...(onEks ? { maxTokenLife: '24h' } : {}),
    nameClaim: ['/kubernetes.io/namespace', '/kubernetes.io/serviceaccount/name'],
    ...common(options),
  }
}

export const kubernetesKnowledge: Knowledge = {
  claims: {
    ...registered,
    aud: fact('texts'),
    // A service account that is deleted and created again has the same name. Within one cluster, the same owner controls both.
    sub: entering(id()),
    'kubernetes.io': fact('object'),
    '/kubernetes.io/namespace': entering(id()),
    // Each namespace can have a service account of this name.
    '/kubernetes.io/serviceaccount/name': entering(name()),
    '/kubernetes.io/serviceaccount/uid': entering(id()),
    '/kubernetes.io/pod/name': name('/kubernetes.io/pod/uid'),
    '/kubernetes.io/pod/uid': fact(),
    '/kubernetes.io/node/name': name('/kubernetes.io/node/uid'),
    '/kubernetes.io/node/uid': fact(),
    '/kubernetes.io/warnafter': fact('number'),
  },
  defaultAudience: /^https:\/\/kubernetes\.default\.svc|^sts\.amazonaws\.com$/,
}
