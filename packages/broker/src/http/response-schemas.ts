/**
 * The shapes of responses, for the OpenAPI document and for the contract tests that check the routes against it. Nothing on the vend path
 * imports this file.
 */
import { problems } from '@stint/core/problem'
import * as v from 'valibot'

/** What a response holds, by its schema. A view with this type does not compile if it drifts from what the document says. */
export type Answer<S extends v.GenericSchema> = Frozen<v.InferOutput<S>>
type Frozen<T> = T extends readonly (infer U)[] ? readonly Frozen<U>[] : T extends object ? { readonly [P in keyof T]: Frozen<T[P]> } : T

const text = v.string()
const time = v.pipe(v.string(), v.isoTimestamp())

export const problemBody = v.object({
  type: text,
  title: text,
  status: v.pipe(v.number(), v.integer()),
  code: v.picklist(Object.keys(problems) as [string, ...string[]]),
  detail: text,
  next: v.pipe(text, v.description('What to do next.')),
  trace: v.pipe(text, v.description('Identifies this response in the logs. Quote it to your operators.')),
})

const facts = {
  id: text,
  requestId: text,
  profile: text,
  account: text,
  region: text,
  roleArn: text,
  assumedRoleArn: text,
  sourceIdentity: v.optional(text),
  sessionName: text,
  tags: v.record(text, text),
  packedPolicySize: v.pipe(v.number(), v.integer()),
  issuedAt: time,
}

export const sessionAnswer = v.strictObject({
  ...facts,
  credentials: v.strictObject({ accessKeyId: text, secretAccessKey: text, sessionToken: text, expiration: time }),
})

export const consoleAnswer = v.strictObject({ ...facts, expiration: time, signInUrl: text })

export const processAnswer = v.strictObject({
  Version: v.literal(1),
  AccessKeyId: text,
  SecretAccessKey: text,
  SessionToken: text,
  Expiration: time,
  AccountId: text,
})

export const containerAnswer = v.strictObject({ AccessKeyId: text, SecretAccessKey: text, Token: text, Expiration: time })
/** What `format: process` adds to a response without credentials. */
const version = v.optional(v.pipe(text, v.description('With `format: process`: the message, which AWS SDKs show.')))
export const containerProblem = v.strictObject({ Version: version, Code: text, Message: text })

const described = (description: string) => v.pipe(text, v.description(description))
export const tokenForm = v.objectWithRest(
  {
    grant_type: v.literal('urn:ietf:params:oauth:grant-type:token-exchange'),
    subject_token: described('The JWT that you would send as a bearer token to other routes. Do not send an Authorization header as well.'),
    subject_token_type: described('urn:ietf:params:oauth:token-type:jwt, or the same with :id_token or :access_token.'),
    resource: described('The profile: urn:stint:profile:NAME.'),
    requested_token_type: v.optional(v.literal('urn:stint:params:oauth:token-type:aws-credentials')),
    duration: v.optional(described('Seconds, or a string with a unit.')),
    justification: v.optional(text),
    ticket: v.optional(text),
    request_id: v.optional(described('The ID of an approved request.')),
  },
  described('A parameter of the profile, as `p.NAME`.'),
)
export const issuedToken = v.strictObject({
  access_token: text,
  issued_token_type: v.literal('urn:stint:params:oauth:token-type:aws-credentials'),
  token_type: v.literal('N_A'),
  expires_in: v.pipe(v.number(), v.integer()),
  session: text,
  trace: text,
})
export const tokenProblem = v.looseObject({
  error: described('An error code of RFC 6749 §5.2 or RFC 8693 §2.2.2.'),
  error_description: text,
  code: v.picklist(Object.keys(problems) as [string, ...string[]]),
  next: text,
  trace: text,
})

const immediateEnd = v.optional(
  v.pipe(
    v.picklist(['requested', 'written', 'read-back', 'full']),
    v.description(
      'The progress of denying the session’s credentials at AWS, for a target with `revocation`, until they would have expired. `requested`: Stint writes it into a policy of the role. `written`: AWS accepted the policy. `read-back`: AWS returned the policy with this session. The credentials then usually stop working within seconds, but it can take minutes. `full`: the policy has no room, so the credentials work until they expire.',
    ),
  ),
)

