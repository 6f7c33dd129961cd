/**
 * What the target kit refuses. The CloudFormation template, the Terraform module and `stint target add` are forms of one contract, so
 * all are held to one table: what each accepts and refuses, not only what each calls its inputs. The role's trust policy lets in
 * whatever BrokerRoleArn names, and the external ID is predictable: a principal that is wider than one role opens the account.
 */
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadAwsServiceSpec } from '@aws-cdk/aws-service-spec'
import { parse as parseHcl } from '@cdktf/hcl2json'
import { kitFaults } from '@stint/cli/target/kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { stint } from '../support/cli.ts'
import { terraformIn } from '../support/terraform.ts'
import { testWith } from '../support/tools.ts'
import { root } from './platform.ts'
import { evaluateTerraform } from './terraform-expression.ts'

/** A template and a module are any JSON. */
type Json = any
/** By the template's names. A list of policies is joined by commas for the template. */
type Inputs = { readonly [parameter: string]: string | number | readonly string[] }

const folder = join(root, 'infra/target')
const BROKER = 'arn:aws:iam::123456789012:role/stint-vend'
const REVOKER = 'arn:aws:iam::123456789012:role/stint-revoke'
const POLICY = 'arn:aws:iam::aws:policy/PowerUserAccess'
const given: Inputs = { BrokerRoleArn: BROKER, RoleName: 'Deploy', ManagedPolicyArns: [POLICY] }

/** Every partition that AWS has; a role elsewhere does not exist. */
const partitions = ['aws', 'aws-cn', 'aws-us-gov', 'aws-iso', 'aws-iso-b', 'aws-iso-e', 'aws-iso-f', 'aws-eusc']

/** Principals that IAM takes in a trust policy, and near misses of a role's ARN. None may stand where one role is asked for. */
const notARole: readonly (readonly [string, string])[] = [
  ['anyone with an AWS account', '*'],
  ['an account', '123456789012'],
  ['an account by its root', 'arn:aws:iam::123456789012:root'],
  ['a service', 'ec2.amazonaws.com'],
  ['a user', 'arn:aws:iam::123456789012:user/dana'],
  ['every role of an account', 'arn:aws:iam::123456789012:role/*'],
  ['every role that begins like it', 'arn:aws:iam::123456789012:role/stint-*'],
  ['a role with one character open', 'arn:aws:iam::123456789012:role/stint-ven?'],
  ['the role in every account', 'arn:aws:iam::*:role/stint-vend'],
  ['the role in every partition', 'arn:*:iam::123456789012:role/stint-vend'],
  ['a policy variable', 'arn:aws:iam::123456789012:role/${aws:PrincipalTag/role}'],
  ['a dynamic reference', '{{resolve:ssm:/stint/broker-role}}'],
  ['a session of the role', 'arn:aws:sts::123456789012:assumed-role/stint-vend/x'],
  ['a federated user', 'arn:aws:sts::123456789012:federated-user/dana'],
  ['an OIDC provider', 'arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com'],
  ['a SAML provider', 'arn:aws:iam::123456789012:saml-provider/idp'],
  ['an instance profile', 'arn:aws:iam::123456789012:instance-profile/stint-vend'],
  ['a group', 'arn:aws:iam::123456789012:group/admins'],
  ['a policy', 'arn:aws:iam::123456789012:policy/stint-vend'],
  ['the unique ID of a role', 'AROAIOSFODNN7EXAMPLE'],
  ['the name alone', 'stint-vend'],
  ['a partition that AWS does not have', 'arn:aws-moon:iam::123456789012:role/stint-vend'],
  ['a partition that begins like one', 'arn:awsx:iam::123456789012:role/stint-vend'],
  ['no partition', 'arn::iam::123456789012:role/stint-vend'],
  ['another service', 'arn:aws:sts::123456789012:role/stint-vend'],
  ['a region in the ARN', 'arn:aws:iam:eu-central-1:123456789012:role/stint-vend'],
  ['no account', 'arn:aws:iam:::role/stint-vend'],
  ['AWS itself as the account', 'arn:aws:iam::aws:role/stint-vend'],
  ['an account of 11 digits', 'arn:aws:iam::12345678901:role/stint-vend'],
  ['an account of 13 digits', 'arn:aws:iam::1234567890123:role/stint-vend'],
  ['digits that are not ASCII', 'arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:role/stint-vend'],
  ['no name', 'arn:aws:iam::123456789012:role/'],
  ['a path without a name', 'arn:aws:iam::123456789012:role/stint/'],
  ['an empty part of the path', 'arn:aws:iam::123456789012:role/a//stint-vend'],
  ['a path that begins twice', 'arn:aws:iam::123456789012:role//stint-vend'],
  ['a name of 65 characters', `arn:aws:iam::123456789012:role/${'r'.repeat(65)}`],
  ['a name beyond ASCII', 'arn:aws:iam::123456789012:role/stint-vënd'],
  ['two roles', `${BROKER},${REVOKER}`],
  ['two lines', `${BROKER}\n${BROKER}`],
  ['a role or anyone', `${BROKER}|*`],
  ['a trailing newline', `${BROKER}\n`],
  ['a trailing carriage return', `${BROKER}\r`],
  ['a trailing line separator', `${BROKER}\u2028`],
  ['a leading newline', `\n${BROKER}`],
  ['a leading space', ` ${BROKER}`],
  ['a trailing space', `${BROKER} `],
  ['upper case', 'ARN:AWS:IAM::123456789012:ROLE/STINT-VEND'],
]
const roles: readonly string[] = [
  ...partitions.map((partition) => `arn:${partition}:iam::123456789012:role/stint-vend`),
  'arn:aws:iam::123456789012:role/broker/prod/stint-vend',
  `arn:aws:iam::123456789012:role/${'r'.repeat(64)}`,
  'arn:aws:iam::123456789012:role/A.b+c=d,e@f_g-h',
]

