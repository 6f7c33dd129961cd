/** What each layer is called, what its denial means, and what to do about it. */
import type { Denial, Layer } from './classify.ts'

type Words = {
  /** Completes "Denied by". */
  readonly name: string
  readonly means: string
  readonly next: string
  /** Another profile can make a difference. */
  readonly profiles: boolean
}

export const layerWords: { readonly [layer in Layer]: Words } = {
  expired: {
    name: 'the end of the session',
    means: 'The credentials have expired. AWS did not look at any policy.',
    next: 'Start a new session: stint exec PROFILE -- COMMAND renews credentials while the command runs.',
    profiles: false,
  },
  credentials: {
    name: 'the check of the credentials',
    means: 'AWS does not know these credentials, or they are incomplete. AWS did not look at any policy.',
    next: 'Look for other AWS variables and files that take precedence: env | grep AWS_. Then use stint exec, which removes them.',
    profiles: false,
  },
  clock: {
    name: 'the check of the signature’s time',
    means: 'The clock of this machine differs too much from that of AWS. AWS did not look at any policy.',
    next: 'Correct the clock, then check it: stint doctor',
    profiles: false,
  },
  session: {
    name: 'the session policy',
    means: 'Your session has less access than its role: its profile limits it.',
    next: 'Use a profile that allows the call, or ask the owners of stint.config.ts to add it.',
    profiles: true,
  },
  identity: {
    name: 'the role’s own policies',
    means: 'The target role denies the call, so no profile on this role can allow it.',
    next: 'Use a profile on another role, or ask the owners of the role to allow the action.',
    profiles: true,
  },
  boundary: {
    name: 'the permissions boundary of the role',
    means: 'The boundary limits the target role, so no profile on this role can allow the call.',
    next: 'Use a profile on another role, or ask the owners of the account to extend the boundary.',
    profiles: true,
  },
  scp: {
    name: 'a service control policy (SCP) of the organization',
    means: 'The organization limits all roles of the account, or all but a few. A profile seldom changes this.',
    next: 'Ask the owners of your AWS organization.',
    profiles: false,
  },
  rcp: {
    name: 'a resource control policy (RCP) of the organization',
    means: 'The organization limits access to its resources. A profile seldom changes this.',
    next: 'Check what the policy requires of the call, such as encryption or a network. Then ask the owners of your AWS organization.',
    profiles: false,
  },
  endpoint: {
    name: 'the policy of a VPC endpoint',
    means: 'The network path of the call limits it. The same call may work from another network.',
    next: 'Ask the owners of the VPC to allow it, or make the call from another network.',
    profiles: false,
  },
  resource: {
    name: 'the policy of the resource',
    means: 'The resource has its own policy (for example a bucket, key, secret or queue policy), which does not allow this session.',
    next: 'Ask the owners of the resource. A profile on a role that the policy names may work.',
    profiles: true,
  },
  trust: {
    name: 'the trust policy of the role',
    means: 'The role does not trust the caller that tried to assume it.',
    next: 'Do not assume roles from a session of Stint: use a profile on that role. For a target of Stint, run: stint doctor TARGET --aws',
    profiles: false,
  },
  provider: {
    name: 'the identity provider of the account (OIDC)',
    means:
      'AWS does not accept the web identity token: the account has no IAM OIDC provider for its issuer, or the provider does not list its audience. AWS did not look at any policy.',
    next: 'Ask the owners of the account to compare the provider with the iss and aud of the token: aws iam list-open-id-connect-providers',
    profiles: false,
  },
  service: {
    name: 'the service itself',
    means: 'A setting or a permission of the service denied the call, not a policy of IAM. A profile does not change this.',
    next: 'Ask the owners of the account to look at the settings of the service.',
    profiles: false,
  },
  unnamed: {
    name: 'a policy that AWS does not name',
    means:
      'AWS names the layer only within one account or organization, and not for all services. It can be the session, the role or the resource.',
    next: 'Use a profile that allows the call. If it is denied too, ask the owners of the role and of the resource.',
    profiles: true,
  },
}

/** AWS distinguishes a Deny statement from the absence of an Allow, because they have different fixes. */
export const effectWords = ({ effect, layer }: Denial): string => {
  if (effect === undefined) return ''
  if (layer === 'service') return ', with a setting'
  return effect === 'explicit' ? ', with a Deny statement (explicit deny)' : ': no statement allows the call (implicit deny)'
}

export const SESSION_DENY =
  'Stint ends each session with a Deny of everything. If your session has ended, start a new one. Otherwise a Deny of the profile applies.'
export const MINTING =
  'This action creates a credential, token or key that outlives the session. Stint denies it unless the profile names it in mints. Ask the owners of stint.config.ts.'
export const DECODE = 'aws sts decode-authorization-message --query DecodedMessage --output text --encoded-message ENCODED'
/** AWS says only that the call was denied, so nothing can be looked up until you say which call it was. */
export const NAME_THE_CALL =
  "Say which call it was: stint why 'MESSAGE' --action SERVICE:ACTION --resource ARN, such as --action s3:GetObject"
/** The limit of what Stint knows. It stands below every list of profiles. */
export const KNOWN = "This profile's session policy allows it; the role's own policies are not known to Stint."
