/** The issuers that Stint knows: a helper for `stint.config.ts` and the known claims of each. */
import type { Preset } from '../shape.ts'
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