/** What is no managed policy, wherever one is asked for. */
const notAPolicy: readonly (readonly [string, string])[] = [
  ['anything', '*'],
  ['a name alone', 'AdministratorAccess'],
  ['a role', BROKER],
  ['every policy', 'arn:aws:iam::aws:policy/*'],
  ['every policy of an account', 'arn:aws:iam::123456789012:policy/*'],
  ['a character open', 'arn:aws:iam::aws:policy/PowerUserAcces?'],
  ['an account open', 'arn:aws:iam::*:policy/boundary'],
  ['no account', 'arn:aws:iam:::policy/boundary'],
  ['a short account', 'arn:aws:iam::1234:policy/boundary'],
  ['a partition that AWS does not have', 'arn:aws-moon:iam::aws:policy/PowerUserAccess'],
  ['another service', 'arn:aws:organizations::123456789012:policy/boundary'],
  ['no name', 'arn:aws:iam::aws:policy/'],
  ['a path without a name', 'arn:aws:iam::aws:policy/job-function/'],
  ['an empty part of the path', 'arn:aws:iam::aws:policy//PowerUserAccess'],
  ['a name of 129 characters', `arn:aws:iam::123456789012:policy/${'p'.repeat(129)}`],
  ['a policy document', '{"Version":"2012-10-17"}'],
  ['a trailing newline', `${POLICY}\n`],
  ['a leading space', ` ${POLICY}`],
]
const policies: readonly string[] = [
  ...partitions.map((partition) => `arn:${partition}:iam::aws:policy/PowerUserAccess`),
  'arn:aws:iam::aws:policy/job-function/ViewOnlyAccess',
  'arn:aws:iam::123456789012:policy/team/a/boundary',
  `arn:aws:iam::123456789012:policy/${'p'.repeat(128)}`,
]

