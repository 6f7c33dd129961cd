/** Every issuer of AWS's list (IAM User Guide, "Identity-provider controls for shared OIDC providers") needs a tenant pin. */
import { expect, test } from 'vitest'
import { checkConfig } from './check.ts'
import { sharedIssuers } from './shared-issuers.ts'

const check = (url: string, tenant?: object, more: object = {}) => {
  const issuer = {
    url,
    jwksUri: `${url}/jwks`,
    key: 'x',
    kind: 'workload',
    audiences: ['a'],
    tokenUse: 'id',
    algorithms: ['RS256'],
    tenant,
    ...more,
  }
  const target = { account: '111122223333', roleArn: 'arn:aws:iam::111122223333:role/x', externalId: 'ext', region: 'eu-central-1' }
  const profile = { target: 't', eligible: [{ issuer: 'it', claims: { sub: 'x' } }], duration: { default: '30m', max: '1h' } }
  const { tenant: _none, ...unpinned } = issuer
  const checked = checkConfig({ issuers: { it: tenant ? issuer : unpinned }, targets: { t: target }, profiles: { p: profile } } as never)
  return checked.ok ? 'ok' : JSON.stringify(checked.faults)
}

const rows: readonly (readonly [url: string, ...pins: string[]])[] = [
  ['https://token.actions.githubusercontent.com', 'repository_owner_id', 'enterprise_id', 'repository_id'],
  ['https://vstoken.actions.githubusercontent.com', 'repository_owner_id', 'repository_id'],
  ['https://oidc-configuration.audit-log.githubusercontent.com', 'sub'],
  ['https://gitlab.com', 'namespace_id', 'project_id'],
  ['https://agent.buildkite.com', 'organization_id'],
  ['https://app.terraform.io', 'terraform_organization_id', 'terraform_workspace_id'],
  ['https://oidc.vercel.com', 'owner_id', 'project_id'],
  ['https://oidc.codefresh.io', 'account_id', 'pipeline_id', 'sub'],
  ['https://studio.datachain.ai/api', 'sub'],
  ['https://scalr.io', 'sub'],
  ['https://tokens.cloud.shisho.dev', 'sub'],
  ['https://proidc.upbound.io', 'sub'],
  ['https://rh-oidc.s3.us-east-1.amazonaws.com/22ejnvnnturfmt6km08idd0nt4hekbn7', 'sub'],
  ['https://oidc.op1.openshiftapps.com/2f785sojlpb85i7402pk3qogugim5nfb', 'sub'],
  ['https://api.pulumi.com/oidc', 'aud', 'sub'],
  ['https://sandboxes.cloud', 'aud', 'sub'],
  ['https://cognito-identity.amazonaws.com', 'aud', 'sub'],
  ['https://sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d', 'sub', 'oid'],
  ['https://accounts.google.com', 'hd', '/google/compute_engine/project_number', '/google/compute_engine/project_id', 'sub'],
  ['https://login.microsoftonline.com/common/v2.0', 'tid'],
]
test.each(rows.map(([url, ...pins]) => [url, pins] as const))('%s demands a pin, one of %j', (url, pins) => {
  expect(check(url)).toContain(`many organizations share this issuer, so pin one of ${pins.join(', ')}`)
  expect(check(url, { unrelated: 'x' })).toContain('many organizations share this issuer')
  for (const pin of pins) expect([pin, check(url, { [pin]: 'ours' })]).toEqual([pin, 'ok'])
})
test.each(rows)('%s is no other issuer', (url) => {
  expect(check(`https://ci.acme.example/${url}`)).toBe('ok')
  const below = /^https:\/\/(rh-oidc|oidc\.op1|login\.microsoftonline)\./.test(url)
  expect(check(`${url}.acme.example`)).toContain(below ? 'many organizations share this issuer' : 'ok')
})
test('the issuer of Microsoft Sentinel is the same with a slash at the end', () =>
  expect(check('https://sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/')).toContain('pin one of sub, oid'))
test.each(['organizations', 'consumers'])('Entra ID for %s is shared too', (tenant) =>
  expect(check(`https://login.microsoftonline.com/${tenant}/v2.0`)).toContain('pin one of tid'),
)
test.each(['https://oidc.vercel.com/acme', 'https://gitlab.acme.example', 'https://acme.app.spacelift.io'])('%s is of one tenant', (url) =>
  expect(check(url)).toBe('ok'),
)
test.each([
  ['clockSkew', '60s', 'ok'],
  ['clockSkew', '61s', '"path":"issuers.it.clockSkew","fault":"must be at most 60s"'],
  ['maxTokenLife', '168h', 'ok'],
  ['maxTokenLife', '169h', '"path":"issuers.it.maxTokenLife","fault":"must be at most 168h"'],
])('%s of %s: %s', (setting, value, expected) =>
  expect(check('https://ci.acme.example', { sub: 'x' }, { [setting]: value })).toContain(expected),
)
test('each row of the table has an issuer here', () =>
  expect(sharedIssuers.filter(({ url }) => !rows.some(([one]) => url.test(one)))).toEqual([]))
