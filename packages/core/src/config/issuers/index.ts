/** The issuers that Stint knows: a helper for `stint.config.ts` and the known claims of each. */
import type { Issuer, Preset } from '../shape.ts'
import { awsKnowledge } from './aws.ts'
import { buildkiteKnowledge } from './buildkite.ts'
import { circleciKnowledge } from './circleci.ts'
import { cognitoKnowledge } from './cognito.ts'
import { entraKnowledge } from './entra.ts'
import { githubKnowledge } from './github.ts'
import { gitlabKnowledge } from './gitlab.ts'
import { googleKnowledge } from './google.ts'
import type { Knowledge } from './knowledge.ts'
import { kubernetesKnowledge } from './kubernetes.ts'
import { oidcKnowledge } from './oidc.ts'
import { oktaKnowledge } from './okta.ts'

export { awsOutbound } from './aws.ts'
export { buildkite } from './buildkite.ts'
export { circleci } from './circleci.ts'
export { cognito } from './cognito.ts'
export { entra } from './entra.ts'
export { github } from './github.ts'
export { gitlab } from './gitlab.ts'
export { google, googleCompute } from './google.ts'
export { kubernetes } from './kubernetes.ts'
export { oidc } from './oidc.ts'
export { okta } from './okta.ts'

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
  [/^https:\/\/[^/]+\.tokens\.sts\.global\.api\.aws$/, 'aws'],
]

/** The preset of an issuer: the one it names, otherwise the one of its URL (also for an issuer written with `oidc()`), otherwise plain OpenID Connect. */
export const presetOf = (issuer: Pick<Issuer, 'preset' | 'url'>): Preset =>
  (issuer.preset === 'oidc' ? undefined : issuer.preset) ?? urls.find(([url]) => url.test(issuer.url))?.[1] ?? 'oidc'
