/**
 * Buckets for a config of the user: those that the session policies of its profiles name, each with an object where the policy lets a
 * session read. A parameter gets the example that its pattern allows.
 */
import { samplePattern } from '@stint/core/config/pattern'
import type { Profile, Rules } from '@stint/core/config/shape'
import { fillStatement } from '@stint/core/config/template'
import type { StatementJson } from '@stint/iam'
import { putObject, type World } from './world.ts'

/** Of a config with thousands of profiles, the first ones. */
const MAX_PROFILES = 500
const MAX_BUCKETS = 200

type NamedObject = { readonly bucket: string; readonly key?: string }
export type ProfileExample = {
  readonly parameters: Readonly<Record<string, string>>
  /** The first bucket that a session can list, and the first object that it can read. */
  readonly lists?: string
  readonly reads?: Required<NamedObject>
  readonly names: readonly NamedObject[]
}

/** Undefined if a parameter has no example. */
export function exampleOf({ parameters = {}, policy = [] }: Profile): ProfileExample | undefined {
  const samples: Record<string, string> = {}
  for (const [name, { pattern, max }] of Object.entries(parameters)) {
    const sample = samplePattern(pattern)
    if (sample === undefined || sample.length > max) return undefined
    samples[name] = sample
  }
  const allowed = policy.map((statement) => fillStatement(statement, samples)).filter(({ Effect }) => Effect === 'Allow')
  const named = (action: string) => allowed.filter((statement) => does(statement, action)).flatMap(objectsIn)
  const lists = named('s3:ListBucket').find(({ key }) => key === undefined)?.bucket
  const reads = named('s3:GetObject').find((one): one is Required<NamedObject> => one.key !== undefined)
  return { parameters: samples, ...(lists === undefined ? {} : { lists }), ...(reads ? { reads } : {}), names: allowed.flatMap(objectsIn) }
}

const does = ({ Action }: StatementJson, wanted: string): boolean =>
  [Action ?? []].flat().some((action) => {
    const [service = '', name = ''] = String(action).toLowerCase().split(':')
    if (action === '*') return true
    const [wantedService, wantedName = ''] = wanted.toLowerCase().split(':')
    return service === wantedService && (name.endsWith('*') ? wantedName.startsWith(name.slice(0, -1)) : name === wantedName)
  })

/** The buckets and keys of a statement's resources. A key that ends in a wildcard gets a name of its own. */
function objectsIn({ Resource }: StatementJson): readonly NamedObject[] {
  return [Resource ?? []].flat().flatMap((resource) => {
    const [, bucket, key] = /^arn:aws[a-z-]*:s3:::([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.+))?$/.exec(String(resource)) ?? []
    if (bucket === undefined) return []
    if (key === undefined) return [{ bucket }]
    const example = key.replace(/\*+$/, 'hello.txt')
    return /[*?$]/.test(example) ? [] : [{ bucket, key: example }]
  })
}

/** Buckets that are there already stay as they are. */
export function seedBuckets(world: World, { profiles, targets }: Pick<Rules, 'profiles' | 'targets'>): void {
  const present = new Set(world.buckets.keys())
  for (const id of profiles.ids.slice(0, MAX_PROFILES)) {
    const profile = profiles.find(id)
    const account = profile && targets[profile.target]?.account
    if (!profile || account === undefined) continue
    for (const { bucket: name, key } of exampleOf(profile)?.names ?? []) {
      if (present.has(name)) continue
      const known = world.buckets.get(name)
      if (!known && world.buckets.size - present.size >= MAX_BUCKETS) return
      const bucket = known ?? { name, account, createdAt: world.clock(), objects: new Map() }
      world.buckets.set(name, bucket)
      if (key !== undefined && !bucket.objects.has(key))
        putObject(bucket, key, Buffer.from(`an object of ${name}, for profile ${id}\n`), 'text/plain', world.clock())
    }
  }
}
