/** Resources that outlive their stage and that no deployment may replace: a retained stage (`sst.config.ts`) has the only copy. */

import type { Adopted } from './adoptable.ts'

/** Stays in AWS when it is removed from the app. */
export const kept = () => ({ retainOnDelete: $app.removal !== 'remove' })
/** Is also never removed or replaced, neither by a setting nor by an upgrade. */
export const held = () => ({ ...kept(), protect: $app.protect })

type Transform = (args: object, options: $util.CustomResourceOptions) => undefined
/** The same for resources of SST: a `transform` that also sets other options. */
export const keeping: Transform = (_args, options) => void Object.assign(options, kept())
export const holding =
  (more: object): Transform =>
  (args, options) => {
    Object.assign(args, more)
    Object.assign(options, held())
    return undefined
  }

/** Imports the resources that a removed stage left, by their IDs in AWS. Call it before any resource is declared. */
export function adopt(ids: Adopted): void {
  if (Object.keys(ids).length === 0) return
  const importing = (_args: unknown, options: $util.CustomResourceOptions, name: string) => {
    const id = ids[name as keyof Adopted]
    if (id !== undefined) options.import = id
  }
  $transform(aws.dynamodb.Table, importing)
  $transform(aws.s3.Bucket, importing)
  $transform(aws.kms.Key, importing)
  $transform(aws.iam.Role, importing)
}
