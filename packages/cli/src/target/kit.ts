/**
 * The inputs of the target kit. They are the same that infra/target/target.yaml and infra/target/terraform/variables.tf accept, so
 * an invalid target is refused here and not only in each of 500 accounts. test/infra/target-inputs.test.ts compares all three.
 */
import { partitions } from '@stint/iam/partition'

const PARTITION = partitions.map(({ id }) => id).join('|')
const ROLE_ARN = new RegExp(`^arn:(${PARTITION}):iam::[0-9]{12}:role/([A-Za-z0-9+=,.@_-]+/)*[A-Za-z0-9+=,.@_-]{1,64}$`)
/** A name has no comma, because the template takes a comma-separated list. */
const POLICY_ARN = new RegExp(`^arn:(${PARTITION}):iam::([0-9]{12}|aws):policy/([A-Za-z0-9+=.@_-]+/)*[A-Za-z0-9+=.@_-]{1,128}$`)
const ROLE_NAME = /^[A-Za-z0-9+=,.@_-]{1,56}$/
const PATH = /^\/([A-Za-z0-9+=,.@_-]+\/)+$/
const MAX_PATH = 512
const PREFIX = /^[A-Za-z0-9+=,.@:_-]{2,64}$/

type KitInputs = {
  readonly brokerRole?: string
  readonly policies?: readonly string[]
  readonly role?: string
  readonly path?: string
  readonly prefix?: string
}

/** One sentence for each invalid input; empty if all are valid. */
export function kitFaults({ brokerRole, policies = [], role, path, prefix }: KitInputs): readonly string[] {
  const faults: string[] = []
  if (brokerRole !== undefined && !ROLE_ARN.test(brokerRole))
    faults.push(
      `--broker-role ${shown(brokerRole)} must be the ARN of one IAM role, such as arn:aws:iam::123456789012:role/stint-vend. A wildcard, an account or any other principal would give access to others.`,
    )
  for (const policy of policies)
    if (!POLICY_ARN.test(policy))
      faults.push(
        `--policy ${shown(policy)} must be the ARN of one IAM managed policy, such as arn:aws:iam::aws:policy/ReadOnlyAccess, without wildcards, spaces or commas.`,
      )
  if (role !== undefined && !ROLE_NAME.test(role))
    faults.push(
      `${shown(role)} is not a valid role name. Use 1 to 56 characters of A-Z a-z 0-9 + = , . @ _ -; IAM allows 64, and the name of a revoker adds 8 for -revoker.`,
    )
  if (path !== undefined && !(PATH.test(path) && path.length <= MAX_PATH))
    faults.push(
      `The path ${shown(path)} must begin and end with a slash, with at least one name of A-Z a-z 0-9 + = , . @ _ - between single slashes, such as /stint/, and have at most ${MAX_PATH} characters.`,
    )
  if (prefix !== undefined && !PREFIX.test(prefix))
    faults.push(`The prefix ${shown(prefix)} must be 2 to 64 characters of A-Z a-z 0-9 + = , . @ : _ -.`)
  return faults
}

/** Quoted, so that a newline or a trailing space is visible. */
const shown = (value: string): string => JSON.stringify(value)
