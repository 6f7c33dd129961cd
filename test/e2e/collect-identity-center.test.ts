/**
 * docs/examples/collect-identity-center.sh against an `aws` that answers as AWS's CLI does: the file is what `stint import` reads, and a
 * call that fails stops the script, because a gap could hide a permissions boundary.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { stint } from '../support/cli.ts'
import { testWith } from '../support/tools.ts'

const SCRIPT = fileURLToPath(new URL('../../docs/examples/collect-identity-center.sh', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'stint-collect-'))
afterAll(() => rmSync(folder, { recursive: true }))

const PERMISSION_SET = 'arn:aws:sso:::permissionSet/ssoins-1/ps-1'
/** By operation: what it prints. `fails`: the error on stderr, and exit code 254. */
type Answers = { readonly [operation: string]: object | { readonly fails: string } }
const answers: Answers = {
  'list-instances': { Instances: [{ InstanceArn: 'arn:aws:sso:::instance/ssoins-1', IdentityStoreId: 'd-1' }] },
  'list-permission-sets': { PermissionSets: [PERMISSION_SET] },
  'describe-permission-set': { PermissionSet: { Name: 'Read', PermissionSetArn: PERMISSION_SET, SessionDuration: 'PT2H' } },
  'list-managed-policies-in-permission-set': { AttachedManagedPolicies: [{ Name: 'R', Arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }] },
  'list-customer-managed-policy-references-in-permission-set': { CustomerManagedPolicyReferences: [] },
  'get-inline-policy-for-permission-set': { InlinePolicy: '' },
  'get-permissions-boundary-for-permission-set': {
    fails: 'An error occurred (ResourceNotFoundException) when calling the GetPermissionsBoundaryForPermissionSet operation: none',
  },
  'list-accounts-for-provisioned-permission-set': { AccountIds: ['310000000000'] },
  'list-account-assignments': {
    AccountAssignments: [{ AccountId: '310000000000', PermissionSetArn: PERMISSION_SET, PrincipalType: 'GROUP', PrincipalId: 'g1' }],
  },
  'list-groups': { Groups: [{ GroupId: 'g1', DisplayName: 'engineers', ExternalIds: [{ Issuer: 'i', Id: 'x' }], IdentityStoreId: 'd-1' }] },
  'list-users': { Users: [] },
}

/** Runs the script with an `aws` that gives these answers. */
function collect(given: Answers) {
  const cases = Object.entries(given).map(([operation, answer]) =>
    'fails' in answer ? `${operation}) echo '${answer.fails}' >&2; exit 254 ;;` : `${operation}) echo '${JSON.stringify(answer)}' ;;`,
  )
  const bin = mkdtempSync(join(folder, 'bin-'))
  writeFileSync(join(bin, 'aws'), `#!/bin/sh\ncase "$2" in\n${cases.join('\n')}\n*) echo "unknown: $2" >&2; exit 252 ;;\nesac\n`)
  chmodSync(join(bin, 'aws'), 0o755)
  const ran = spawnSync(SCRIPT, { env: { PATH: `${bin}:${process.env.PATH}` }, encoding: 'utf8' })
  return { code: ran.status, stdout: ran.stdout, stderr: ran.stderr }
}

testWith('jq')('the script writes what stint import reads', async () => {
  const { code, stdout, stderr } = collect(answers)
  expect([code, stderr]).toEqual([0, ''])
  const [file, map] = [join(folder, 'center.json'), join(folder, 'map.json')]
  writeFileSync(file, stdout)
  writeFileSync(map, JSON.stringify({ groups: { g1: 'aws-engineers' } }))
  const ran = await stint(['import', 'identity-center', file, '--map', map, '--out', join(folder, 'out'), '--json'])
  expect(JSON.parse(ran.stdout)).toMatchObject({ counts: { equal: 1, narrower: 0, 'needs a decision': 0 } })
})

testWith('jq')('the script keeps a permissions boundary', () => {
  const boundary = { PermissionsBoundary: { ManagedPolicyArn: 'arn:aws:iam::aws:policy/B' } }
  const { stdout } = collect({ ...answers, 'get-permissions-boundary-for-permission-set': boundary })
  expect(JSON.parse(stdout).PermissionSets).toEqual([expect.objectContaining(boundary)])
})

describe('the script stops, and writes nothing, if a call fails', () => {
  testWith('jq').each(Object.keys(answers).map((operation) => [operation]))('%s', (operation) => {
    const { code, stdout, stderr } = collect({ ...answers, [operation]: { fails: 'An error occurred (AccessDeniedException)' } })
    expect(code).not.toBe(0)
    expect(stdout).toBe('')
    expect(stderr).toContain('AccessDeniedException')
  })
})

test('shellcheck finds nothing in the script', () => {
  const ran = spawnSync(process.execPath, [fileURLToPath(new URL('../support/shellcheck.ts', import.meta.url)), 'bash'], {
    input: readFileSync(SCRIPT),
    encoding: 'utf8',
  })
  expect(JSON.parse(ran.stdout)).toEqual([])
})
