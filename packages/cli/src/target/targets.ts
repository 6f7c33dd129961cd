/**
 * Makes targets in bulk: from accounts and names to lines of a config, with the stack parameters for each account. Both follow the
 * same naming as the stack (infra/target/target.yaml), so they always match.
 */
import type { Target } from '@stint/core/config/shape'
import { partitionOfRegion } from '@stint/iam/partition'
import { kitFaults } from './kit.ts'

export type Row = { readonly name: string; readonly account: string; readonly role?: string; readonly region?: string }
export type Defaults = { readonly role: string; readonly region: string; readonly path: string; readonly prefix: string }
export type Targets = { readonly [name: string]: Target }

/** The external ID as the template names it: unique in its account and across accounts. */
export const externalIdOf = (prefix: string, account: string, role: string): string => `${prefix}-${account}-${role}`

/** The targets, or all faults of all rows, so that a list of 500 can be fixed at once. */
export function targetsFrom(
  rows: readonly Row[],
  defaults: Defaults,
  existing: Targets,
): { readonly ok: true; readonly targets: Targets } | { readonly ok: false; readonly faults: readonly string[] } {
  const faults: string[] = []
  const targets: { [name: string]: Target } = {}
  const names = new Map(Object.keys(existing).map((name) => [name, 'the config']))
  const roles = new Map(Object.entries(existing).map(([name, { roleArn }]) => [roleArn.toLowerCase(), `target ${name} of the config`]))
  if (rows.length === 0) faults.push('The list has no targets.')
  faults.push(...kitFaults({ path: defaults.path, prefix: defaults.prefix }))

  for (const [index, row] of rows.entries()) {
    const place = rows.length === 1 ? row.name : `row ${index + 1} (${row.name})`
    const role = row.role || defaults.role
    const region = row.region || defaults.region
    if (!/^[a-z0-9][a-z0-9-]{0,47}$/.test(row.name))
      faults.push(`${place}: invalid name. Use 1 to 48 characters of a-z, 0-9 and -, not starting with -.`)
    if (!/^\d{12}$/.test(row.account)) faults.push(`${place}: '${row.account}' is not an account ID. Use 12 digits.`)
    faults.push(...kitFaults({ role }).map((fault) => `${place}: ${fault}`))
    if (!/^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/.test(region)) faults.push(`${place}: '${region}' is not a valid region.`)
    const roleArn = `arn:${partitionOfRegion(region).id}:iam::${row.account}:role${defaults.path}${role}`
    const [named, reached] = [names.get(row.name), roles.get(roleArn.toLowerCase())]
    if (named) faults.push(`${place}: the name is already used by ${named}.`)
    if (reached) faults.push(`${place}: ${roleArn} is already the role of ${reached}.`)
    names.set(row.name, place)
    // IAM does not distinguish names by case (AWS IAM API Reference, CreateRole, RoleName).
    roles.set(roleArn.toLowerCase(), place)
    targets[row.name] = { account: row.account, roleArn, externalId: externalIdOf(defaults.prefix, row.account, role), region }
  }
  return faults.length > 0 ? { ok: false, faults } : { ok: true, targets }
}

/** The lines for `targets` in a config. */
export const configLines = (targets: Targets): string =>
  Object.entries(targets)
    .map(([name, { account, roleArn, externalId, region }]) =>
      [
        `    ${/^[a-z][a-z0-9]*$/.test(name) ? name : `'${name}'`}: {`,
        `      account: '${account}',`,
        `      roleArn: '${roleArn}',`,
        `      externalId: '${externalId}',`,
        `      region: '${region}',`,
        '    },\n',
      ].join('\n'),
    )
    .join('')

export type Parameter = { readonly ParameterKey: string; readonly ParameterValue: string }

/** The stack parameters, by role: one file serves all accounts that have a role of that name. */
export function parametersOf(
  targets: Targets,
  given: { readonly brokerRole: string; readonly path: string; readonly prefix: string; readonly policies: readonly string[] },
): ReadonlyMap<string, { readonly accounts: readonly string[]; readonly parameters: readonly Parameter[] }> {
  const byRole = new Map<string, string[]>()
  for (const { account, roleArn } of Object.values(targets)) {
    const role = roleArn.slice(roleArn.lastIndexOf('/') + 1)
    byRole.set(role, [...(byRole.get(role) ?? []), account])
  }
  return new Map(
    [...byRole].map(([role, accounts]) => [
      role,
      {
        accounts,
        parameters: Object.entries({
          BrokerRoleArn: given.brokerRole,
          RoleName: role,
          RolePath: given.path,
          ExternalIdPrefix: given.prefix,
          ManagedPolicyArns: given.policies.join(','),
        }).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue })),
      },
    ]),
  )
}
