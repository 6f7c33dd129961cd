/**
 * A role for each function, before all else: keys, buckets and other accounts name them. Names are fixed, since a role in a
 * trust policy is remembered by its id: one that was made anew, even under the same name, is refused by every target until
 * each has saved its policy again (AWS IAM User Guide, "AWS JSON policy elements: Principal"). So `vend` also outlives its stage.
 */
import { type FunctionName, functionNames } from '@stint/broker/lambda/functions'
import { held } from './kept.ts'

export type Roles = ReturnType<typeof roles>

export function roles() {
  // Only Lambda: SST's own roles trust the whole account as well while `sst dev` runs.
  const assumeRolePolicy = aws.iam.assumeRolePolicyForPrincipal({ Service: 'lambda.amazonaws.com' })
  const made = Object.fromEntries(
    functionNames.map((name) => [
      name,
      new aws.iam.Role(
        // SST looks the role up once more, as the function's own, under the plainer name.
        `${title(name)}ExecutionRole`,
        { name: roleName(name), assumeRolePolicy, maxSessionDuration: 3600 },
        name === 'vend' ? held() : {},
      ),
    ]),
  ) as { readonly [name in FunctionName]: aws.iam.Role }
  return { of: (name: FunctionName) => made[name], arnOf: (name: FunctionName) => made[name].arn }
}

export const roleName = (name: FunctionName): string => ($app.stage === 'prod' ? `stint-${name}` : `stint-${$app.stage}-${name}`)
export const title = (name: string): string => `${name[0]?.toUpperCase()}${name.slice(1)}`