const notARoleName: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['a wildcard', 'Deploy*'],
  ['a path', 'stint/Deploy'],
  ['a space', 'De ploy'],
  ['a policy variable', '${aws:username}'],
  ['a colon', 'Deploy:x'],
  ['a letter beyond ASCII', 'Déploy'],
  ['a trailing newline', 'Deploy\n'],
  ['57 characters, so that no "-revoker" of it fits into 64', 'r'.repeat(57)],
]
const notAPath: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['the root, which holds every other role too', '/'],
  ['no slash at the ends', 'stint'],
  ['no slash at the end', '/stint'],
  ['no slash at the beginning', 'stint/'],
  ['two slashes', '//'],
  ['an empty part', '/stint//prod/'],
  ['two slashes at the end', '/stint//'],
  ['a wildcard', '/st*/'],
  ['a character open', '/stin?/'],
  ['a space', '/st int/'],
  ['a trailing newline', '/stint/\n'],
  ['513 characters', `/${'p'.repeat(511)}/`],
]
const notAPrefix: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['one character', 's'],
  ['65 characters', 's'.repeat(65)],
  ['a space', 'st int'],
  ['a wildcard', 'stint*'],
  ['a policy variable', '${aws:PrincipalTag/id}'],
  ['an exclamation mark', 'stint!'],
  ['a letter beyond ASCII', 'stïnt'],
  ['a trailing newline', 'stint\n'],
]

type Row = readonly [title: string, inputs: Inputs]
const rowsOf = (parameter: string, rows: readonly (readonly [string, string])[]): readonly Row[] =>
  rows.map(([title, value]) => [`${parameter}: ${title}`, { [parameter]: value }])

const refused: readonly Row[] = [
  ['BrokerRoleArn: nothing', { BrokerRoleArn: '' }],
  ...rowsOf('BrokerRoleArn', notARole),
  ...notARole.map(([title, value]): Row => [`RevokerRoleArn: ${title}`, { RevokerRoleArn: value, PermissionsBoundaryArn: POLICY }]),
  ...rowsOf('RoleName', notARoleName),
  ...rowsOf('RolePath', notAPath),
  ...rowsOf('ExternalIdPrefix', notAPrefix),
  ...rowsOf('PermissionsBoundaryArn', notAPolicy),
  ...notAPolicy.map(([title, value]): Row => [`ManagedPolicyArns: ${title}`, { ManagedPolicyArns: [value] }]),
  ...notAPolicy.map(([title, value]): Row => [`ManagedPolicyArns: ${title}, after a policy`, { ManagedPolicyArns: [POLICY, value] }]),
  ['ManagedPolicyArns: an empty item first', { ManagedPolicyArns: ['', POLICY] }],
  ['ManagedPolicyArns: an empty item last', { ManagedPolicyArns: [POLICY, ''] }],
  // The template splits at every comma.
  ['ManagedPolicyArns: a name with a comma', { ManagedPolicyArns: ['arn:aws:iam::123456789012:policy/a,b'] }],
  ...[3599, 43_201, 0, -3600, 3600.5].map((seconds): Row => [`MaxSessionDuration: ${seconds}`, { MaxSessionDuration: seconds }]),
]
/** What no input shows by itself. */
const refusedTogether: readonly Row[] = [
  ['RevokerRoleArn: the role that vends, which could then widen what it vends', { RevokerRoleArn: BROKER, PermissionsBoundaryArn: POLICY }],
  ['RevokerRoleArn: without a boundary, which would let it grant anything', { RevokerRoleArn: REVOKER }],
]
const accepted: readonly Row[] = [
  ['what has no default', {}],
  ...roles.map((arn): Row => [`BrokerRoleArn: ${arn}`, { BrokerRoleArn: arn }]),
  ...roles
    .filter((arn) => arn !== BROKER)
    .map((arn): Row => [`RevokerRoleArn: ${arn}`, { RevokerRoleArn: arn, PermissionsBoundaryArn: POLICY }]),
  ['RevokerRoleArn: none', { RevokerRoleArn: '' }],
  ...['x', 'A.b+c=d,e@f_g-h', 'r'.repeat(56)].map((name): Row => [`RoleName: ${name}`, { RoleName: name }]),
  ...['/stint/', '/a/b/', '/A.b+c=d,e@f_g-h/', `/${'p'.repeat(510)}/`].map((path): Row => [`RolePath: ${path}`, { RolePath: path }]),
  ...['ab', 'A.b+c=d,e@f_g-h:i', 's'.repeat(64)].map((prefix): Row => [`ExternalIdPrefix: ${prefix}`, { ExternalIdPrefix: prefix }]),
  ...policies.map((arn): Row => [`PermissionsBoundaryArn: ${arn}`, { PermissionsBoundaryArn: arn }]),
  ['PermissionsBoundaryArn: none', { PermissionsBoundaryArn: '' }],
  ...policies.map((arn): Row => [`ManagedPolicyArns: ${arn}`, { ManagedPolicyArns: [arn] }]),
  ['ManagedPolicyArns: all of these', { ManagedPolicyArns: policies }],
  ['ManagedPolicyArns: one of them twice', { ManagedPolicyArns: [POLICY, POLICY] }],
  ['ManagedPolicyArns: none', { ManagedPolicyArns: [] }],
  ...[3600, 7200, 43_200].map((seconds): Row => [`MaxSessionDuration: ${seconds}`, { MaxSessionDuration: seconds }]),
]
const titles = (rows: readonly Row[]) => rows.map(([title]) => title)

