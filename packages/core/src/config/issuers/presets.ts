/** What the broker knows about kinds of issuers. What only `stint lint` needs is in the file of each preset. */
import type { ClaimRef, Issuer, Preset } from '../shape.ts'

const urls: readonly (readonly [RegExp, Preset])[] = [
  [/^https:\/\/token\.actions\.githubusercontent\.com(\/|$)|\/_services\/token$/, 'github'],
  [/^https:\/\/gitlab\.com$/, 'gitlab'],
  [/^https:\/\/agent\.buildkite\.com$/, 'buildkite'],
  [/^https:\/\/oidc\.circleci\.com\//, 'circleci'],
  [/^https:\/\/oidc\.eks\./, 'kubernetes'],
  [/^https:\/\/cognito-idp\./, 'cognito'],
  [/^https:\/\/[^/]+\.okta(preview|-emea)?\.com(\/|$)/, 'okta'],
  [/^https:\/\/(login\.microsoftonline\.com|sts\.windows\.net)\//, 'entra'],
  [/^https:\/\/accounts\.google\.com$/, 'google'],
  [/^https:\/\/[^/]+\/(auth\/)?realms\/[^/]+$/, 'keycloak'],
  [/^https:\/\/[^/]+\.auth0\.com\/$/, 'auth0'],
  [/^https:\/\/app\.terraform\.io$/, 'terraform'],
  [/^https:\/\/oidc\.vercel\.com(\/|$)/, 'vercel'],
  [/^https:\/\/api\.bitbucket\.org\/2\.0\/workspaces\//, 'bitbucket'],
  [/^https:\/\/vstoken\.dev\.azure\.com\//, 'azure-devops'],
  [/^https:\/\/[^/]+\.app(\.us)?\.spacelift\.io$/, 'spacelift'],
  [/^https:\/\/[^/]+\.tokens\.sts\.global\.api\.aws$/, 'aws'],
]

/** The preset of an issuer: the one it names, otherwise the one of its URL (also for an issuer written with `oidc()`), otherwise plain OpenID Connect. */
export const presetOf = (issuer: Pick<Issuer, 'preset' | 'url'>): Preset =>
  (issuer.preset === 'oidc' ? undefined : issuer.preset) ?? urls.find(([url]) => url.test(issuer.url))?.[1] ?? 'oidc'

/**
 * The presets whose jobs get one token at their start, in a variable, and no way to fetch another. Sources: GitLab Docs, "OpenID Connect
 * (OIDC) authentication using ID tokens"; Atlassian Support, "Integrate Pipelines with resource servers using OIDC"; HCP Terraform Docs,
 * "Workload identity tokens"; Spacelift Docs, "OpenID Connect (OIDC)"; Vercel Docs, "OpenID Connect (OIDC) Federation".
 */
const oneToken: readonly Preset[] = ['gitlab', 'bitbucket', 'terraform', 'spacelift', 'vercel']
export const canFetchAgain = (preset: Preset): boolean => !oneToken.includes(preset)

/**
 * The claims that tell the jobs of one caller apart. Sources: GitHub Docs, "OpenID Connect reference"; Buildkite Docs, "buildkite-agent
 * oidc"; CircleCI Docs, "Using OpenID Connect tokens in jobs".
 */
export const jobClaims = {
  github: 'run_id',
  buildkite: 'build_number',
  circleci: 'oidc.circleci.com/pipeline-id',
} as const satisfies { readonly [preset in Preset]?: ClaimRef }
export const jobClaimOf = (preset: Preset): ClaimRef | undefined => (jobClaims as { readonly [preset in Preset]?: ClaimRef })[preset]
