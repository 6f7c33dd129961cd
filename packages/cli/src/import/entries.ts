/**
 * The config as a table: one entry for each kind of access, with the accounts that have it. The same access in 500 accounts is one entry.
 */
import type { ConfigSource, IssuerSource, Profile, Target } from '@stint/core/config/shape'
import { sha256Hex } from '@stint/core/digest'
import { externalIdOf } from '../target/targets.ts'
import type { Access, Rule } from './rules.ts'

/** The path of the roles that are made for permission sets. */
export const ROLE_PATH = '/stint/'

export type Entry = Omit<Access, 'account'> & {
  /** The beginning of the IDs of its profiles; the account follows. */
  readonly profile: string
  /** The beginning of the IDs of its targets. */
  readonly target: string
  readonly accounts: readonly string[]
}

/** How the entries become a config. */
export type Setting = {
  readonly partition: string
  readonly region: string
  readonly issuers: { readonly [id: string]: IssuerSource }
  readonly log: string
  /** With it, the broker may enter every role under /stint/ of this organization, instead of a list of roles. */
  readonly organization?: string
}

export function entriesOf(rules: readonly Rule[]): readonly Entry[] {
  // First, access that differs only in who is eligible: these are alternatives of one profile.
  const cells = grouped(
    rules.flatMap(({ access }) => access),
    ({ eligible: _eligible, ...rest }) => canonical(rest),
  ).map((cell) => ({
    ...(cell[0] as Access),
    eligible: uniqueBy(
      cell.flatMap(({ eligible }) => eligible),
      canonical,
    ),
  }))
  // Then, access that differs only in the account.
  const alike = grouped(cells, ({ account: _account, ...rest }) => canonical(rest))
    .map((cell) => {
      const { account: _account, ...access } = cell[0] as Access
      return { ...access, accounts: [...new Set(cell.map(({ account }) => account))].sort() }
    })
    .toSorted((a, b) => (a.role < b.role ? -1 : a.role > b.role ? 1 : canonical(a) < canonical(b) ? -1 : 1))
  const targets = names(
    alike.map(({ role }) => role),
    (role) => slug(role.slice(role.lastIndexOf('/') + 1)),
  )
  const used = new Map<string, number>()
  return alike.map((entry) => {
    const target = targets.get(entry.role) ?? ''
    const count = (used.get(target) ?? 0) + 1
    used.set(target, count)
    return { profile: count === 1 ? target : `${target}-${count}`, target, ...entry }
  })
}

/** 48 characters of an ID, without a number to tell entries apart and an account. */
const MAX_SLUG = 30

const slug = (name: string): string =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '') || 'role'

/** A short name for each value. What would be too long or taken ends in a digest. */
function names(values: readonly string[], short: (value: string) => string): ReadonlyMap<string, string> {
  const made = new Map<string, string>()
  const taken = new Map<string, string>()
  for (const value of [...new Set(values)].sort()) {
    const plain = short(value)
    const digest = `${plain.slice(0, MAX_SLUG - 9)}-${sha256Hex(value).slice(0, 8)}`
    // A number at the end is for entries of one target.
    const name = plain.length > MAX_SLUG || taken.has(plain) || /-\d+$/.test(plain) ? digest : plain
    taken.set(name, value)
    made.set(value, name)
  }
  return made
}

const canonical = (value: unknown): string => JSON.stringify(value)

const grouped = <T>(list: readonly T[], key: (one: T) => string): readonly (readonly T[])[] => [...Map.groupBy(list, key).values()]

const uniqueBy = <T>(list: readonly T[], key: (one: T) => string): readonly T[] => [...new Map(list.map((one) => [key(one), one])).values()]

/** The config of the entries, as the written file exports it. */
export function configOf(entries: readonly Entry[], { partition, region, issuers, log, organization }: Setting): ConfigSource {
  const targets: { [id: string]: Target } = {}
  const profiles: { [id: string]: Profile } = {}
  for (const { profile, target, role, accounts, customerPolicies, policyArns, ...rest } of entries) {
    for (const account of accounts) {
      targets[`${target}-${account}`] = {
        account,
        roleArn: `arn:${partition}:iam::${account}:role/${role}`,
        externalId: externalIdOf('stint', account, role.slice(role.lastIndexOf('/') + 1)),
        region,
      }
      const arns = [...(policyArns ?? []), ...(customerPolicies ?? []).map((name) => `arn:${partition}:iam::${account}:policy/${name}`)]
      profiles[`${profile}-${account}`] = { target: `${target}-${account}`, ...rest, ...(arns.length > 0 ? { policyArns: arns } : {}) }
    }
  }
  const roles = organization === undefined ? {} : { targetRoles: { path: ROLE_PATH, organization } }
  return { issuers, targets, ...roles, profiles, log: { origin: log } }
}
