/**
 * What Stint grants, AWS TEAM and SSO Elevator grant, too. Their own decisions are written here again, from their source: teamRouter's
 * `get_eligibility` and `get_approver_group_ids`, and access_control's `make_decision_on_access_request` and `…_on_approve_request`.
 */
import { matchesClaim } from '@stint/core/config/matcher'
import type { Who } from '@stint/core/config/shape'
import { durationSeconds } from '@stint/core/duration'
import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { entriesOf } from './entries.ts'
import type { Directory } from './identity-center.ts'
import { emptyMapping, type Mapping } from './mapping.ts'
import type { Rule } from './rules.ts'
import { elevatorVariables, translateElevator } from './sso-elevator.ts'
import { type Team, translateTeam } from './team.ts'

const ACCOUNTS = ['310000000001', '310000000002']
const SETS = ['Read', 'Admin']
const GROUPS = ['g1', 'g2', 'g3']
const PEOPLE = ['a@acme.example', 'b@acme.example', 'c@acme.example']

const directory = (mapping: Mapping): Directory => ({
  file: 'center.json',
  mapping,
  partition: 'aws',
  documents: new Map(),
  center: {
    PermissionSets: SETS.map((Name) => ({
      PermissionSet: { Name, PermissionSetArn: `arn:${Name}`, Description: '', SessionDuration: 'PT1H' },
      AttachedManagedPolicies: [{ Arn: `arn:aws:iam::aws:policy/${Name}` }],
      CustomerManagedPolicyReferences: [],
      InlinePolicy: '',
      PermissionsBoundary: null,
    })),
    AccountAssignments: [],
    Groups: [],
    Users: [],
  },
})

/** A person, with the groups that they are in. Tokens have the email address as the subject here, for brevity. */
type Person = { readonly email: string; readonly groups: readonly string[] }
const person = fc.record({ email: fc.constantFrom(...PEOPLE), groups: fc.subarray(GROUPS) })
const matches = (list: readonly Who[], { email, groups }: Person): boolean =>
  list.some(({ claims }) =>
    Object.entries(claims).every(([claim, matcher]) => matchesClaim(matcher, claim === 'sub' ? email : ['everyone', ...groups])),
  )

type Grant = { readonly account: string; readonly set: string; readonly hours: number; readonly approvedBy: readonly Who[] | undefined }
/** The profiles that admit this person, from the table that becomes the config. */
const grantsOf = (rules: readonly Rule[], who: Person): readonly Grant[] =>
  entriesOf(rules).flatMap(({ accounts, role, eligible, duration, approval }) =>
    matches(eligible, who)
      ? accounts.map((account) => ({
          account,
          set: role.replace('stint/', ''),
          hours: durationSeconds(duration.max) / 3600,
          approvedBy: approval?.rules.flatMap(({ by }) => by),
        }))
      : [],
  )
const identity = (list: readonly string[]) => Object.fromEntries(list.map((name) => [name, name]))

