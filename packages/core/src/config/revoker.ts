/** Ending sessions at once (`revocation`): for which targets, and the role that may write policies on a target's role (infra/target). */
import { own } from '../json.ts'
import type { Config } from './shape.ts'

/** What the kit adds to the name of the target's role. */
export const REVOKER = '-revoker'

/** The ARN of the revoker of a role. It is in the same account, under the same path. */
export const revokerOf = (roleArn: string): string => `${roleArn}${REVOKER}`

/** `arn:aws:iam::111122223333:role/path/Name` → `Name`. */
export const roleName = (roleArn: string): string => roleArn.slice(roleArn.lastIndexOf('/') + 1)

/** Whether the deployed config ends sessions of this role at once. It may have changed since they were issued. */
export function endsAtOnce(
  { targets }: Pick<Config, 'targets'>,
  { target, roleArn }: { readonly target: string; readonly roleArn: string },
): boolean {
  const found = own(targets, target)
  return found?.revocation === true && found.roleArn === roleArn
}