let template: Json
let variables: Json
let main: Json
/** Parameters that go to a property which AWS's specification types as an integer. */
let integers: ReadonlySet<string>
beforeAll(async () => {
  template = parseYaml(await readFile(join(folder, 'target.yaml'), 'utf8'))
  variables = (await parseHcl('variables.tf', await readFile(join(folder, 'terraform/variables.tf'), 'utf8'))).variable
  main = await parseHcl('main.tf', await readFile(join(folder, 'terraform/main.tf'), 'utf8'))
  const role = (await loadAwsServiceSpec()).lookup('resource', 'cloudFormationType', 'equals', 'AWS::IAM::Role').only()
  integers = new Set(
    Object.entries<Json>(template.Resources.Role.Properties)
      .filter(([name, value]) => value.Ref && role.properties[name]?.type.type === 'integer')
      .map(([, value]) => value.Ref),
  )
})

describe('CloudFormation', () => {
  /** Whether CloudFormation would make a stack of it (User Guide: Parameters, Rules). */
  function accepts(inputs: Inputs): boolean {
    const all: Record<string, string> = {}
    for (const [name, parameter] of Object.entries<Json>(template.Parameters)) {
      const value = inputs[name] ?? parameter.Default
      if (value === undefined) return false
      all[name] = Array.isArray(value) ? value.join(',') : String(value)
    }
    return (
      Object.entries(all).every(([name, value]) => meets(name, value)) &&
      Object.values<Json>(template.Rules ?? {}).every(({ Assertions }) => Assertions.every(({ Assert }: Json) => holds(Assert, all)))
    )
  }
  function meets(name: string, value: string): boolean {
    const { Type, Default, Description, ConstraintDescription, ...constraints } = template.Parameters[name]
    if (Type === 'CommaDelimitedList') throw new Error(`${name}: say what a whole list must match, in a String`)
    if (!['String', 'Number'].includes(Type)) throw new Error(`${name}: type ${Type} is not understood here`)
    if (Type === 'Number' && (value.trim() === '' || Number.isNaN(Number(value)))) return false
    if (integers.has(name) && !Number.isInteger(Number(value))) return false
    const kept: Record<string, (limit: Json) => boolean> = {
      // Matched against the whole value.
      AllowedPattern: (pattern) => new RegExp(`^(?:${pattern})$`).test(value),
      MaxLength: (limit) => value.length <= limit,
      MinLength: (limit) => value.length >= limit,
      MaxValue: (limit) => Number(value) <= limit,
      MinValue: (limit) => Number(value) >= limit,
    }
    return Object.entries(constraints).every(([constraint, limit]) => {
      const check = kept[constraint]
      if (!check) throw new Error(`${name}: ${constraint} is not understood here`)
      return check(limit)
    })
  }
  function holds(condition: Json, values: Record<string, string>): boolean {
    if (condition['Fn::Not']) return !holds(condition['Fn::Not'][0], values)
    if (condition['Fn::Or']) return condition['Fn::Or'].some((one: Json) => holds(one, values))
    const operands: Json[] | undefined = condition['Fn::Equals']
    if (!operands) throw new Error(`not understood here: ${JSON.stringify(condition)}`)
    const [a, b] = operands.map((operand) => (typeof operand === 'string' ? operand : values[operand.Ref]))
    return a === b
  }

  test.each([...refused, ...refusedTogether])('refuses %s', (_title, inputs) => expect(accepts({ ...given, ...inputs })).toBe(false))
  test.each(accepted)('accepts %s', (_title, inputs) => expect(accepts({ ...given, ...inputs })).toBe(true))
  test.each(Object.keys(given))('asks for %s', (name) => {
    const { [name]: _without, ...others } = given
    expect(accepts(others)).toBe(false)
  })
  test('gives no role, and no empty list, where nothing was asked for', () => {
    const { Properties } = template.Resources.Role
    expect(template.Conditions.HasPolicies).toEqual({ 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'ManagedPolicyArns' }, ''] }] })
    expect(Properties.ManagedPolicyArns).toEqual({
      'Fn::If': ['HasPolicies', { 'Fn::Split': [',', { Ref: 'ManagedPolicyArns' }] }, { Ref: 'AWS::NoValue' }],
    })
  })
})

