/** The schema of the body of `POST /sessions`, for the API description. `vend` checks with ./body-faults.ts, which a test holds to this. */
import * as v from 'valibot'
import { formats } from './body-faults.ts'

export type Format = (typeof formats)[number]

/** A JSON value of any shape; the code that uses it checks it. */
const anyJson = v.unknown()

/** The body of `POST /sessions`. Types are checked here; values are checked on the vend path. */
export const vendBody = v.strictObject({
  profile: v.pipe(v.string(), v.description('The profile of the session.')),
  justification: v.optional(
    v.pipe(v.string(), v.description('Why you need access, in at most 2,000 characters and 4,000 bytes. Some profiles require it.')),
  ),
  ticket: v.optional(v.pipe(v.string(), v.description('A reference in your issue tracker. Up to 64 characters.'))),
  duration: v.optional(
    v.pipe(
      v.union([v.number(), v.string()]),
      v.description("Seconds as an integer, or a string with units: '15m', '1h30m'. From 60 seconds to the profile's maximum."),
    ),
  ),
  parameters: v.optional(v.pipe(v.record(v.string(), v.string()), v.description('A value for each parameter of the profile.'))),
  narrow: v.optional(
    v.pipe(
      anyJson,
      v.description('A session policy that requests less than the profile grants: each Allow must be within one of the profile’s Allows.'),
    ),
  ),
  requestId: v.optional(v.pipe(v.string(), v.description('The approved request to use. Repeat its parameters and narrow.'))),
  format: v.optional(
    v.pipe(
      v.picklist(formats),
      v.description(
        'The format of the response, and of its errors with env (shell code) and process (`Version` holds the message). Default: json.',
      ),
    ),
  ),
})
export type VendBody = v.InferOutput<typeof vendBody>
