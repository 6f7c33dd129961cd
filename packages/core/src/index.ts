/** What `stint.config.ts` imports. The rest of core is imported file by file. */

export type * from './config/cases.ts'
export { defineCases } from './config/cases.ts'
export { all, any, binding, cidr, claim, constant, defineConfig, glob, includes, not, oneOf, param, text } from './config/define.ts'
export {
  auth0,
  awsOutbound,
  azureDevops,
  bitbucket,
  buildkite,
  circleci,
  cognito,
  entra,
  github,
  gitlab,
  google,
  googleCompute,
  googleServiceAccount,
  keycloak,
  kubernetes,
  oidc,
  okta,
  spacelift,
  terraform,
  vercel,
} from './config/issuers/index.ts'
export type * from './config/shape.ts'