const snake = (name: string) => name.replace(/[A-Z]/g, (letter, at) => `${at === 0 ? '' : '_'}${letter.toLowerCase()}`)
/** The conditions that a plan must meet: each variable's own, and those of the roles, which see more than one variable. */
const checksOf = (): readonly { readonly condition: string; readonly error_message: string }[] => [
  ...Object.values<Json>(variables).flatMap(([{ validation }]) => validation ?? []),
  ...Object.values<Json>(main.resource.aws_iam_role).flatMap(([{ lifecycle }]) => lifecycle?.[0].precondition ?? []),
]

describe('Terraform, as this file reads it', () => {
  type Given = { readonly [variable: string]: string | number | readonly string[] | null }
  const named = (inputs: Inputs): Given => Object.fromEntries(Object.entries(inputs).map(([name, value]) => [snake(name), value]))
  function accepts(inputs: Given): boolean {
    const scope: Record<string, Json> = {}
    for (const [name, [{ default: otherwise, nullable }]] of Object.entries<Json>(variables)) {
      const value = inputs[name] === undefined || (inputs[name] === null && nullable === false) ? otherwise : inputs[name]
      if (value === undefined) return false
      scope[`var.${name}`] = value
    }
    return checksOf().every(({ condition }) => evaluateTerraform(condition, scope) === true)
  }

  test.each([...refused, ...refusedTogether])('refuses %s', (_title, inputs) =>
    expect(accepts({ ...named(given), ...named(inputs) })).toBe(false),
  )
  test.each(accepted)('accepts %s', (_title, inputs) => expect(accepts({ ...named(given), ...named(inputs) })).toBe(true))
  test.each(Object.keys(given).map(snake))('asks for %s, and does not take null for it', (name) => {
    const { [name]: _without, ...others } = named(given)
    expect([accepts(others), accepts({ ...others, [name]: null })]).toEqual([false, false])
  })
  test('takes null for no boundary and no revoker, and for a default', () => {
    const none = { permissions_boundary_arn: null, revoker_role_arn: null, role_path: null, external_id_prefix: null }
    expect(accepts({ ...named(given), ...none })).toBe(true)
    // Without this, null would reach AWS, which puts such a role at the root.
    expect(Object.keys(variables).filter((name) => variables[name][0].nullable !== false)).toEqual([
      'permissions_boundary_arn',
      'revoker_role_arn',
    ])
  })
  test('checks every variable, with the words of the template', () => {
    const words = Object.entries<Json>(template.Parameters).map(([name, { ConstraintDescription }]) => [snake(name), ConstraintDescription])
    expect(Object.fromEntries(words)).toEqual(
      Object.fromEntries(Object.entries<Json>(variables).map(([name, [{ validation }]]) => [name, validation?.[0].error_message])),
    )
    const rules = Object.values<Json>(template.Rules).map(({ Assertions }) => Assertions[0].AssertDescription)
    expect(main.resource.aws_iam_role.revoker[0].lifecycle[0].precondition.map((one: Json) => one.error_message)).toEqual(rules)
  })
})

