/**
 * Which policies the target's roles have in Terraform: those of the list, whatever was attached beside, in whatever order they come.
 * The provider of AWS is not at hand, so Terraform itself runs the module's attachments with stand-ins for its resources, each of
 * which does to a folder what the provider does to a role.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse as parseHcl } from '@cdktf/hcl2json'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { terraformIn } from '../support/terraform.ts'
import { testWith } from '../support/tools.ts'
import { root } from './platform.ts'

/** A module is any JSON. */
type Json = any
const folder = join(root, 'infra/target/terraform')
const withTerraform = testWith('terraform')
const TERRAFORM_MS = 300_000

let main: Json
let work: string
beforeAll(async () => {
  main = await parseHcl('main.tf', await readFile(join(folder, 'main.tf'), 'utf8'))
  work = await mkdtemp(join(tmpdir(), 'stint-attachments-'))
})
afterAll(() => rm(work, { recursive: true }))
const only = (type: string, name: string): Json => main.resource[type]?.[name]?.[0]

test('needs a provider that can own attachments', () => {
  expect(main.terraform[0].required_providers[0].aws.version).toBe('>= 5.72')
})
test('the target role and its revoker own their managed policies', () => {
  expect(only('aws_iam_role_policy_attachments_exclusive', 'target')).toMatchObject({
    role_name: '${aws_iam_role.target.name}',
    policy_arns: '${aws_iam_role_policy_attachment.may[*].policy_arn}',
  })
  expect(only('aws_iam_role_policy_attachments_exclusive', 'revoker')).toMatchObject({
    role_name: '${aws_iam_role.revoker[0].name}',
    policy_arns: [],
  })
})
test('the revoker has no inline policy but its own', () => {
  expect(only('aws_iam_role_policies_exclusive', 'revoker')).toMatchObject({
    role_name: '${aws_iam_role.revoker[0].name}',
    policy_names: ['${aws_iam_role_policy.revoke[0].name}'],
  })
})
test('the deny that the revoker writes on the target role stays: nothing owns that role’s inline policies', () => {
  expect(Object.keys(main.resource.aws_iam_role_policies_exclusive)).toEqual(['revoker'])
  expect(Object.keys(main.resource.aws_iam_role_policy)).toEqual(['revoke'])
  expect(only('aws_iam_role_policy', 'revoke').role).toBe('${aws_iam_role.revoker[0].name}')
})

withTerraform('is formatted as Terraform formats', async () => {
  const { code, output } = await terraformIn(folder)('fmt', '-check')
  expect([code, output]).toEqual([0, ''])
})

describe('Terraform, with a folder for the role', () => {
  /**
   * `policies` are names, each the ARN of a policy that is made in the same apply and stands in `made`; `attached` is the role.
   * AWS does not delete a policy that is attached, and neither does the stand-in.
   */
  async function role(name: string) {
    const at = join(work, name)
    await mkdir(join(at, 'attached'), { recursive: true })
    await mkdir(join(at, 'kit'))
    const attachment = only('aws_iam_role_policy_attachment', 'may')
    const exclusive = only('aws_iam_role_policy_attachments_exclusive', 'target')
    const instead = (text: string): string =>
      text.replaceAll('aws_iam_role_policy_attachment.may[*].policy_arn', 'terraform_data.may[*].triggers_replace')
    const provisioner = (...all: readonly Json[]) => ({ 'local-exec': all })
    const may = {
      count: attachment.count,
      triggers_replace: attachment.policy_arn,
      provisioner: provisioner(
        { command: 'touch attached/${self.triggers_replace}' },
        // The first is slow, so another attaches its policy meanwhile.
        { when: 'destroy', command: 'test ${self.triggers_replace} != a || sleep 1; rm -f attached/${self.triggers_replace}' },
      ),
    }
    const target = {
      triggers_replace: `\${toset(${instead(exclusive.policy_arns).slice(2, -1)})}`,
      // In JSON, a reference that must not be evaluated stands without the braces.
      lifecycle: { replace_triggered_by: exclusive.lifecycle[0].replace_triggered_by.map((reference: string) => reference.slice(2, -1)) },
      provisioner: provisioner({
        command: 'rm -f attached/*; for name in ${join(" ", self.triggers_replace)}; do touch attached/$name; done',
      }),
    }
    const { policies } = main.resource.terraform_data
    await writeFile(
      join(at, 'kit/main.tf.json'),
      JSON.stringify({
        variable: { managed_policy_arns: { type: 'list(string)' } },
        resource: { terraform_data: { may, target, policies } },
      }),
    )
    const made = {
      for_each: '${toset(var.names)}',
      input: '${each.key}',
      provisioner: provisioner({ when: 'destroy', command: 'test ! -e attached/${self.input}' }),
    }
    await writeFile(
      join(at, 'main.tf.json'),
      JSON.stringify({
        variable: { names: { type: 'list(string)' } },
        resource: { terraform_data: { made } },
        module: { target: { source: './kit', managed_policy_arns: '${[for name in var.names : terraform_data.made[name].output]}' } },
      }),
    )
    const terraform = terraformIn(at)
    expect(await terraform('init')).toMatchObject({ code: 0 })
    return {
      async apply(...names: readonly string[]): Promise<readonly string[]> {
        const { code, output } = await terraform('apply', `-var=names=${JSON.stringify(names)}`)
        if (code !== 0) throw new Error(output)
        return (await readdir(join(at, 'attached'))).sort()
      },
    }
  }

  const changes: readonly (readonly [title: string, ...steps: (readonly string[])[]])[] = [
    ['none, then some, then none', [], ['a', 'b'], []],
    ['one more, at the end', ['a', 'b'], ['a', 'b', 'c']],
    ['one more, at the beginning', ['a', 'b'], ['c', 'a', 'b']],
    ['others in the same places', ['a', 'b'], ['c', 'd']],
    ['the same in another order', ['a', 'b', 'c'], ['b', 'c', 'a']],
    ['one less, which is deleted too', ['a', 'b', 'c'], ['b', 'c']],
    ['one twice, then once', ['a', 'a', 'b'], ['a', 'b']],
    ['one twice at the end, then once', ['b', 'a', 'a'], ['b', 'a']],
  ]
  for (const [title, ...steps] of changes)
    withTerraform(
      `attaches exactly what is listed: ${title}`,
      async () => {
        const { apply } = await role(title.replaceAll(/\W/g, '-'))
        for (const names of steps) expect(await apply(...names)).toEqual([...new Set(names)].sort())
      },
      TERRAFORM_MS,
    )
})
