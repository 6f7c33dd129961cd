/** The issuers that Stint knows: a helper for `stint.config.ts` and the known claims of each. */
import type { Issuer, Preset } from '../shape.ts'
import { auth0Knowledge } from './auth0.ts'
import { awsKnowledge } from './aws.ts'
import { azureDevopsKnowledge } from './azure-devops.ts'
import { bitbucketKnowledge } from './bitbucket.ts'
import { buildkiteKnowledge } from './buildkite.ts'
import { circleciKnowledge } from './circleci.ts'
import { cognitoKnowledge } from './cognito.ts'
import { entraKnowledge } from './entra.ts'
import { githubKnowledge } from './github.ts'
import { gitlabKnowledge } from './gitlab.ts'
import { googleKnowledge } from './google.ts'
import { keycloakKnowledge } from './keycloak.ts'
import type { Knowledge } from './knowledge.ts'
import { kubernetesKnowledge } from './kubernetes.ts'
import { oidcKnowledge } from './oidc.ts'
import { oktaKnowledge } from './okta.ts'
import { spaceliftKnowledge } from './spacelift.ts'
import { terraformKnowledge } from './terraform.ts'
import { vercelKnowledge } from './vercel.ts'

export { auth0 } from './auth0.ts'
export { awsOutbound } from './aws.ts'
export { azureDevops } from './azure-devops.ts'
export { bitbucket } from './bitbucket.ts'
export { buildkite } from './buildkite.ts'
export { circleci } from './circleci.ts'
export { cognito } from './cognito.ts'
export { entra } from './entra.ts'
export { github } from './github.ts'
export { gitlab } from './gitlab.ts'
export { google, googleCompute, googleServiceAccount } from './google.ts'
export { keycloak } from './keycloak.ts'
export { kubernetes } from './kubernetes.ts'
export { oidc } from './oidc.ts'
export { okta } from './okta.ts'
export { spacelift } from './spacelift.ts'
export { terraform } from './terraform.ts'
export { vercel } from './vercel.ts'

export const knowledge: { readonly [preset in Preset]: Knowledge } = {
  github: githubKnowledge,
  gitlab: gitlabKnowledge,
  buildkite: buildkiteKnowledge,
  circleci: circleciKnowledge,
  kubernetes: kubernetesKnowledge,
  cognito: cognitoKnowledge,
  okta: oktaKnowledge,
  entra: entraKnowledge,
  google: googleKnowledge,
  aws: awsKnowledge,
  keycloak: keycloakKnowledge,
  auth0: auth0Knowledge,
  terraform: terraformKnowledge,
  vercel: vercelKnowledge,
  bitbucket: bitbucketKnowledge,
  'azure-devops': azureDevopsKnowledge,
  spacelift: spaceliftKnowledge,
  oidc: oidcKnowledge,
}

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
