/**
 * The request bodies. Routes check against these schemas, and the OpenAPI document is generated from them.
 */
import { MAX_SUBJECT_CHARACTERS } from '@stint/core/identity/subject'
import * as v from 'valibot'
import { formats } from './body-faults.ts'

export * from './vend-body.ts'

/** The body of `POST /sessions/{id}/credentials`. The call checks it itself (./session-credentials.ts). */
export const renewBody = v.strictObject({
  format: v.optional(v.pipe(v.picklist(formats), v.description('The format of the response, as in POST /sessions. Default: json.'))),
})

/** A JSON value of any shape; the code that uses it checks it. */
const anyJson = v.unknown()

const durationText = v.union([v.number(), v.string()])

/** The body of `POST /requests`. */
export const askBody = v.strictObject({
  profile: v.pipe(v.string(), v.description('The profile to request.')),
  justification: v.optional(
    v.pipe(
      v.string(),
      v.description('Why you need access, in at most 2,000 characters and 4,000 bytes. If you ask again with another one, both are kept.'),
    ),
  ),
  ticket: v.optional(v.pipe(v.string(), v.description('As in POST /sessions.'))),
  parameters: v.optional(v.pipe(v.record(v.string(), anyJson), v.description('A value for each parameter of the profile.'))),
  narrow: v.optional(v.pipe(anyJson, v.description('As in POST /sessions.'))),
  duration: v.optional(v.pipe(durationText, v.description('The longest session you need, if shorter than the profile’s.'))),
  startsAt: v.optional(v.pipe(v.string(), v.description('When the window starts, at most 7 days ahead. Default: on approval.'))),
})

/** The body of `POST /requests/{id}/extend`. */
export const extendBody = v.strictObject({
  justification: v.optional(v.pipe(v.string(), v.description('Why you need more time. Default: the justification of the request.'))),
  duration: v.optional(v.pipe(durationText, v.description('The longest session you need, if shorter than the profile’s.'))),
})

/** The body of a decision. Only an approval accepts limits, which can only shorten the terms. */
export const decisionBody = v.strictObject({
  comment: v.optional(v.pipe(v.string(), v.description('At most 256 bytes.'))),
  duration: v.optional(v.pipe(durationText, v.description('The longest session that this approval allows.'))),
  uses: v.optional(v.pipe(v.number(), v.integer(), v.description('How many sessions this approval allows.'))),
  window: v.optional(v.pipe(durationText, v.description('How long sessions can be started, from the start of the window.'))),
})

export const reviewBody = v.strictObject({ text: v.pipe(v.string(), v.description('The result of the review, 1 to 256 bytes.')) })

/** The body of `POST /slack/link`. */
export const linkBody = v.strictObject({
  by: v.optional(
    v.pipe(
      v.picklist(['code', 'email']),
      v.description('email: link without a code, if the config trusts the workspace’s email addresses.'),
    ),
  ),
})
/** The Slack user that was shown to the caller. */
export const linkConfirmBody = v.strictObject({ team: v.string(), user: v.string() })

const someId = v.pipe(v.string(), v.minLength(1), v.maxLength(256))
/** In UTF-16 units, so twice the characters. */
const someSubject = v.pipe(v.string(), v.minLength(1), v.maxLength(2 * MAX_SUBJECT_CHARACTERS))
export const freezeBody = v.strictObject({
  scope: v.union([
    v.strictObject({ kind: v.literal('all') }),
    v.strictObject({ kind: v.picklist(['issuer', 'person', 'profile', 'target']), id: someId }),
    v.strictObject({ kind: v.literal('subject'), issuer: someId, id: someSubject }),
  ]),
  justification: v.string(),
  expiresAt: v.optional(v.pipe(v.string(), v.description('RFC 3339. Default: the freeze lasts until it is released.'))),
})