export const sessionView = v.strictObject({
  id: text,
  requestId: text,
  state: v.pipe(
    v.picklist(['reserved', 'issued', 'failed', 'abandoned', 'ended', 'expired']),
    v.description('`expired`: it has reached `expiresAt`. `ended`: it was ended before `expiresAt`. Its last credentials can still work.'),
  ),
  caller: v.strictObject({ issuer: text, subject: text, name: text, kind: v.picklist(['human', 'workload']) }),
  profile: text,
  target: text,
  roleArn: text,
  sessionName: text,
  sourceIdentity: v.optional(text),
  duration: v.pipe(v.number(), v.integer()),
  reservedAt: time,
  expiresAt: time,
  issued: v.optional(
    v.strictObject({
      at: time,
      accessKeyId: text,
      assumedRoleArn: text,
      assumedRoleId: text,
      awsRequestId: text,
      packedPolicySize: v.pipe(v.number(), v.integer()),
      sends: v.pipe(v.number(), v.integer()),
      expiration: time,
    }),
  ),
  renew: v.optional(
    v.pipe(v.number(), v.integer(), v.description('How long each set of credentials lasts, in seconds, if the session can be renewed.')),
  ),
  renewed: v.optional(
    v.pipe(
      v.strictObject({ count: v.pipe(v.number(), v.integer()), at: time, accessKeyId: text, expiration: time }),
      v.description('How many times the credentials were renewed, and the newest set.'),
    ),
  ),
  failure: v.optional(text),
  endedBy: v.optional(
    v.pipe(
      v.picklist(['caller', 'approver', 'responder', 'revoke', 'stint']),
      v.description('Who ended the session. `revoke`: its request was revoked. `stint`: its role was deleted and created again.'),
    ),
  ),
  endedAt: v.optional(time),
  immediateEnd,
})

export const endedSession = v.strictObject({
  id: text,
  state: sessionView.entries.state,
  credentialsExpireBy: v.optional(
    v.pipe(time, v.description('When the last credentials of the session stop working at AWS, if they are not denied before.')),
  ),
  immediateEnd,
  identityProofUntil: v.optional(
    v.pipe(
      time,
      v.description(
        'Until when other systems, such as EKS and Vault, can accept a proof of identity that the credentials signed before. No policy can deny it.',
      ),
    ),
  ),
})

export const sessionsPage = v.strictObject({
  sessions: v.array(sessionView),
  next: v.optional(text),
  identities: v.optional(
    v.pipe(
      v.array(v.strictObject({ issuer: text, subject: v.optional(text), actor: v.optional(text), sourceIdentity: v.optional(text) })),
      v.description(
        'With `person`: the identities that the config declares. `sourceIdentity` is how AWS sees one; absent if the config alone does not decide it.',
      ),
    ),
  ),
})

export const profileView = v.strictObject({
  id: text,
  description: v.optional(text),
  account: text,
  region: text,
  roleArn: text,
  access: v.picklist(['allowed', 'needs-approval', 'refused']),
  missing: v.array(v.picklist(['mfa-required', 'auth-too-old', 'source-ip', 'not-eligible'])),
  duration: v.strictObject({ default: text, max: text, renew: v.optional(text) }),
  endOnExit: v.optional(v.pipe(v.literal(true), v.description('Clients end the session when the command or the job is done.'))),
  policy: v.optional(
    v.pipe(
      v.array(v.looseObject({})),
      v.description('The statements of the session policy, in GET /profiles/{id} of a profile that you are eligible for.'),
    ),
  ),
  policyArns: v.optional(v.pipe(v.array(text), v.description('The managed policies of a session, as policy.'))),
  parameters: v.record(text, v.strictObject({ pattern: text, max: v.number(), wildcard: v.optional(v.literal(true)) })),
  container: v.optional(v.pipe(text, v.description('Why GET /credentials does not serve this profile; absent if it does.'))),
  justification: v.picklist(['required', 'optional']),
  approval: v.optional(
    v.strictObject({ approvers: v.number(), expiresAfter: text, window: text, maxUses: v.number(), breakGlass: v.boolean() }),
  ),
})

export const profilesPage = v.strictObject({ profiles: v.array(profileView), next: v.optional(text) })

const callerView = v.strictObject({ issuer: text, subject: text, name: text, kind: v.picklist(['human', 'workload']) })
const limitsView = v.strictObject({ duration: v.optional(v.number()), uses: v.optional(v.number()), window: v.optional(v.number()) })

