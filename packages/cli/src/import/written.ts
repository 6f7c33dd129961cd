/** The files that `stint import` writes: the config, the accounts that it and the access tests share, and the access tests. */
import { code, helpersImport, type Named, quoted } from './code.ts'
import { type Entry, ROLE_PATH, type Setting } from './entries.ts'
import { testsText } from './tests-text.ts'

export type Written = { readonly [file: string]: string }

export function writtenFiles(entries: readonly Entry[], setting: Setting, source: string): Written {
  const accounts = accountLists(entries)
  return {
    'stint.config.ts': configText(entries, setting, accounts, source),
    'test/access.ts': testsText(entries, setting, accounts),
    ...(accounts.size > 0 ? { 'accounts.ts': accountsText(accounts) } : {}),
  }
}

/** A name for each list of several accounts. */
function accountLists(entries: readonly Entry[]): Named {
  const lists = new Set(entries.flatMap(({ accounts }) => (accounts.length > 1 ? [JSON.stringify(accounts)] : [])))
  return new Map([...lists].sort((a, b) => b.length - a.length || (a < b ? -1 : 1)).map((list, index) => [list, `accounts${index + 1}`]))
}

const accountsText = (accounts: Named): string =>
  `/** The accounts of the imported rules. Each list has the accounts in which one kind of access is given. */\n${[...accounts]
    .map(([list, name]) => `export const ${name} = ${code(JSON.parse(list), new Set(), new Map(), 0, name.length + 16)}\n`)
    .join('\n')}`

/** Values that several entries have, and that take more room than a name. */
const SHARED = { approval: 'approval', policy: 'policy', eligible: 'callers' } as const
const MIN_SHARED = 60

function configText(
  entries: readonly Entry[],
  { issuers, partition, region, log, organization }: Setting,
  accounts: Named,
  source: string,
): string {
  const used = new Set<string>(['defineConfig'])
  const shared = sharedValues(entries)
  const constants = [...shared]
    .map(([value, name]) => `const ${name} = ${code(JSON.parse(value), used, new Map(), 0, name.length + 9)}\n`)
    .join('')
  const roles = organization === undefined ? '' : `  targetRoles: ${code({ path: ROLE_PATH, organization }, used, new Map(), 2)},\n`
  const customer = entries.some(({ customerPolicies }) => customerPolicies)
  const table = entries.map((entry) => `  ${code(entry, used, new Map([...accounts, ...shared]), 2)},\n`).join('')
  const issuersText = Object.entries(issuers)
    .map(([id, issuer]) => `    ${id}: ${issuerCode(issuer, used)},\n`)
    .join('')
  const names = [...accounts.values()]
  const policies = customer
    ? `
/** Managed policies of AWS, and those of the account itself. */
const policiesIn = (account: string, arns: readonly string[] = [], customer: readonly string[] = []): Pick<Profile, 'policyArns'> =>
  arns.length + customer.length === 0 ? {} : { policyArns: [...arns, ...customer.map((name) => \`arn:${partition}:iam::\${account}:policy/\${name}\`)] }
`
    : ''
  const fields = customer
    ? '{ profile, target, role, accounts, policyArns, customerPolicies, ...rest }'
    : '{ profile, target, role, accounts, ...rest }'
  const more = customer ? ', ...policiesIn(account, policyArns, customerPolicies)' : ''
  return `/**
 * Imported by \`stint import ${source}\`. It gives no more than the rules that it was made from. Review it like code, and change it
 * as you like: it is not generated again.
 */
${helpersImport(`${[...used].sort().join(', ')}, type Profile`)}
${names.length > 0 ? `import { ${names.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).join(', ')} } from './accounts.ts'\n` : ''}
/** Access to one role, in each of the accounts. */
type Access = Omit<Profile, 'target'> & {
  /** The beginning of the IDs of its profiles and targets; the account follows. */
  readonly profile: string
  readonly target: string
  /** Path and name of the role. */
  readonly role: string
  readonly accounts: readonly string[]
${customer ? '  /** Managed policies of the account itself. */\n  readonly customerPolicies?: readonly string[]\n' : ''}}

${constants === '' ? '' : `${constants}\n`}const access: readonly Access[] = [
${table}]
${policies}
export default defineConfig({
  issuers: {
${issuersText}  },
  targets: Object.fromEntries(
    access.flatMap(({ target, role, accounts }) =>
      accounts.map((account) => [
        \`\${target}-\${account}\`,
        {
          account,
          roleArn: \`arn:${partition}:iam::\${account}:role/\${role}\`,
          externalId: \`stint-\${account}-\${role.slice(role.lastIndexOf('/') + 1)}\`,
          region: ${quoted(region)},
        },
      ]),
    ),
  ),
${roles}  profiles: Object.fromEntries(
    access.flatMap((${fields}) =>
      accounts.map((account) => [\`\${profile}-\${account}\`, { target: \`\${target}-\${account}\`, ...rest${more} }]),
    ),
  ),
  log: { origin: ${quoted(log)} },
})
`
}

function sharedValues(entries: readonly Entry[]): Named {
  const named = new Map<string, string>()
  for (const [property, name] of Object.entries(SHARED)) {
    const counts = new Map<string, number>()
    for (const entry of entries) {
      const value = entry[property as keyof typeof SHARED]
      if (value !== undefined) counts.set(JSON.stringify(value), (counts.get(JSON.stringify(value)) ?? 0) + 1)
    }
    const often = [...counts].flatMap(([value, count]) => (count > 1 && value.length > MIN_SHARED ? [value] : []))
    often.forEach((value, index) => {
      named.set(value, `${name}${index + 1}`)
    })
  }
  return named
}

/** Presets are written as their helper, so that a reader sees only what was chosen. */
function issuerCode(issuer: Setting['issuers'][string], used: Set<string>): string {
  if (issuer.preset === 'github') {
    used.add('github')
    const { tenant = {} } = issuer
    const pin = 'repository_owner_id' in tenant ? { ownerId: tenant.repository_owner_id } : { enterpriseId: tenant.enterprise_id }
    return `github(${code({ key: issuer.key, audiences: issuer.audiences, ...pin }, used, new Map(), 4)})`
  }
  used.add('oidc')
  const { preset: _preset, ...rest } = issuer
  return `oidc(${code(rest, used, new Map(), 4)})`
}
