/**
 * Issuers that many organizations share. Without a pinned claim, the broker would accept a token of any tenant. Sources: IAM User Guide,
 * "Identity-provider controls for shared OIDC providers" (the whole list), and each issuer's documentation for the claims.
 *
 * Any of the pins is enough. Where an issuer has no claim of its tenant, only an exact `sub` (or, for issuers whose `aud` is the tenant,
 * `aud`) is safe.
 */
type SharedIssuer = { readonly name: string; readonly url: RegExp; readonly pins: readonly string[] }

export const sharedIssuers: readonly SharedIssuer[] = [
  {
    name: 'GitHub Actions',
    url: /^https:\/\/token\.actions\.githubusercontent\.com$/,
    pins: ['repository_owner_id', 'enterprise_id', 'repository_id'],
  },
  {
    name: 'GitHub Actions (former)',
    url: /^https:\/\/vstoken\.actions\.githubusercontent\.com$/,
    pins: ['repository_owner_id', 'repository_id'],
  },
  { name: 'GitHub audit log streaming', url: /^https:\/\/oidc-configuration\.audit-log\.githubusercontent\.com$/, pins: ['sub'] },
  { name: 'GitLab.com', url: /^https:\/\/gitlab\.com$/, pins: ['namespace_id', 'project_id'] },
  { name: 'Buildkite', url: /^https:\/\/agent\.buildkite\.com$/, pins: ['organization_id'] },
  { name: 'HCP Terraform', url: /^https:\/\/app\.terraform\.io$/, pins: ['terraform_organization_id', 'terraform_workspace_id'] },
  { name: 'Vercel (global)', url: /^https:\/\/oidc\.vercel\.com$/, pins: ['owner_id', 'project_id'] },
  { name: 'Codefresh', url: /^https:\/\/oidc\.codefresh\.io$/, pins: ['account_id', 'pipeline_id', 'sub'] },
  { name: 'DVC Studio', url: /^https:\/\/studio\.datachain\.ai\/api$/, pins: ['sub'] },
  { name: 'Scalr', url: /^https:\/\/scalr\.io$/, pins: ['sub'] },
  { name: 'Shisho Cloud', url: /^https:\/\/tokens\.cloud\.shisho\.dev$/, pins: ['sub'] },
  { name: 'Upbound', url: /^https:\/\/proidc\.upbound\.io$/, pins: ['sub'] },
  { name: 'IBM Turbonomic', url: /^https:\/\/(rh-oidc\.s3\.us-east-1\.amazonaws\.com|oidc\.op1\.openshiftapps\.com)\//, pins: ['sub'] },
  { name: 'Pulumi Cloud', url: /^https:\/\/api\.pulumi\.com\/oidc$/, pins: ['aud', 'sub'] },
  { name: 'sandboxes.cloud', url: /^https:\/\/sandboxes\.cloud$/, pins: ['aud', 'sub'] },
  { name: 'Amazon Cognito identity pools', url: /^https:\/\/cognito-identity\.amazonaws\.com$/, pins: ['aud', 'sub'] },
  { name: 'Microsoft Sentinel', url: /^https:\/\/sts\.windows\.net\/33e01921-4d64-4f8c-a055-5bdaffd5e33d\/?$/, pins: ['sub', 'oid'] },
  {
    name: 'Google',
    url: /^https:\/\/accounts\.google\.com$/,
    pins: ['hd', '/google/compute_engine/project_number', '/google/compute_engine/project_id', 'sub'],
  },
  {
    name: 'Microsoft Entra ID (multi-tenant)',
    url: /^https:\/\/login\.microsoftonline\.com\/(common|organizations|consumers)\//,
    pins: ['tid'],
  },
]
