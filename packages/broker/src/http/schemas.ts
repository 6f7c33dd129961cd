/**
 * The shapes that callers send: checked here, and described from here in the OpenAPI document.
 */
import * as v from 'valibot'

export const formats = ['json', 'env', 'process', 'container', 'console'] as const
export type Format = (typeof formats)[number]

/** A JSON value of any shape, checked by whoever uses it. */
const anyJson = v.unknown()

/** The body of `POST /sessions`. What the members mean is checked on the road; their types are checked here. */
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

const durationText = v.union([v.number(), v.string()])

/** The body of `POST /requests`. */
export const askBody = v.strictObject({
  profile: v.pipe(v.string(), v.description('The profile to ask for.')),
  justification: v.optional(v.pipe(v.string(), v.description('Why, in at most 256 bytes.'))),
  ticket: v.optional(v.pipe(v.string(), v.description('As in POST /sessions.'))),
  parameters: v.optional(v.pipe(v.record(v.string(), anyJson), v.description('A value for each parameter of the profile.'))),
  narrow: v.optional(v.pipe(anyJson, v.description('As in POST /sessions.'))),
  duration: v.optional(v.pipe(durationText, v.description('The longest session that you need, if less than the profile gives.'))),
  startsAt: v.optional(v.pipe(v.string(), v.description('When the window should begin, within 7 days; on approval if absent.'))),
})

/** The body of a decision. Only an approval takes limits, which only shorten. */
export const decisionBody = v.strictObject({
  comment: v.optional(v.pipe(v.string(), v.description('At most 256 bytes.'))),
  duration: v.optional(v.pipe(durationText, v.description('Longest session.'))),
  uses: v.optional(v.pipe(v.number(), v.integer(), v.description('Most sessions.'))),
  window: v.optional(v.pipe(durationText, v.description('How long sessions may be taken.'))),
})

export const reviewBody = v.strictObject({ text: v.pipe(v.string(), v.description('What was found, 1 to 256 bytes.')) })

/** The body of `POST /slack/link`. */
export const linkBody = v.strictObject({
  by: v.optional(v.pipe(v.picklist(['code', 'email']), v.description('email: without a code, where the config trusts the workspace.'))),
})
/** Whom the person was shown. */
export const linkConfirmBody = v.strictObject({ team: v.string(), user: v.string() })

const someId = v.pipe(v.string(), v.minLength(1), v.maxLength(256))
export const freezeBody = v.strictObject({
  scope: v.union([
    v.strictObject({ kind: v.literal('all') }),
    v.strictObject({ kind: v.picklist(['issuer', 'person', 'profile', 'target']), id: someId }),
    v.strictObject({ kind: v.literal('subject'), issuer: someId, id: someId }),
  ]),
  why: v.string(),
  until: v.optional(v.pipe(v.string(), v.description('RFC 3339; until somebody releases it if absent.'))),
})
