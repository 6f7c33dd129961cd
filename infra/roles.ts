/**
 * A role for each function. Roles come first, because keys, buckets and other accounts name them. Names are fixed, and those of `vend`
 * and `end` outlive their stage, because a trust policy stores the ID of a role. If the role is created again, even with the same name, every
 * target refuses it until its policy is saved again (AWS IAM User Guide, "AWS JSON policy elements: Principal").
 */
import { type FunctionName, functionNames } from '@stint/broker/lambda/functions'
import { held } from './kept.ts'

export type Roles = ReturnType<typeof roles>

export function roles() {
  // Trust only Lambda. SST's own roles also trust the whole account while `sst dev` runs.
  const assumeRolePolicy = aws.iam.assumeRolePolicyForPrincipal({ Service: 'lambda.amazonaws.com' })
  const made = Object.fromEntries(
    functionNames.map((name) => [
      name,
      new aws.iam.Role(
        // SST looks up the role again, as the function's own, under its short name.
        `${title(name)}ExecutionRole`,
        { name: roleName(name), assumeRolePolicy, maxSessionDuration: 3600 },
        name === 'vend' || name === 'end' ? held() : {},
      ),
    ]),
  ) as { readonly [name in FunctionName]: aws.iam.Role }
  return { of: (name: FunctionName) => made[name], arnOf: (name: FunctionName) => made[name].arn }
}

export const roleName = (name: FunctionName): string => ($app.stage === 'prod' ? `stint-${name}` : `stint-${$app.stage}-${name}`)
export const title = (name: string): string => `${name[0]?.toUpperCase()}${name.slice(1)}`
