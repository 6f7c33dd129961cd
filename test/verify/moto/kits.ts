/**
 * Both kits for a target account, applied with the same inputs: the CloudFormation template by moto's CloudFormation, the Terraform module by
 * Terraform. The roles, policies and outputs must be the same. Runs in `npm run verify:all moto-kits`.
 *
 * Terraform's AWS provider is not to be had from a package registry. So Terraform evaluates the module with `terraform_data` in the place of
 * each resource of the provider, and this file sends moto's IAM what the provider would: one call for each resource. What the provider itself
 * makes of them is not tried. cfn-lint, which comes with moto, checks the template.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import {
  AttachRolePolicyCommand,
  CreateRoleCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam'
import { parse as parseHcl } from '@cdktf/hcl2json'
import { CANNOT } from '../../support/cannot.ts'
import { freePorts } from '../../support/sandbox.ts'
import { terraformIn } from '../../support/terraform.ts'
import { hasTool } from '../../support/tools.ts'
import { CFN_LINT, requireMoto, startMoto } from './server.ts'

/** A template and a module are any JSON. */
type Json = any
const KITS = fileURLToPath(new URL('../../../infra/target', import.meta.url))
const ACCOUNT = '123456789012' // moto's own.
const BROKER = `arn:aws:iam::${ACCOUNT}:role/stint-vend`
const REVOKER = `arn:aws:iam::${ACCOUNT}:role/stint-revoke`
const READ_ONLY = 'arn:aws:iam::aws:policy/ReadOnlyAccess'
const REGION = 'us-east-1'
/** Resources are made in this order. What is not in it makes nothing. */
const ORDER = [
  'aws_iam_role',
  'aws_iam_role_policy_attachment',
  'aws_iam_role_policy',
  'aws_iam_role_policies_exclusive',
  'aws_iam_role_policy_attachments_exclusive',
]
const CREDENTIALS = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x' }

/** By the template's names. */
const inputs: Readonly<Record<string, Json>> = {
  'a role without policies': { ManagedPolicyArns: [] },
  'policies, a boundary and everything else': {
    ManagedPolicyArns: [READ_ONLY, 'arn:aws:iam::aws:policy/AmazonS3FullAccess'],
    ...{ RolePath: '/access/stint/', ExternalIdPrefix: 'acme:1', MaxSessionDuration: 7200, PermissionsBoundaryArn: READ_ONLY },
  },
  'a revoker': { ManagedPolicyArns: [READ_ONLY], PermissionsBoundaryArn: READ_ONLY, RevokerRoleArn: REVOKER },
  'empty strings': { ManagedPolicyArns: [], PermissionsBoundaryArn: '', RevokerRoleArn: '' },
}

requireMoto()
if (!hasTool('terraform')) {
  console.error('skipped: Terraform is not on PATH; install Terraform 1.5 or newer: https://developer.hashicorp.com/terraform/install')
  process.exit(CANNOT)
}
const server = await startMoto(await freePorts(1))
const iam = new IAMClient({ endpoint: server.endpoint, region: REGION, credentials: CREDENTIALS, maxAttempts: 1 })
try {
  process.exitCode = await main()
} finally {
  server.close()
}

async function main(): Promise<number> {
  const lint = spawnSync(CFN_LINT, ['--non-zero-exit-code', 'warning', join(KITS, 'target.yaml')], { encoding: 'utf8', timeout: 120_000 })
  if (lint.status !== 0) console.log(`${lint.stdout}${lint.stderr}`)
  const rows = [[lint.status === 0 ? 'the same' : 'FAILED', 'cfn-lint finds nothing in the template']]
  for (const [title, more] of Object.entries(inputs)) {
    const given = { BrokerRoleArn: BROKER, RoleName: 'Deploy', ...more }
    const [ours, theirs] = [await afterReset(() => byCloudFormation(given)), await afterReset(() => byTerraform(given))]
    const isSame = isDeepStrictEqual(ours, theirs)
    if (!isSame) console.log(`${title}\n  CloudFormation ${JSON.stringify(ours)}\n  Terraform      ${JSON.stringify(theirs)}`)
    rows.push([isSame ? 'the same' : 'FAILED', title])
  }
  console.log('\nTABLE')
  for (const [result, title] of rows) console.log(`${result}  ${title}`)
  console.log('HOLE      what the AWS provider of Terraform makes of its resources: only the registry of HashiCorp has it')
  console.log('HOLE      ManagedPolicyArns of the stack: moto does not attach them')
  return rows.every(([result]) => result === 'the same') ? 0 : 1
}

async function afterReset<T>(work: () => Promise<T>): Promise<T> {
  await fetch(`${server.endpoint}/moto-api/reset`, { method: 'POST' })
  return work()
}

type Applied = { readonly roles: Json; readonly outputs: Json }

// ── CloudFormation ───────────────────────────────────────────────────────────────────────────────────────────────────

