/** The body of `POST /sessions`, apart from the other shapes in schemas.ts, which the vend function does not need. */
import * as v from 'valibot'

export const formats = ['json', 'env', 'process', 'container', 'console'] as const
export type Format = (typeof formats)[number]

/** A JSON value of any shape, checked by whoever uses it. */
const anyJson = v.unknown()

/** The body of `POST /sessions`. What the members mean is checked on the vend path; their types are checked here. */
export const vendBody = v.strictObject({
  profile: v.pipe(v.string(), v.description('The profile to enter.')),
  justification: v.optional(v.pipe(v.string(), v.description('Why, in at most 256 bytes. Some profiles require it.'))),
  ticket: v.optional(v.pipe(v.string(), v.description('What it is for, as your issue tracker names it. Up to 64 characters.'))),
  duration: v.optional(
    v.pipe(
      v.union([v.number(), v.string()]),
      v.description("Seconds as an integer, or a text with a unit: '15m', '1h30m'. 60 s to the profile's maximum."),
    ),
  ),
  parameters: v.optional(v.pipe(v.record(v.string(), v.string()), v.description('A value for each parameter of the profile.'))),
  narrow: v.optional(
    v.pipe(anyJson, v.description('A session policy that asks for less than the profile: each Allow must lie within one of its Allows.')),
  ),
  requestId: v.optional(
    v.pipe(v.string(), v.description('A request that was agreed to, whose use this is. Repeat its parameters and narrow.')),
  ),
  format: v.optional(v.pipe(v.picklist(formats), v.description('The form of the answer; json if absent.'))),
})
export type VendBody = v.InferOutput<typeof vendBody>
