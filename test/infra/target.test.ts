/**
 * The role in a target account: valid by AWS's own specification, the same in CloudFormation and Terraform, letting Stint in
 * and nobody else, each refused for its own reason; and tried, with a session vended through it.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadAwsServiceSpec } from '@aws-cdk/aws-service-spec'
import { parse as parseHcl } from '@cdktf/hcl2json'
import { loadConfig } from '@stint/broker/build/config-file'
import { type ContextInput, evaluate, type PolicyJson, policy } from '@stint/iam'
import { addRole, BROKER_ACCOUNT } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { stint } from '../support/cli.ts'
import { testSandbox } from '../support/sandbox.ts'
import { root } from './platform.ts'

/** A template is any JSON. */
type Json = any
const folder = join(root, 'infra/target')
const BROKER = 'arn:aws:iam::123456789012:role/stint-vend'
const TARGET = '444455556666'
const given = {
  BrokerRoleArn: BROKER,
  RoleName: 'PowerUser',
  ManagedPolicyArns: 'arn:aws:iam::aws:policy/PowerUserAccess',
  'AWS::AccountId': TARGET,
}

let template: Json
beforeAll(async () => {
  template = parseYaml(await readFile(join(folder, 'target.yaml'), 'utf8'))
})

/** CloudFormation's intrinsic functions, as many as the template has. */
function resolved(node: Json, values: Json): Json {
  const parameters = Object.fromEntries(Object.entries(template.Parameters).map(([name, one]: [string, Json]) => [name, one.Default]))
  const known = { ...parameters, ...values }
  const truth = (condition: Json): boolean => {
    if (condition['Fn::Not']) return !truth(condition['Fn::Not'][0])
    const [a, b] = resolved(condition['Fn::Equals'], values)
    return a === b
  }
  if (Array.isArray(node)) return node.map((item) => resolved(item, values)).filter((item) => item !== undefined)
  if (typeof node !== 'object' || node === null) return node
  if (node.Ref === 'AWS::NoValue') return undefined
  if (node.Ref) return known[node.Ref]
  if (node['Fn::Sub']) return node['Fn::Sub'].replace(/\$\{([^}]+)\}/g, (_: string, name: string) => known[name])
  if (node['Fn::Split']) return resolved(node['Fn::Split'][1], values).split(node['Fn::Split'][0])
  if (node['Fn::If']) {
    const [condition, yes, no] = node['Fn::If']
    return resolved(truth(template.Conditions[condition]) ? yes : no, values)
  }
  if (node['Fn::GetAtt']) return `arn:aws:iam::${TARGET}:role${known.RolePath}${known.RoleName}`
  return Object.fromEntries(
    Object.entries(node)
      .map(([name, value]) => [name, resolved(value, values)])
      .filter(([, value]) => value !== undefined),
  )
}
const trustOf = (values: Json = given): PolicyJson => resolved(template.Resources.Role.Properties.AssumeRolePolicyDocument, values)
const externalId = 'stint-444455556666-PowerUser'
const sessionName = 'dana-req_01ARYZ6S410000000000000000.0a1b2c3d'

describe('the template', () => {
  test('is valid by AWS’s specification: every property is one, and none is missing', async () => {
    const spec = await loadAwsServiceSpec()
    for (const { Type, Properties } of Object.values<Json>(template.Resources)) {
      const known = spec.lookup('resource', 'cloudFormationType', 'equals', Type).only()
      const unknown = Object.keys(Properties).filter((name) => !(name in known.properties))
      const missing = Object.entries(known.properties).filter(([name, { required }]) => required && !(name in Properties))
      expect([Type, unknown, missing]).toEqual([Type, [], []])
      const kinds: Record<string, (value: Json) => boolean> = {
        string: (value) => typeof value === 'string',
        integer: (value) => Number.isInteger(Number(value)),
        array: Array.isArray,
        json: (value) => typeof value === 'object',
      }
      for (const [name, value] of Object.entries(resolved(Properties, given))) {
        const { type } = known.properties[name] as { type: { type: string } }
        expect([name, type.type, (kinds[type.type] ?? (() => true))(value)]).toEqual([name, type.type, true])
      }
    }
  })
  test('has no parameter that is not used, and uses none that it has not', () => {
    const text = JSON.stringify({ ...template, Parameters: {} })
    const used = [...text.matchAll(/"Ref":"(\w+)"|\$\{(\w+)\}/g)].map(([, a, b]) => a ?? b)
    expect([...new Set(used)].sort()).toEqual(Object.keys(template.Parameters).sort())
  })
  test('fits into a StackSet: no exports, no macros, and a trust policy within the default quota', () => {
    expect(JSON.stringify(template)).not.toMatch(/Export|Transform|Fn::ImportValue/)
    expect(JSON.stringify(trustOf()).length).toBeLessThan(2048)
  })
  test('a boundary and a revoker are there only if they are asked for', () => {
    const role = (values: Json) => resolved(template.Resources.Role.Properties, values)
    expect('PermissionsBoundary' in role(given)).toBe(false)
    const boundary = 'arn:aws:iam::444455556666:policy/stint-boundary'
    expect(role({ ...given, PermissionsBoundaryArn: boundary }).PermissionsBoundary).toBe(boundary)
    expect(role({ ...given, ManagedPolicyArns: 'a,b' }).ManagedPolicyArns).toEqual(['a', 'b'])
    expect('ManagedPolicyArns' in role({ ...given, ManagedPolicyArns: '' })).toBe(false)
    expect(template.Resources.Revoker.Condition).toBe('HasRevoker')
  })
})