test('every pattern means the same to Java, to RE2 and to JavaScript', () => {
  const patterns = [
    ...Object.values<Json>(template.Parameters).flatMap(({ AllowedPattern }) => AllowedPattern ?? []),
    ...checksOf().flatMap(({ condition }) => [...condition.matchAll(/regex\((".*?"),/g)].map(([, text = '']) => JSON.parse(text))),
  ]
  expect(patterns).toHaveLength(14)
  for (const pattern of patterns) {
    // Classes, groups, alternatives and counts only: escapes, flags, look-around and \Z differ.
    expect(pattern).toMatch(/^\^[^\\]*\$$/)
    expect(pattern).not.toMatch(/\(\?|[*+?}][+?]/)
    // RE2 takes no count above 1,000.
    for (const [, count] of pattern.matchAll(/(\d+)\}/g)) expect(Number(count)).toBeLessThanOrEqual(1000)
    // Each alternative is anchored by itself.
    for (const alternative of alternativesOf(pattern)) expect(alternative).toMatch(/^\^.*\$$/)
  }
})
function alternativesOf(pattern: string): readonly string[] {
  let depth = 0
  const all = ['']
  for (const character of pattern) {
    depth += character === '(' ? 1 : character === ')' ? -1 : 0
    if (character === '|' && depth === 0) all.push('')
    else all[all.length - 1] += character
  }
  return all
}

describe('Terraform itself', () => {
  const withTerraform = testWith('terraform')
  const TERRAFORM_MS = 300_000
  let work: string
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'stint-terraform-'))
  })
  afterAll(() => rm(work, { recursive: true }))

  /** A module with the kit's variables and checks, and nothing that needs a provider; and a root that calls it. */
  async function rootOf(name: string, text: string): Promise<ReturnType<typeof terraformIn>> {
    const at = join(work, name)
    await mkdir(join(at, 'kit'), { recursive: true })
    await copyFile(join(folder, 'terraform/variables.tf'), join(at, 'kit/variables.tf'))
    const precondition = Object.values<Json>(main.resource.aws_iam_role).flatMap(([{ lifecycle }]) => lifecycle?.[0].precondition ?? [])
    const checks = { input: 1, lifecycle: { precondition } }
    await writeFile(join(at, 'kit/main.tf.json'), JSON.stringify({ resource: { terraform_data: { checks } } }))
    await writeFile(join(at, 'main.tf'), text)
    const terraform = terraformIn(at)
    expect(await terraform('init')).toMatchObject({ code: 0 })
    return terraform
  }
  const literal = (value: Json) => JSON.stringify(value).replace(/([$%])\{/g, '$1$1{')
  const call = (name: string, inputs: Inputs) => [
    `module "${name}" {`,
    '  source = "./kit"',
    ...Object.entries(inputs).map(([input, value]) => `  ${snake(input)} = ${literal(value)}`),
    '}',
  ]

  withTerraform(
    'refuses what the table refuses',
    async () => {
      // One plan for all rows: every call of the module is on lines of its own, by which Terraform names what it refuses.
      const lines: string[] = []
      const ends: number[] = []
      for (const [index, [, inputs]] of refused.entries()) {
        lines.push(...call(`row_${index}`, { ...given, ...inputs }))
        ends.push(lines.length)
      }
      const terraform = await rootOf('refused', lines.join('\n'))
      const { code, output } = await terraform('plan', '-json')
      const events: Json[] = output.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []))
      const errors = events.filter(({ type }) => type === 'diagnostic').map(({ diagnostic }) => diagnostic)
      expect([code, [...new Set(errors.map(({ summary }) => summary))]]).toEqual([1, ['Invalid value for variable']])
      const found = errors.map(({ range }) => refused[ends.findIndex((end) => range.start.line <= end)]?.[0])
      expect([...new Set(found)].sort()).toEqual(titles(refused).sort())
    },
    TERRAFORM_MS,
  )
  for (const [title, inputs] of refusedTogether)
    withTerraform(
      `refuses ${title}`,
      async () => {
        const terraform = await rootOf('together', call('row', { ...given, ...inputs }).join('\n'))
        const { code, output } = await terraform('plan')
        expect([code, output]).toEqual([1, expect.stringContaining('Error: Resource precondition failed')])
      },
      TERRAFORM_MS,
    )
  withTerraform(
    'accepts what the table accepts',
    async () => {
      const lines = accepted.flatMap(([, inputs], index) => call(`row_${index}`, { ...given, ...inputs }))
      const terraform = await rootOf('accepted', lines.join('\n'))
      const { code, output } = await terraform('plan')
      expect([code, output]).toEqual([0, expect.stringContaining(`Plan: ${accepted.length} to add`)])
    },
    TERRAFORM_MS,
  )

  /** A call of the module that is given one ARN of a resource beside it, unknown until the apply. */
  const computed = (name: string, value: string, line: string) => [
    `resource "terraform_data" "${name}" {`,
    `  input = ${literal(value)}`,
    '}',
    `module "${name}" {`,
    '  source = "./kit"',
    ...Object.entries(given)
      .filter(([input]) => input !== line)
      .map(([input, one]) => `  ${snake(input)} = ${literal(one)}`),
    `  ${snake(line)} = ${line === 'ManagedPolicyArns' ? `[terraform_data.${name}.output]` : `terraform_data.${name}.output`}`,
    '}',
  ]
  withTerraform(
    'takes ARNs that are made in the same apply',
    async () => {
      const terraform = await rootOf(
        'made',
        [...computed('broker', BROKER, 'BrokerRoleArn'), ...computed('policy', POLICY, 'ManagedPolicyArns')].join('\n'),
      )
      expect(await terraform('apply')).toMatchObject({ code: 0 })
    },
    TERRAFORM_MS,
  )
  withTerraform(
    'refuses an ARN that turns out, in the apply, to be anyone’s',
    async () => {
      const terraform = await rootOf('anyone', computed('broker', '*', 'BrokerRoleArn').join('\n'))
      expect(await terraform('plan')).toMatchObject({ code: 0 })
      const { code, output } = await terraform('apply')
      expect([code, output]).toEqual([1, expect.stringContaining('Invalid value for variable')])
    },
    TERRAFORM_MS,
  )
})

