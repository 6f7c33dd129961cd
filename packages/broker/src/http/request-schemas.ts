/**
 * The shapes that callers send: checked here, and described from here in the OpenAPI document.
 */
import * as v from 'valibot'

export * from './vend-body.ts'

/** A JSON value of any shape, checked by whoever uses it. */
const anyJson = v.unknown()

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
  justification: v.string(),
  expiresAt: v.optional(v.pipe(v.string(), v.description('RFC 3339; until somebody releases it if absent.'))),
})