describe('the trust policy', () => {
  const allowed = (change: { principal?: string; action?: string; context?: ContextInput } = {}) => {
    const role = change.principal ?? BROKER
    const [account = '', name = ''] = [role.split(':')[4], role.split('/').at(-1)]
    return evaluate({
      principal: { arn: `arn:aws:sts::${account}:assumed-role/${name}/x`, account, roleArn: role },
      action: change.action ?? 'sts:AssumeRole',
      resource: { arn: `arn:aws:iam::${TARGET}:role/stint/PowerUser`, account: TARGET },
      // Each action has keys of its own (Service Authorization Reference, "AWS Security Token Service").
      context: {
        ...(change.action === 'sts:TagSession' || change.action === 'sts:SetSourceIdentity'
          ? {}
          : { 'sts:ExternalId': externalId, 'sts:RoleSessionName': sessionName }),
        ...(change.action === 'sts:SetSourceIdentity'
          ? { 'sts:SourceIdentity': 'acme.dana' }
          : { 'aws:RequestTag/stint:session': 'req_01ARYZ6S410000000000000000.0a1b2c3d' }),
        ...change.context,
      },
      identity: [policy({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'sts:*', Resource: '*' } }, 'identity')],
      resourcePolicy: policy(trustOf(), 'trust'),
      resourcePolicyDecides: true,
    })
  }
  test.each(['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'])('lets Stint %s', (action) => {
    expect(allowed({ action }).allowed).toBe(true)
  })
  const refused: readonly (readonly [string, Parameters<typeof allowed>[0]])[] = [
    ['without the external ID', { context: { 'sts:ExternalId': undefined } }],
    ['with another target’s external ID', { context: { 'sts:ExternalId': 'stint-111122223333-PowerUser' } }],
    ['under a name that is no session of Stint’s', { context: { 'sts:RoleSessionName': 'dana' } }],
    ['under a name that only begins like one', { context: { 'sts:RoleSessionName': 'dana-req_01ARYZ6S41' } }],
    ['without the tag', { context: { 'aws:RequestTag/stint:session': undefined } }],
    ['tagging without the tag', { action: 'sts:TagSession', context: { 'aws:RequestTag/stint:session': undefined } }],
    ['tagging from elsewhere', { action: 'sts:TagSession', principal: 'arn:aws:iam::666677778888:role/stint-vend' }],
    ['naming from elsewhere', { action: 'sts:SetSourceIdentity', principal: 'arn:aws:iam::666677778888:role/stint-vend' }],
    ['as another role of Stint’s account', { principal: 'arn:aws:iam::123456789012:role/stint-api' }],
    ['as another account', { principal: 'arn:aws:iam::666677778888:role/stint-vend' }],
    ['by web identity', { action: 'sts:AssumeRoleWithWebIdentity' }],
  ]
  test.each(refused)('lets nobody in %s, and for no other reason', (_name, change) => {
    const decision = allowed(change)
    expect([decision.allowed, decision.blockedBy]).toEqual([false, ['resource']])
    // Each differs from what is let in by this one thing.
    expect(allowed().allowed).toBe(true)
  })

  test('is the same by Terraform', async () => {
    const text = await readFile(join(folder, 'terraform/main.tf'), 'utf8')
    const module: Json = await parseHcl('main.tf', text)
    const values: Record<string, string> = {
      'var.broker_role_arn': BROKER,
      'local.external_id': externalId,
      'aws_iam_role.target.arn': 'THE-ROLE',
    }
    const filled = (value: string) => value.replace(/\$\{([^}]+)\}/g, (_, name: string) => values[name] ?? name)
    const list = (items: string[]) => {
      const all = items.map(filled)
      return all.length === 1 ? all[0] : all
    }
    const documentOf = (name: string) => ({
      Version: '2012-10-17',
      Statement: module.data.aws_iam_policy_document[name][0].statement.map((one: Json) => ({
        ...(one.sid ? { Sid: one.sid } : {}),
        Effect: one.effect,
        ...(one.principals
          ? { Principal: Object.fromEntries(one.principals.map(({ type, identifiers }: Json) => [type, list(identifiers)])) }
          : {}),
        Action: list(one.actions),
        ...(one.resources ? { Resource: list(one.resources) } : {}),
        ...(one.condition
          ? { Condition: Object.fromEntries(one.condition.map(({ test, variable, values }: Json) => [test, { [variable]: list(values) }])) }
          : {}),
      })),
    })
    expect(documentOf('trust')).toEqual(trustOf())
    const [revoke] = template.Resources.Revoker.Properties.Policies
    const cloudFormation = JSON.parse(JSON.stringify(revoke.PolicyDocument).replace(/\{"Fn::GetAtt":\["Role","Arn"\]\}/, '"THE-ROLE"'))
    expect(documentOf('revoke')).toEqual(cloudFormation)
    // What makes the external ID, and what the module is asked, are the template's too.
    expect(module.locals[0].external_id.replace(/data\.aws_caller_identity\.here\.account_id/, 'account')).toBe(
      '${var.external_id_prefix}-${account}-${var.role_name}',
    )
    const variables: Json = await parseHcl('variables.tf', await readFile(join(folder, 'terraform/variables.tf'), 'utf8'))
    const snake = (name: string) => name.replace(/[A-Z]/g, (letter, at) => `${at === 0 ? '' : '_'}${letter.toLowerCase()}`)
    expect(Object.keys(variables.variable).sort()).toEqual(Object.keys(template.Parameters).map(snake).sort())
    const outputs: Json = await parseHcl('outputs.tf', await readFile(join(folder, 'terraform/outputs.tf'), 'utf8'))
    expect(Object.keys(outputs.output).sort()).toEqual(Object.keys(template.Outputs).map(snake).sort())
  })
})