describe('stint target add', () => {
  const flags: Record<string, string> = {
    BrokerRoleArn: '--broker-role',
    RoleName: '--role',
    RolePath: '--path',
    ExternalIdPrefix: '--prefix',
    ManagedPolicyArns: '--policy',
  }
  const argsOf = (inputs: Inputs) =>
    Object.entries({ ...given, ...inputs }).flatMap(([name, value]) => [value].flat().map((item) => `${flags[name]}=${item}`))
  const text = (value: Json) => String(value)
  /** A process each, so of every input one row; the rules behind it are held to all rows below. */
  test.each(Object.keys(flags))('refuses the %s that a stack would refuse, and writes nothing', async (name) => {
    // Empty flags are refused by the parser already.
    const [, inputs] = refused.find(([, row]) => name in row && row[name] !== '') as Row
    const work = await mkdtemp(join(tmpdir(), 'stint-stacks-'))
    try {
      const made = await stint([
        'target',
        'add',
        '--name=x',
        '--account=222233334444',
        `--parameters=${join(work, 'stacks')}`,
        ...argsOf(inputs),
      ])
      expect([made.code === 0, made.stdout]).toEqual([false, ''])
      expect(made.stderr).toMatch(/must be|must begin|is not a valid role name/)
      await expect(stat(join(work, 'stacks'))).rejects.toThrow('ENOENT')
    } finally {
      await rm(work, { recursive: true })
    }
  })
  test.each([...refused, ...accepted].filter(([, inputs]) => Object.keys(inputs).every((name) => name in flags)))(
    'judges as the template does: %s',
    (title, inputs) => {
      const all: Inputs = { ...given, RolePath: '/stint/', ExternalIdPrefix: 'stint', ...inputs }
      const faults = [
        ...kitFaults({ brokerRole: text(all.BrokerRoleArn), policies: [all.ManagedPolicyArns].flat().map(text) }),
        ...kitFaults({ role: text(all.RoleName), path: text(all.RolePath), prefix: text(all.ExternalIdPrefix) }),
      ]
      expect(faults.length > 0).toBe(titles(refused).includes(title))
    },
  )
})
