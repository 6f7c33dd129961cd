/**
 * What the target kit takes: the same inputs that infra/target/target.yaml and infra/target/terraform/variables.tf accept, so a
 * target is refused here and not only in each of five hundred accounts. test/infra/target-inputs.test.ts holds all three together.
 */

/** Every partition that AWS has. */
const PARTITION = 'aws|aws-cn|aws-us-gov|aws-iso|aws-iso-[bef]|aws-eusc'
const ROLE_ARN = new RegExp(`^arn:(${PARTITION}):iam::[0-9]{12}:role/([A-Za-z0-9+=,.@_-]+/)*[A-Za-z0-9+=,.@_-]{1,64}$`)
/** No comma in a name: the template takes a list that commas separate. */
const POLICY_ARN = new RegExp(`^arn:(${PARTITION}):iam::([0-9]{12}|aws):policy/([A-Za-z0-9+=.@_-]+/)*[A-Za-z0-9+=.@_-]{1,128}$`)
const ROLE_NAME = /^[A-Za-z0-9+=,.@_-]{1,56}$/
const PATH = /^\/([A-Za-z0-9+=,.@_-]+\/)+$/
const MAX_PATH = 512
const PREFIX = /^[A-Za-z0-9+=,.@:_-]{2,64}$/

export type KitInputs = {
  readonly brokerRole?: string
  readonly policies?: readonly string[]
  readonly role?: string
  readonly path?: string
  readonly prefix?: string
}

/** What is wrong with each input that is given, as sentences; none if the kit takes them all. */
export function kitFaults({ brokerRole, policies = [], role, path, prefix }: KitInputs): readonly string[] {
  const faults: string[] = []
  if (brokerRole !== undefined && !ROLE_ARN.test(brokerRole))
    faults.push(
      `--broker-role ${shown(brokerRole)} must be the ARN of one IAM role, such as arn:aws:iam::123456789012:role/stint-vend. A wildcard, an account or any other principal would let others in.`,
    )
  for (const policy of policies)
    if (!POLICY_ARN.test(policy))
      faults.push(
        `--policy ${shown(policy)} must be the ARN of one IAM managed policy, such as arn:aws:iam::aws:policy/ReadOnlyAccess, without wildcards, spaces or commas.`,
      )
  if (role !== undefined && !ROLE_NAME.test(role))
    faults.push(
      `${shown(role)} is not a valid role name. Use 1 to 56 characters of A-Z a-z 0-9 + = , . @ _ -; 8 of the 64 that IAM allows are kept for a revoker, which adds -revoker.`,
    )
  if (path !== undefined && !(PATH.test(path) && path.length <= MAX_PATH))
    faults.push(
      `The path ${shown(path)} must begin and end with a slash, with at least one name of A-Z a-z 0-9 + = , . @ _ - between single slashes, such as /stint/, and have at most ${MAX_PATH} characters.`,
    )
  if (prefix !== undefined && !PREFIX.test(prefix))
    faults.push(`The prefix ${shown(prefix)} must be 2 to 64 characters of A-Z a-z 0-9 + = , . @ : _ -.`)
  return faults
}

/** Quoted, so that a newline or a space at the end shows. */
const shown = (value: string): string => JSON.stringify(value)