describe('onboarded', () => {
  let work: string
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'stint-target-'))
  })
  afterAll(() => rm(work, { recursive: true }))

  test('a session is vended through the role that the template makes, and through no other hand', async () => {
    const sandbox = await testSandbox()
    try {
      const { targets } = sandbox.rules
      const target = targets.staging
      if (!target) throw new Error('no target')
      // The stack, as it stands in the account of `staging`; its external ID is the one that the config has.
      const values = { ...given, BrokerRoleArn: `arn:aws:iam::${BROKER_ACCOUNT}:role/stint-vend`, ExternalIdPrefix: 'stint' }
      const trust = JSON.parse(JSON.stringify(trustOf(values)).replace(externalId, target.externalId))
      addRole(sandbox.aws.world, target.roleArn, trust, [
        { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } },
      ])
      const token = await sandbox.token('developer')
      const vended = await sandbox.vend(token, { profile: 'staging-power' })
      expect(vended.status).toBe(201)
      // The same, for a config that has another external ID than the stack.
      addRole(sandbox.aws.world, target.roleArn, trustOf(values), [])
      const refused = await sandbox.vend(token, { profile: 'staging-power' })
      expect([refused.status, refused.json.code, refused.json.gate]).toEqual([502, 'assume-role-denied', 'trust-policy'])
    } finally {
      await sandbox.close()
    }
  })

  test('five hundred accounts by one list: targets that a config takes, parameters that the template takes', async () => {
    const account = (at: number) => String(200_000_000_000 + at)
    const rows = Array.from({ length: 500 }, (_, at) => `team-${at},${account(at)}${at % 2 ? ',Deploy' : ',ReadOnly'}`)
    await writeFile(join(work, 'accounts.csv'), `name,account,role\n${rows.join('\n')}\n`)
    const [to, parameters] = [join(work, 'targets.json'), join(work, 'stacks')]
    const args = ['target', 'add', '--csv', join(work, 'accounts.csv'), '--to', to, '--parameters', parameters]
    const made = await stint([...args, '--broker-role', BROKER, '--policy', 'arn:aws:iam::aws:policy/ReadOnlyAccess'])
    expect([made.code, made.stderr]).toEqual([0, expect.stringContaining('500 targets')])

    const config = join(work, 'stint.config.ts')
    await writeFile(
      config,
      `import company from ${JSON.stringify(join(root, 'stint.config.ts'))}\nimport targets from './targets.json' with { type: 'json' }\nexport default { ...company, targets: { ...company.targets, ...targets } }\n`,
    )
    const checked = await loadConfig(config, {})
    expect(checked.ok && Object.keys(checked.rules.targets).length).toBe(506)
    expect(checked.ok && checked.rules.targets['team-1']).toEqual({
      account: account(1),
      roleArn: `arn:aws:iam::${account(1)}:role/stint/Deploy`,
      externalId: `stint-${account(1)}-Deploy`,
      region: 'eu-central-1',
    })
    for (const role of ['Deploy', 'ReadOnly']) {
      const listed: Json[] = JSON.parse(await readFile(join(parameters, `${role}.json`), 'utf8'))
      const values = Object.fromEntries(listed.map(({ ParameterKey, ParameterValue }) => [ParameterKey, ParameterValue]))
      expect(Object.keys(values).filter((name) => !(name in template.Parameters))).toEqual([])
      for (const [name, value] of Object.entries<string>(values))
        if (template.Parameters[name].AllowedPattern)
          expect([name, new RegExp(template.Parameters[name].AllowedPattern).test(value)]).toEqual([name, true])
      // What the stack makes and what the config says are one.
      const made = trustOf({ ...values, 'AWS::AccountId': account(1) }) as Json
      expect(made.Statement[0].Condition.StringEquals['sts:ExternalId']).toBe(`stint-${account(1)}-${role}`)
    }

    const again = await stint([...args, '--broker-role', BROKER])
    expect([again.code, again.stderr]).toEqual([
      1,
      expect.stringMatching(/Nothing was written:\n {2}row 1 \(team-0\): the name is already used[\s\S]*and 950 more/),
    ])
    expect(Object.keys(JSON.parse(await readFile(to, 'utf8')))).toHaveLength(500)
    // One more comes at the end, whatever its name: so it moves no other from one policy of `vend` to the next.
    expect((await stint(['target', 'add', '--account', account(900), '--name', 'a-team', '--to', to])).code).toBe(0)
    const names = Object.keys(JSON.parse(await readFile(to, 'utf8')))
    expect([names[0], names.at(-1), names.length]).toEqual(['team-0', 'a-team', 501])
  })

  const one = ['--account', '222233334444', '--name', 'x']
  test.each<[string, readonly string[], string]>([
    ['nothing', [], 'Missing target'],
    ['both', ['--csv', 'x', '--account', '111122223333', '--name', 'x'], 'Pass either --csv'],
    ['parameters for nobody', ['--account', '222233334444', '--name', 'x', '--parameters', 'x'], 'Missing --broker-role'],
    ['a list that is none', ['--csv', 'no-such-file.csv'], 'no such file'],
    ['a broker that is anyone', [...one, '--broker-role', '*'], 'must be the ARN of one IAM role'],
    ['a broker that is an account', [...one, '--broker-role', 'arn:aws:iam::123456789012:root'], 'must be the ARN of one IAM role'],
    ['a policy that is a name', [...one, '--policy', 'AdministratorAccess'], 'must be the ARN of one IAM managed policy'],
  ])('%s is wrong usage', async (_name, args, words) => {
    const { code, stderr } = await stint(['target', 'add', ...args])
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)])
  })
  test('a column that is misspelt is not overlooked', async () => {
    await writeFile(join(work, 'odd.csv'), 'name,account,rolle\nx,222233334444,Admin\n')
    const { code, stderr } = await stint(['target', 'add', '--csv', join(work, 'odd.csv')])
    expect([code, stderr]).toEqual([2, expect.stringContaining('unknown columns: rolle')])
  })
})
