/**
 * Where the sandbox and moto differ, and which of them is right by which page of AWS. An entry that explains no difference any more is
 * an error, so the list stays short. Where moto was right, the sandbox was changed: a Sid used twice, 51 tags in one call, RoleLastUsed of
 * GetRole, and the empty tags of GetPolicy.
 */
import type { Difference } from './answer.ts'

export type Explanation = {
  readonly call: RegExp
  readonly at: RegExp
  /** `neither`: AWS documents both. */
  readonly right: 'sandbox' | 'moto' | 'neither'
  readonly page: string
  readonly why: string
  /** The difference depends on moto's random IDs. */
  readonly byChance?: true
}

export const explains = ({ call, at }: Explanation, difference: Difference): boolean => call.test(difference.call) && at.test(difference.at)

const API = 'https://docs.aws.amazon.com/IAM/latest/APIReference'
const GUIDE = 'https://docs.aws.amazon.com/IAM/latest/UserGuide'
const sandbox = (call: RegExp, at: RegExp, page: string, why: string): Explanation => ({ call, at, right: 'sandbox', page, why })
const refuses = (call: RegExp, page: string, why: string): Explanation => sandbox(call, /^outcome$/, page, why)

const shapes: readonly Explanation[] = [
  sandbox(/policy/, /^value Policy\/PolicyId$/, `${GUIDE}/reference_identifiers.html`, 'the ID of a managed policy begins with ANPA'),
  sandbox(/user/, /^value User\/UserId$/, `${GUIDE}/reference_identifiers.html`, 'the ID of a user begins with AIDA'),
  sandbox(
    /policy/,
    /^fields Policy\/PermissionsBoundaryUsageCount$/,
    `${API}/API_Policy.html`,
    'the count of boundaries is a member of Policy, beside AttachmentCount',
  ),
  sandbox(
    /^create a role/,
    /^fields Role\/RoleLastUsed$/,
    `${API}/API_CreateRole.html`,
    'the example answer of CreateRole has no RoleLastUsed; GetRole has it',
  ),
  sandbox(
    /^create role \w+ of the pages$/,
    /^fields Role\/RoleLastUsed$/,
    `${API}/API_CreateRole.html`,
    'the example answer of CreateRole has no RoleLastUsed; GetRole has it',
  ),
  {
    ...{ call: /role with everything/, at: /^value Role\/PermissionsBoundary\/PermissionsBoundaryType$/, right: 'neither' },
    page: `${API}/API_AttachedPermissionsBoundary.html`,
    why: 'the text says that the only value is Policy, the list of valid values says PermissionsBoundaryPolicy; AWS CLI examples print Policy',
  },
  sandbox(
    /user with everything/,
    /^fields User\/PermissionsBoundary\//,
    `${API}/API_CreateUser.html`,
    'User has the boundary that CreateUser set; moto drops it',
  ),
  sandbox(
    /^list roles/,
    /^value Roles\/member\/AssumeRolePolicyDocument$/,
    `${API}/API_ListRoles.html`,
    'policies in answers are URL-encoded as RFC 3986 says',
  ),
  sandbox(
    /^get (an inline policy|a version)/,
    /^value (PolicyDocument|PolicyVersion\/Document)$/,
    `${API}/API_GetPolicyVersion.html`,
    'policies in answers are URL-encoded as RFC 3986 says; moto does not encode at all, or as forms do, with + for a space',
  ),
  {
    ...{ call: /^list roles, (first|last) page$/, at: /^value Roles\/member\/(RoleName|Arn)$/, right: 'neither', byChance: true },
    page: `${API}/API_ListRoles.html`,
    why: 'AWS documents no order; the sandbox sorts by name, moto by random ID',
  },
  sandbox(
    /^list (attached policies|policies of a user), last page$/,
    /^(value IsTruncated|fields Marker)$/,
    `${API}/API_ListAttachedRolePolicies.html`,
    'IsTruncated says whether there are more items; moto says so on the last page, too',
  ),
  sandbox(
    /^list inline policies, (first|last) page$/,
    /^(value PolicyNames\/member|value IsTruncated|fields Marker)$/,
    `${API}/API_ListRolePolicies.html`,
    'MaxItems limits the page; moto ignores it',
  ),
  refuses(/^simulate/, `${API}/API_SimulatePrincipalPolicy.html`, 'moto does not have the simulator'),
]

const QUOTAS = `${GUIDE}/reference_iam-quotas.html`
const NAMES = 'moto does not check names, paths and lengths'
const refusals: readonly Explanation[] = [
  refuses(/there in another case$/, QUOTAS, 'names are unique in an account without regard to case'),
  refuses(/^a (role|user|policy) name (with a space|of 65 characters)$/, QUOTAS, NAMES),
  refuses(/^a path (without slashes|of 513 characters)$/, `${API}/API_CreateRole.html`, NAMES),
  refuses(/^a (session duration|description)/, `${API}/API_CreateRole.html`, 'moto does not check the range of numbers and lengths'),
  refuses(
    /^trust /,
    `${API}/API_CreateRole.html`,
    'MalformedPolicyDocument is an error of CreateRole; moto does not read trust policies there',
  ),
  refuses(/with a (tag|key) of AWS$/, `${GUIDE}/id_tags.html`, 'tag keys cannot begin with aws:'),
  refuses(/^a user with a tag twice$/, `${GUIDE}/id_tags.html`, 'tag keys are not case-sensitive, and a key can be used once'),
  refuses(/^a role with a boundary that does not exist$/, `${API}/API_CreateRole.html`, 'NoSuchEntity is an error of CreateRole'),
  refuses(
    /^a (role|user) with a boundary that is no ARN$/,
    `${API}/API_CreateRole.html`,
    'InvalidInput is an error of CreateRole and CreateUser; InvalidParameterValue is not',
  ),
  refuses(/^list roles, (no|1,001) items$/, `${API}/API_ListRoles.html`, 'MaxItems is from 1 to 1,000'),
  refuses(
    /^list roles after no marker$/,
    `${API}/API_ListRoles.html`,
    'Marker is a value from the answer before; moto fails with an exception of Python',
  ),
  refuses(/^tag beyond 50$/, `${API}/API_TagRole.html`, 'a role has 50 tags at most: LimitExceeded'),
  refuses(/^attach what is no ARN$/, `${API}/API_AttachRolePolicy.html`, 'an ARN in another form is InvalidInput'),
  refuses(
    /^(put an inline policy|a policy) with a principal$/,
    `${GUIDE}/reference_policies_elements_principal.html`,
    'an identity-based policy has no Principal',
  ),
  refuses(/with a Sid that has a space$/, `${GUIDE}/reference_policies_elements_sid.html`, 'a Sid has letters and digits'),
  refuses(/^(put an inline policy|a policy) above /, QUOTAS, 'policies have a largest size'),
  refuses(/^put an inline policy with a bad name$/, `${API}/API_PutRolePolicy.html`, NAMES),
  refuses(/^get a version without its form$/, `${API}/API_GetPolicyVersion.html`, 'VersionId has a pattern'),
]

export const explained: readonly Explanation[] = [...shapes, ...refusals]