async function byCloudFormation(given: Json): Promise<Applied> {
  const parameters = Object.entries({ ...given, ManagedPolicyArns: given.ManagedPolicyArns.join(',') })
  await cloudFormation('CreateStack', {
    ...{
      StackName: 'target',
      TemplateBody: readFileSync(join(KITS, 'target.yaml'), 'utf8'),
      'Capabilities.member.1': 'CAPABILITY_NAMED_IAM',
    },
    ...Object.fromEntries(
      parameters.flatMap(([name, value], at) => [
        [`Parameters.member.${at + 1}.ParameterKey`, name],
        [`Parameters.member.${at + 1}.ParameterValue`, String(value)],
      ]),
    ),
  })
  const stack = await cloudFormation('DescribeStacks', { StackName: 'target' })
  const outputs = [...stack.matchAll(/<OutputKey>(.*?)<\/OutputKey>\s*<OutputValue>(.*?)<\/OutputValue>/g)].map(([, name, value]) => [
    name,
    value,
  ])
  const roles = await rolesNow()
  // moto does not attach these.
  return {
    roles: { ...roles, Deploy: { ...roles.Deploy, attached: [...given.ManagedPolicyArns].sort() } },
    outputs: Object.fromEntries(outputs.sort()),
  }
}

async function cloudFormation(Action: string, form: Readonly<Record<string, string>>): Promise<string> {
  const answer = await fetch(server.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      // moto reads the service from the scope, and verifies nothing.
      authorization: `AWS4-HMAC-SHA256 Credential=${CREDENTIALS.accessKeyId}/20261127/${REGION}/cloudformation/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: new URLSearchParams({ Action, Version: '2010-05-15', ...form }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${Action}: ${answer.status} ${text}`)
  return text
}

// ── Terraform ────────────────────────────────────────────────────────────────────────────────────────────────────────

async function byTerraform(given: Json): Promise<Applied> {
  const folder = mkdtempSync(join(tmpdir(), 'stint-kits-'))
  try {
    const textOf = (name: string) => readFileSync(join(KITS, 'terraform', name), 'utf8')
    writeFileSync(join(folder, 'main.tf.json'), JSON.stringify(withoutProvider(await parseHcl('main.tf', textOf('main.tf')))))
    for (const name of ['variables.tf', 'outputs.tf']) writeFileSync(join(folder, name), referring(textOf(name)))
    const variables = Object.entries({ ...given, account_here: ACCOUNT }).map(([name, value]) => [snake(name), value])
    writeFileSync(join(folder, 'terraform.tfvars.json'), JSON.stringify(Object.fromEntries(variables)))
    const terraform = terraformIn(folder)
    for (const command of ['init', 'apply'] as const) {
      const { code, output } = await terraform(command)
      if (code !== 0) throw new Error(output)
    }
    const { root_module, outputs } = JSON.parse((await terraform('show')).output).values
    for (const { name, values } of inOrder(root_module.resources)) await create(name.split('__')[0], values.output)
    const camel = (name: string) => name.replace(/(^|_)([a-z])/g, (_: string, _start: string, letter: string) => letter.toUpperCase())
    const named = Object.entries<Json>(outputs).flatMap(([name, { value }]) => (value === null ? [] : [[camel(name), value]]))
    return { roles: await rolesNow(), outputs: Object.fromEntries(named.sort()) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter, at) => `${at === 0 ? '' : '_'}${letter.toLowerCase()}`)
}

function inOrder(resources: readonly Json[]): readonly Json[] {
  const place = ({ name }: Json) => ORDER.indexOf(name.split('__')[0])
  return [...resources].sort((one, other) => place(one) - place(other))
}

/** What the provider does for each resource. Source: its documentation, "Resource: TYPE". */
async function create(type: string, it: Json): Promise<void> {
  switch (type) {
    case 'aws_iam_role':
      await iam.send(
        new CreateRoleCommand({
          ...{ RoleName: it.name, Path: it.path, Description: it.description, AssumeRolePolicyDocument: it.assume_role_policy },
          MaxSessionDuration: it.max_session_duration,
          ...(it.permissions_boundary ? { PermissionsBoundary: it.permissions_boundary } : {}),
        }),
      )
      return
    case 'aws_iam_role_policy_attachment':
      await iam.send(new AttachRolePolicyCommand({ RoleName: it.role, PolicyArn: it.policy_arn }))
      return
    case 'aws_iam_role_policy':
      await iam.send(new PutRolePolicyCommand({ RoleName: it.role, PolicyName: it.name, PolicyDocument: it.policy }))
      return
    // The roles are new, so nothing is there to be removed. But what these name must be there, and nothing else.
    case 'aws_iam_role_policies_exclusive':
      return expectSame((await iam.send(new ListRolePoliciesCommand({ RoleName: it.role_name }))).PolicyNames, it.policy_names)
    case 'aws_iam_role_policy_attachments_exclusive':
      return expectSame(await attachedTo(it.role_name), it.policy_arns)
    case 'aws_iam_policy_document':
    case 'policies':
      return
    default:
      throw new Error(`the module has a resource that this file does not know: ${type}`)
  }
}