describe('AWS TEAM', () => {
  const item = fc.record({
    id: fc.constantFrom(...GROUPS, ...PEOPLE),
    accounts: fc.subarray(ACCOUNTS),
    ous: fc.subarray(['ou-1', 'ou-2']),
    sets: fc.subarray(SETS, { minLength: 1 }),
    approvalRequired: fc.boolean(),
    duration: fc.integer({ min: 1, max: 20 }),
  })
  const ous: { readonly [ou: string]: readonly string[] } = { 'ou-1': [ACCOUNTS[0] ?? ''], 'ou-2': [ACCOUNTS[1] ?? ''] }
  const given = fc.record({
    items: fc.uniqueArray(item, { minLength: 1, maxLength: 5, selector: ({ id }) => id }),
    approvers: fc.uniqueArray(fc.record({ id: fc.constantFrom(...ACCOUNTS, 'ou-1', 'ou-2'), groupIds: fc.subarray(GROUPS) }), {
      maxLength: 4,
      selector: ({ id }) => id,
    }),
    longest: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
    // What the mapping knows.
    groups: fc.subarray(GROUPS),
    known: fc.subarray(['ou-1', 'ou-2']),
    who: person,
  })

  test('grants no less than Stint', () => {
    let granted = 0
    fc.assert(
      fc.property(given, ({ items, approvers, longest, groups, known, who }) => {
        const team: Team = {
          file: 'e.json',
          eligibility: items.map(({ id, accounts, ous: units, sets, ...rest }) => ({
            id,
            type: GROUPS.includes(id) ? 'Group' : 'User',
            accounts: accounts.map((account) => ({ id: account })),
            ous: units.map((unit) => ({ id: unit })),
            permissions: sets.map((set) => ({ id: `arn:${set}`, name: set })),
            ...rest,
          })),
          approvers,
          settings: [{ duration: longest }],
        }
        const mapping: Mapping = {
          ...emptyMapping,
          groups: identity(groups),
          people: identity(PEOPLE),
          ous: Object.fromEntries(known.map((unit) => [unit, [...(ous[unit] ?? [])]])),
        }
        for (const { account, set, hours, approvedBy } of grantsOf(translateTeam(team, directory(mapping)), who)) {
          granted++
          const mine = items.filter(({ id }) => id === who.email || who.groups.includes(id))
          const fitting = mine.filter(
            (one) => one.sets.includes(set) && (one.accounts.includes(account) || one.ous.some((unit) => ous[unit]?.includes(account))),
          )
          expect(fitting.length).toBeGreaterThan(0)
          // The longest of all their eligibilities counts.
          expect(hours).toBeLessThanOrEqual(Math.min(Math.max(...mine.map(({ duration }) => duration)), longest ?? 9))
          const asked = fitting.some(({ approvalRequired }) => approvalRequired)
          if (approvedBy === undefined) {
            expect(asked).toBe(false)
            continue
          }
          const own = approvers.find(({ id }) => id === account)?.groupIds ?? []
          const unit = Object.keys(ous).find((name) => ous[name]?.includes(account))
          const theirs = own.length > 0 ? own : (approvers.find(({ id }) => id === unit)?.groupIds ?? [])
          for (const group of GROUPS) if (matches(approvedBy, { email: 'x', groups: [group] })) expect(theirs).toContain(group)
        }
      }),
      { numRuns: 3000, seed: 20261128 },
    )
    expect(granted).toBeGreaterThan(1000)
  })
})

describe('SSO Elevator', () => {
  const flag = fc.constantFrom(true, false, undefined, undefined)
  const statement = fc
    .record({
      Resource: fc.oneof(fc.constant(['*']), fc.subarray(ACCOUNTS, { minLength: 1 })),
      PermissionSet: fc.oneof(fc.constant(['*']), fc.subarray(SETS, { minLength: 1 })),
      Approvers: fc.subarray(PEOPLE),
      AllowSelfApproval: flag,
      ApprovalIsNotRequired: flag,
      AllowedGroups: fc.oneof(fc.constant<string[]>([]), fc.subarray(GROUPS)),
      AllowedUsers: fc.oneof(fc.constant<string[]>([]), fc.subarray(PEOPLE)),
    })
    .map((one) => ({ ResourceType: 'Account', ...one }))
  const given = fc.record({
    config: fc.array(statement, { minLength: 1, maxLength: 4 }),
    max: fc.integer({ min: 1, max: 30 }),
    groups: fc.subarray(GROUPS),
    people: fc.subarray(PEOPLE),
    who: person,
  })

  test('grants no less than Stint', () => {
    let granted = 0
    fc.assert(
      fc.property(given, ({ config, max, groups, people, who }) => {
        const variables = v.parse(elevatorVariables, { config, max_permissions_duration_time: max })
        const mapping: Mapping = {
          ...emptyMapping,
          groups: identity(groups),
          people: identity(people),
          everyone: 'everyone',
          accounts: ACCOUNTS,
        }
        for (const { account, set, hours, approvedBy } of grantsOf(
          translateElevator({ file: 'a.tfvars', variables }, directory(mapping)),
          who,
        )) {
          granted++
          const fits = (list: readonly string[], one: string) => list.includes('*') || list.includes(one)
          const affected = config.filter(({ Resource, PermissionSet }) => fits(Resource, account) && fits(PermissionSet, set))
          const mine = affected.filter(
            ({ AllowedGroups, AllowedUsers }) =>
              AllowedGroups.length + AllowedUsers.length === 0 ||
              AllowedUsers.includes(who.email) ||
              AllowedGroups.some((group) => who.groups.includes(group)),
          )
          expect(mine.length).toBeGreaterThan(0)
          expect(hours).toBeLessThanOrEqual(max)
          if (approvedBy === undefined) {
            expect(affected.some(({ ApprovalIsNotRequired }) => ApprovalIsNotRequired === false)).toBe(false)
            expect(mine.some(({ ApprovalIsNotRequired }) => ApprovalIsNotRequired)).toBe(true)
            continue
          }
          for (const email of PEOPLE)
            if (matches(approvedBy, { email, groups: [] })) expect(mine.some(({ Approvers }) => Approvers.includes(email))).toBe(true)
        }
      }),
      { numRuns: 3000, seed: 20261128 },
    )
    expect(granted).toBeGreaterThan(1000)
  })
})
