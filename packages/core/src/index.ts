/** What `stint.config.ts` imports. The rest of core is imported file by file. */

export type * from './config/cases.ts'
export { defineCases } from './config/cases.ts'
export { all, any, binding, cidr, claim, constant, defineConfig, glob, includes, not, oneOf, param, text } from './config/define.ts'
export {
  awsOutbound,
  buildkite,
  circleci,
  cognito,
  entra,
  github,
  gitlab,
  google,
  googleCompute,
  kubernetes,
  oidc,
  okta,
} from './config/issuers/index.ts'
export type * from './config/shape.ts'