function expectSame(found: readonly string[] = [], named: readonly string[]): void {
  if (!isDeepStrictEqual([...found].sort(), [...named].sort())) throw new Error(`${found} are there, and ${named} should be`)
}

/** The module's main.tf in Terraform's JSON, with `terraform_data` for what needs the provider. Its `output` has what others refer to. */
function withoutProvider({ terraform: _provider, data, resource, ...rest }: Json): Json {
  const { terraform_data: kept, ...ofProvider } = resource
  const { aws_caller_identity: _here, ...documents } = data
  const standIns: Json = {}
  for (const [type, named] of Object.entries<Json>({ ...ofProvider, ...documents }))
    for (const [name, [body]] of Object.entries<Json>(named)) {
      const { count, lifecycle, ...attributes } = body
      const { precondition } = lifecycle?.[0] ?? {}
      standIns[`${type}__${name}`] = {
        ...(count === undefined ? {} : { count }),
        ...(precondition ? { lifecycle: { precondition } } : {}),
        input: computed(type, attributes),
      }
    }
  return referring({
    ...rest,
    variable: { account_here: { type: 'string' } },
    resource: { terraform_data: { ...kept, ...standIns } },
  })
}

function computed(type: string, attributes: Json): Json {
  if (type === 'aws_iam_role') return { ...attributes, arn: `arn:aws:iam::\${var.account_here}:role${attributes.path}${attributes.name}` }
  if (type === 'aws_iam_policy_document') return { json: `\${jsonencode(${JSON.stringify(documentOf(attributes))})}` }
  return attributes
}

/** As the data source renders it, except that it makes a list of one a string, which IAM reads alike. */
function documentOf({ statement }: Json): Json {
  const Statement = statement.map(({ sid, effect, actions, resources, principals, condition }: Json) => ({
    ...(sid ? { Sid: sid } : {}),
    Effect: effect,
    ...(principals ? { Principal: Object.fromEntries(principals.map(({ type, identifiers }: Json) => [type, identifiers])) } : {}),
    Action: actions,
    ...(resources ? { Resource: resources } : {}),
    ...(condition
      ? { Condition: Object.fromEntries(condition.map(({ test, variable, values }: Json) => [test, { [variable]: values }])) }
      : {}),
  }))
  return { Version: '2012-10-17', Statement }
}

/** References to the provider's resources become references to their stand-ins. */
function referring(node: Json): Json {
  if (typeof node === 'string')
    return node
      .replaceAll('data.aws_caller_identity.here.account_id', 'var.account_here')
      .replace(/(?:\bdata\.)?\b(aws_iam_\w+)\.(\w+)((?:\[[^\]]*\])?)\.(\w+)/g, 'terraform_data.$1__$2$3.output.$4')
  if (Array.isArray(node)) return node.map(referring)
  if (typeof node !== 'object' || node === null) return node
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, referring(value)]))
}

// ── What is there ────────────────────────────────────────────────────────────────────────────────────────────────────

async function attachedTo(RoleName: string): Promise<readonly string[]> {
  const { AttachedPolicies = [] } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }))
  return AttachedPolicies.map(({ PolicyArn = '' }) => PolicyArn).sort()
}

/** Each role with all of its policies, by name. */
async function rolesNow(): Promise<Json> {
  const roles: Json = {}
  for (const { RoleName = '' } of (await iam.send(new ListRolesCommand({}))).Roles ?? []) {
    const { Role } = await iam.send(new GetRoleCommand({ RoleName }))
    const inline: Json = {}
    for (const PolicyName of (await iam.send(new ListRolePoliciesCommand({ RoleName }))).PolicyNames ?? [])
      inline[PolicyName] = canonical((await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }))).PolicyDocument)
    roles[RoleName] = {
      ...{ arn: Role?.Arn, path: Role?.Path, description: Role?.Description, duration: Role?.MaxSessionDuration },
      ...{ boundary: Role?.PermissionsBoundary?.PermissionsBoundaryArn, trust: canonical(Role?.AssumeRolePolicyDocument) },
      ...{ attached: await attachedTo(RoleName), inline },
    }
  }
  return roles
}

/** A policy in one form: IAM reads a string like a list of one, and lists in any order. */
function canonical(document = ''): Json {
  const inOneForm = (node: Json): Json => {
    if (Array.isArray(node))
      return node.length === 1 ? inOneForm(node[0]) : node.map(inOneForm).sort((one, other) => (text(one) < text(other) ? -1 : 1))
    if (typeof node !== 'object' || node === null) return String(node)
    return Object.fromEntries(
      Object.entries(node)
        .sort()
        .map(([name, value]) => [name, inOneForm(value)]),
    )
  }
  const text = (node: Json) => JSON.stringify(node)
  // moto's answers: encoded or not, and an inline policy of a stack as Python prints it.
  const plain = document.startsWith('%') ? decodeURIComponent(document) : document
  return inOneForm(JSON.parse(plain.startsWith("{'") ? plain.replaceAll("'", '"') : plain))
}
