/**
 * The AWS managed policies that public configurations use most, as whole documents. The data file names its source, its
 * license, and how often public repositories name each policy. AWS has more of them: a name that is not here can still be right.
 */
import { readFileSync } from 'node:fs'
import { type Document, lazyDocument, type ManagedPolicy } from './accounts.ts'

type Row = { readonly version: string; readonly createdAt: string; readonly updatedAt: string; readonly document: object }

let loaded: ReadonlyMap<string, ManagedPolicy> | undefined

export function awsPolicies(): ReadonlyMap<string, ManagedPolicy> {
  if (loaded) return loaded
  const { policies } = JSON.parse(readFileSync(new URL('managed-policies.json', import.meta.url), 'utf8')) as {
    readonly policies: { readonly [arn: string]: Row }
  }
  loaded = new Map(Object.entries(policies).map(([arn, row]) => [arn, policyOf(arn, row)]))
  return loaded
}

/** True for the form of an AWS managed policy that the sandbox has no document of. */
export const isUnknownAwsPolicy = (arn: string): boolean => /^arn:aws:iam::aws:policy\/[\w+=,.@/-]+$/.test(arn) && !awsPolicies().has(arn)

export const unknownAwsPolicy = (arn: string): string =>
  `Policy ${arn} does not exist in the sandbox, which has ${awsPolicies().size} AWS managed policies. If AWS has it, your profile is right: test it on AWS, or use a policy of your own here.`

function policyOf(arn: string, { version, createdAt, updatedAt, document }: Row): ManagedPolicy {
  const [, path = '/', name = ''] = /:policy(\/(?:.*\/)?)([^/]+)$/.exec(arn) ?? []
  let made: Document | undefined
  const parsed: Document = {
    get text() {
      made ??= lazyDocument(JSON.stringify(document), 'identity')
      return made.text
    },
    get policy() {
      made ??= lazyDocument(JSON.stringify(document), 'identity')
      return made.policy
    },
  }
  return {
    arn,
    name,
    path,
    // AWS's own IDs of these policies are not published. This one is stable across starts.
    id: `ANPA${idOf(arn)}`,
    createdAt: Date.parse(createdAt),
    defaultVersion: { id: version, document: parsed, createdAt: Date.parse(updatedAt) },
    tags: new Map(),
  }
}

function idOf(arn: string): string {
  let state = 0n
  for (const character of arn) state = (state * 131n + BigInt(character.charCodeAt(0))) & ((1n << 85n) - 1n)
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  return Array.from({ length: 17 }, (_, index) => alphabet[Number((state >> BigInt(80 - 5 * index)) & 31n)]).join('')
}