export const requestView = v.strictObject({
  id: text,
  state: v.picklist(['pending', 'approved', 'denied', 'cancelled', 'expired', 'revoked', 'ended']),
  caller: callerView,
  fullSubject: v.optional(v.pipe(text, v.description('The requester’s subject, if caller.subject is its digest: sha256: and hex.'))),
  identity: v.pipe(
    text,
    v.description(
      'The identity that AWS will see: the source identity, or ISSUER/SUBJECT if the profile sends none. Decide by this and not by caller.name, which users can edit.',
    ),
  ),
  profile: text,
  target: text,
  roleArn: text,
  justification: v.optional(text),
  moreJustifications: v.optional(
    v.pipe(v.array(v.strictObject({ at: time, text })), v.description('What the requester added by asking again, oldest first.')),
  ),
  ticket: v.optional(text),
  extends: v.optional(v.pipe(text, v.description('The request whose session this one continues.'))),
  breakGlass: v.boolean(),
  createdAt: time,
  expiresAt: v.optional(time),
  unattendedAt: v.optional(time),
  startsAt: v.optional(time),
  terms: v.pipe(v.looseObject({}), v.description('Everything that a session would get: this is what approvers approve.')),
  lastingAccess: v.optional(
    v.pipe(
      v.array(text),
      v.description('Actions by which a session could create access that outlives it; absent if its policies allow none.'),
    ),
  ),
  termsHash: text,
  approval: v.array(v.strictObject({ by: v.array(v.looseObject({})), count: v.number(), missing: v.number() })),
  approvals: v.array(v.strictObject({ approver: callerView, at: time, channel: text, limits: limitsView, comment: v.optional(text) })),
  limits: limitsView,
  window: v.optional(v.strictObject({ startsAt: v.optional(time), expiresAt: time })),
  usesLeft: v.optional(v.number()),
  decidedBy: v.optional(v.pipe(callerView, v.description('Who denied, cancelled or revoked the request.'))),
  decidedAt: v.optional(time),
  decisionComment: v.optional(v.pipe(text, v.description('What they said about it, such as why they denied it.'))),
  review: v.union([v.picklist(['none', 'needed']), v.strictObject({ by: callerView, at: time, text })]),
  sessions: v.array(sessionView),
  live: v.pipe(
    v.array(v.strictObject({ id: text, expiresAt: time })),
    v.description('Sessions with credentials that can work at AWS, and until when, unless they are denied at once (`immediateEnd`).'),
  ),
  may: v.pipe(
    v.array(v.picklist(['approve', 'deny', 'cancel', 'revoke', 'review', 'extend'])),
    v.description('What you can do with the request now.'),
  ),
})
export const requestsPage = v.strictObject({ requests: v.array(requestView), next: v.optional(text) })
export const waiting = v.strictObject({
  Version: version,
  requestId: text,
  state: text,
  profile: text,
  expiresAt: time,
})

const freezeScope = v.union([
  v.strictObject({ kind: v.literal('all') }),
  v.strictObject({ kind: v.picklist(['issuer', 'person', 'profile', 'target']), id: text }),
  v.strictObject({ kind: v.literal('subject'), issuer: text, id: text }),
])
export const freezeView = v.strictObject({
  id: v.pipe(text, v.description('Identifies the scope; the same each time the scope is frozen.')),
  name: v.pipe(text, v.description('Identifies this freeze; a later freeze of the scope has another name.')),
  scope: freezeScope,
  by: callerView,
  justification: text,
  at: time,
  expiresAt: v.optional(time),
  releaseAskedBy: v.optional(callerView),
})
export const freezesList = v.strictObject({ freezes: v.array(freezeView) })
export const releaseAsked = v.strictObject({ status: text })

export const eventView = v.strictObject({
  id: text,
  event: v.pipe(v.record(text, v.unknown()), v.description('The event. docs/audit-events.md describes its properties.')),
  profile: v.optional(text),
  target: v.optional(text),
})
export const eventsPage = v.strictObject({ events: v.array(eventView), next: v.optional(text) })

const slackUser = { team: text, user: text, name: text }
export const linkOffer = v.strictObject({
  state: v.literal('offered'),
  code: v.pipe(text, v.description('Enter it in Slack: /stint link CODE. Keep it secret.')),
  expiresAt: time,
})
export const linkState = v.strictObject({
  caller: v.pipe(callerView, v.description('The caller that your token names.')),
  identity: v.pipe(text, v.description('The identity that AWS sees. The Slack user will act as this identity.')),
  state: v.picklist(['none', 'pending', 'linked']),
  pending: v.optional(
    v.pipe(
      v.strictObject({ ...slackUser, expiresAt: time }),
      v.description('The Slack user who entered your code and waits for your confirmation.'),
    ),
  ),
  linked: v.optional(v.strictObject({ ...slackUser, since: time, expiresAt: time })),
})

export const resourceMetadata = v.strictObject({
  resource: v.pipe(text, v.description('The URL of the broker.')),
  authorization_servers: v.array(text),
  bearer_methods_supported: v.array(text),
  scopes_supported: v.array(text),
  resource_name: text,
  stint_cli: v.pipe(
    v.array(v.strictObject({ issuer: text, client_id: text, scope: text, token: v.picklist(['access_token', 'id_token']) })),
    v.description('The public client of the command line at each issuer, and which of its tokens the broker accepts.'),
  ),
})

export const serverMetadata = v.strictObject({
  issuer: v.pipe(text, v.description('The URL of the broker.')),
  token_endpoint: text,
  grant_types_supported: v.array(text),
  response_types_supported: v.array(text),
  token_endpoint_auth_methods_supported: v.array(text),
  service_documentation: text,
})

const upOrDown = v.picklist(['up', 'down'])
export const health = v.strictObject({ status: v.literal('ok'), build: text, config: text })
export const readiness = v.strictObject({
  status: v.picklist(['ready', 'frozen', 'not-ready']),
  ledger: v.optional(upOrDown),
  issuers: v.optional(
    v.pipe(
      v.record(text, v.picklist(['up', 'failing', 'down'])),
      v.description('failing: the issuer’s keys cannot be refreshed; the cached keys are still in use.'),
    ),
  ),
  log: v.optional(
    v.pipe(
      v.picklist(['up', 'empty', 'down']),
      v.description('down: the checkpoint of the audit log cannot be read, or is not signed by the log’s key. Sessions are still issued.'),
    ),
  ),
})
