/**
 * The OpenAPI 3.1 document, generated from the route table and the schemas that check requests. `npm run build` writes it to
 * `openapi.json`. A test compares the file with this function's result, and the api function serves the file.
 */
import { defined } from '@stint/core/defined'
import { type ProblemCode, problems } from '@stint/core/problem'
import { toJsonSchema } from '@valibot/to-json-schema'
import type { GenericSchema } from 'valibot'
import {
  askBody,
  decisionBody,
  extendBody,
  freezeBody,
  linkBody,
  linkConfirmBody,
  renewBody,
  reviewBody,
  vendBody,
} from './request-schemas.ts'
import * as answers from './response-schemas.ts'
import { type decisions, type Method, type Operation, routes } from './routes.ts'
import { tokenStatus } from './token.ts'

const schemas = {
  Problem: answers.problemBody,
  VendBody: vendBody,
  RenewBody: renewBody,
  AskBody: askBody,
  ExtendBody: extendBody,
  DecisionBody: decisionBody,
  ReviewBody: reviewBody,
  FreezeBody: freezeBody,
  LinkBody: linkBody,
  LinkConfirmBody: linkConfirmBody,
  Waiting: answers.waiting,
  Request: answers.requestView,
  RequestsPage: answers.requestsPage,
  Freeze: answers.freezeView,
  Freezes: answers.freezesList,
  ReleaseAsked: answers.releaseAsked,
  Session: answers.sessionAnswer,
  ConsoleSession: answers.consoleAnswer,
  ProcessCredentials: answers.processAnswer,
  ContainerCredentials: answers.containerAnswer,
  ContainerProblem: answers.containerProblem,
  TokenForm: answers.tokenForm,
  IssuedToken: answers.issuedToken,
  TokenProblem: answers.tokenProblem,
  SessionView: answers.sessionView,
  EndedSession: answers.endedSession,
  SessionsPage: answers.sessionsPage,
  Profile: answers.profileView,
  Profiles: answers.profilesPage,
  LinkOffer: answers.linkOffer,
  LinkState: answers.linkState,
  Event: answers.eventView,
  EventsPage: answers.eventsPage,
  ResourceMetadata: answers.resourceMetadata,
  ServerMetadata: answers.serverMetadata,
  Health: answers.health,
  Readiness: answers.readiness,
} satisfies Record<string, GenericSchema>
type SchemaName = keyof typeof schemas

const ref = (name: SchemaName) => ({ $ref: `#/components/schemas/${name}` })
const json = (...names: SchemaName[]) => ({
  'application/json': { schema: names.length === 1 ? ref(names[0] as SchemaName) : { anyOf: names.map(ref) } },
})

type Success = { readonly status: number; readonly description: string; readonly headers?: object; readonly content?: object }
type Description = {
  /** The name of the operation in generated clients. It must not change. */
  readonly id: string
  readonly summary: string
  readonly open?: true
  readonly parameters?: readonly object[]
  readonly body?: SchemaName
  readonly form?: SchemaName
  readonly success: Success
  readonly also?: readonly Success[]
  readonly problems: readonly ProblemCode[]
}

const token: readonly ProblemCode[] = ['token-missing', 'token-invalid', 'token-expired', 'issuer-keys-unavailable']
const vendPath: readonly ProblemCode[] = [
  ...token,
  'profile-unknown',
  'not-eligible',
  'mfa-required',
  'auth-too-old',
  'source-ip',
  'approval-required',
  'window-not-started',
  'parameter-invalid',
  'duration-invalid',
  'justification-required',
  'rate-limited',
  'request-unknown',
  'frozen',
  'already-issued',
  'in-progress',
  'idempotency-mismatch',
  'request-exhausted',
  'request-ended',
  'terms-changed',
  'token-used',
  'revoked-in-flight',
  'assume-role-denied',
  'assume-role-invalid',
  'packed-policy-too-large',
  'sts-throttled',
  'sts-timeout',
  'ledger-unavailable',
  'internal',
]
/** A renewal repeats the session, so it is not refused for what a caller asks. */
const renewal: readonly ProblemCode[] = [
  'session-unknown',
  'session-ended',
  'not-renewable',
  'renewals-exhausted',
  ...vendPath.filter(
    (code) =>
      ![
        'approval-required',
        'window-not-started',
        'duration-invalid',
        'justification-required',
        'request-unknown',
        'already-issued',
        'idempotency-mismatch',
        'request-exhausted',
        'request-ended',
      ].includes(code),
  ),
]
/** What `format: env` and `?format=env` make of any response without credentials. */
const shellCode = { 'text/plain': { schema: { type: 'string' } } }
const page = { 'text/html': { schema: { type: 'string' } } }
/** What a page can refuse; it answers with a page. */
const pageProblems: readonly ProblemCode[] = [
  'body-invalid',
  'token-invalid',
  'token-expired',
  'not-eligible',
  'self-approval',
  'not-approver',
  'frozen',
  'auth-too-old',
  'source-ip',
  'route-unknown',
  'request-unknown',
  'link-unknown',
  'request-not-pending',
  'already-decided',
  'request-ended',
  'request-changed',
  'body-too-large',
  'media-type',
  'duration-invalid',
  'rate-limited',
  'internal',
  'ledger-unavailable',
  'issuer-keys-unavailable',
]
const askProblems: readonly ProblemCode[] = [...new Set<ProblemCode>([...pageProblems, ...vendPath, 'no-approver'])]
const decisionProblems: readonly ProblemCode[] = [...pageProblems, 'not-requester', 'not-extendable', 'terms-changed', 'no-approver']
const endProblems: readonly ProblemCode[] = [...pageProblems, 'session-unknown', 'end-policy-full']
const slackAnswer: Success = {
  status: 200,
  description: 'Empty, or what Slack shows.',
  content: { 'application/json': { schema: { type: 'object' } } },
}
const slackProblems: readonly ProblemCode[] = [
  'token-invalid',
  'body-invalid',
  'body-too-large',
  'ledger-unavailable',
  'route-unknown',
  'internal',
]
const proof = { 'text/plain': { schema: { type: 'string' } } }
const query = (name: string, description: string, schema: object) => ({ name, in: 'query', required: false, description, schema })

/** Why a request for approval is not made. */
const asking: readonly ProblemCode[] = [
  'body-invalid',
  'body-too-large',
  'media-type',
  ...token,
  'profile-unknown',
  'not-eligible',
  'mfa-required',
  'auth-too-old',
  'source-ip',
  'parameter-invalid',
  'justification-required',
  'narrow-too-wide',
  'narrow-unsupported',
  'idempotency-mismatch',
  'duration-invalid',
  'no-approver',
  'rate-limited',
  'request-unknown',
  'request-ended',
  'frozen',
  'packed-policy-too-large',
  'ledger-unavailable',
  'internal',
]

function decision(act: (typeof decisions)[number]): Description {
  const words = {
    approve: 'Approve a request; limits can only shorten its terms',
    deny: 'Deny a request; one denial is enough',
    cancel: 'Cancel your own pending request',
    revoke: 'Revoke a request, before or after its approval',
    review: 'Complete the review of a break-glass request',
  }
  return {
    id: `${act}Request`,
    summary: words[act],
    body: act === 'review' ? 'ReviewBody' : 'DecisionBody',
    success: {
      status: 200,
      description: 'The request in its new state. Repeating the same decision is not an error.',
      content: json('Request'),
    },
    problems: [
      'body-invalid',
      'body-too-large',
      'media-type',
      ...token,
      'request-unknown',
      'self-approval',
      'not-approver',
      'not-requester',
      'request-not-pending',
      'request-ended',
      'already-decided',
      'terms-changed',
      'auth-too-old',
      'source-ip',
      'frozen',
      'request-changed',
      'duration-invalid',
      'ledger-unavailable',
      'internal',
    ],
  }
}

const sessionHeaders = {
  Location: { description: 'The path of the session, in all formats.', schema: { type: 'string' } },
  'Stint-End-On-Exit': {
    description: '`true` if the profile has `endOnExit`: send DELETE to `Location` when the command or the job is done.',
    schema: { type: 'string', const: 'true' },
  },
}

const cursorOnly = [query('cursor', 'Where the page begins, as in the link of the page before.', { type: 'string' })]
const activityQuery = [
  ...[
    ['day', 'The day in UTC. Default: today.'],
    ['person', 'For auditors: `issuer/subject`.'],
    ['profile', 'The ID of a profile.'],
    ['account', 'The ID of an account.'],
    ['request', 'The ID of a request. Shows everything that happened to it.'],
    ['session', 'The ID of a session. Shows everything that happened in it.'],
  ].map(([name = '', description = '']) => query(name, description, { type: 'string' })),
  ...cursorOnly,
]

/** One of Stint's own pages, for a browser with a session. */
const showsPage = (id: string, summary: string, parameters?: readonly object[]): Description => ({
  id,
  summary,
  open: true,
  ...(parameters ? { parameters } : {}),
  success: { status: 200, description: 'A page.', content: page },
  also: [{ status: 303, description: 'Redirects to the sign-in.' }],
  problems: pageProblems,
})
/** The form of one of these pages. */
const takesForm = (id: string, summary: string, problems = pageProblems): Description => ({
  id,
  summary,
  open: true,
  success: { status: 200, description: 'A page with the result.', content: page },
  also: [{ status: 303, description: 'Redirects to the result.' }],
  problems,
})

const operations: { readonly [O in Operation]: Description } = {
  'POST /sessions': {
    id: 'createSession',
    summary: 'Issue a session of a profile, with temporary credentials',
    body: 'VendBody',
    success: {
      status: 201,
      description: 'The session, in the requested format. Its secrets are not stored: they appear in this response only.',
      headers: sessionHeaders,
      content: {
        ...json('Session', 'ConsoleSession', 'ProcessCredentials', 'ContainerCredentials'),
        'text/plain': { schema: { type: 'string' } },
      },
    },
    also: [
      {
        status: 202,
        description:
          'The profile needs an approval, and the request is waiting for it. `Location` is its URL. Once it is approved, repeat the call with its ID as `requestId`.',
        content: { ...json('Waiting'), ...shellCode },
      },
    ],
    problems: [
      'body-invalid',
      'profile-required',
      'format-invalid',
      'body-too-large',
      'media-type',
      'narrow-too-wide',
      'narrow-unsupported',
      'no-approver',
      ...vendPath,
    ],
  },
  'GET /requests': {
    id: 'listRequests',
    summary: 'List your requests, newest first; auditors see all requests; filters show those you can decide or review',
    parameters: [
      query('limit', 'Requests per page.', { type: 'integer', minimum: 1, maximum: 100, default: 20 }),
      query('cursor', 'The `next` of the previous page.', { type: 'string' }),
      query('state', 'Only requests in this state. A page can hold fewer than `limit`.', { type: 'string' }),
      query('mine', 'For auditors: only your own.', { type: 'boolean' }),
      query(
        'approvable',
        'Only requests that wait for your approval. A page can hold fewer than `limit`, or none, and still have a `next`.',
        {
          type: 'boolean',
        },
      ),
      query('review', '`needed`: only break-glass requests that have not been reviewed. Pages are as with `approvable`.', {
        type: 'string',
      }),
    ],
    success: { status: 200, description: 'A page.', content: json('RequestsPage') },
    problems: ['body-invalid', ...token, 'ledger-unavailable', 'internal'],
  },
  'POST /requests': {
    id: 'createRequest',
    summary: 'Request approval',
    body: 'AskBody',
    success: { status: 201, description: 'The request is pending. `Location` is its URL.', content: json('Request') },
    also: [{ status: 200, description: 'The same request is already pending; this is it.', content: json('Request') }],
    problems: asking,
  },
  'POST /requests/{id}/extend': {
    id: 'extendRequest',
    summary: 'Request the same access again, in the last half of a session',
    body: 'ExtendBody',
    success: {
      status: 201,
      description:
        'The extension is pending: a request of its own, on the same terms. `Location` is its URL. Sessions are taken by its ID.',
      content: json('Request'),
    },
    also: [{ status: 200, description: 'A request on the same terms is already pending; this is it.', content: json('Request') }],
    problems: [...asking, 'not-requester', 'not-extendable', 'terms-changed'],
  },
  'GET /requests/{id}': {
    id: 'getRequest',
    summary: 'Get a request: its terms, who can approve it and who has. `Prefer: wait=20` waits for a decision',
    success: { status: 200, description: 'The request. Send its ETag as If-Match with a decision.', content: json('Request') },
    problems: ['request-unknown', ...token, 'rate-limited', 'ledger-unavailable', 'internal'],
  },
  'POST /requests/{id}/approve': decision('approve'),
  'POST /requests/{id}/deny': decision('deny'),
  'POST /requests/{id}/cancel': decision('cancel'),
  'POST /requests/{id}/revoke': decision('revoke'),
  'POST /requests/{id}/review': decision('review'),
  'GET /freezes': {
    id: 'listFreezes',
    summary: 'List the freezes in force, for responders and auditors',
    success: { status: 200, description: 'The freezes in force.', content: json('Freezes') },
    problems: [...token, 'not-eligible', 'ledger-unavailable', 'internal'],
  },
  'POST /freezes': {
    id: 'createFreeze',
    summary: 'Freeze everything, an issuer, a person, a subject, a profile or a target',
    body: 'FreezeBody',
    success: { status: 201, description: 'The freeze. From now on, no session in its scope is issued.', content: json('Freeze') },
    problems: ['body-invalid', 'body-too-large', 'media-type', ...token, 'not-eligible', 'ledger-unavailable', 'internal'],
  },
  'DELETE /freezes/{id}': {
    id: 'releaseFreeze',
    summary: 'Release a freeze; this takes two responders',
    success: { status: 204, description: 'Released.' },
    also: [{ status: 202, description: 'The release waits for a second responder.', content: json('ReleaseAsked') }],
    problems: [...token, 'not-eligible', 'frozen', 'request-unknown', 'request-changed', 'ledger-unavailable', 'internal'],
  },
  'GET /sessions': {
    id: 'listSessions',
    summary: 'List your sessions, newest first; auditors see all sessions',
    parameters: [
      query('limit', 'Sessions per page.', { type: 'integer', minimum: 1, maximum: 100, default: 20 }),
      query('cursor', 'The `next` of the previous page.', { type: 'string' }),
      query('mine', 'For auditors: only your own.', { type: 'boolean', default: false }),
      query('person', 'For auditors and responders: those of all identities of a person in the config, by ID.', { type: 'string' }),
    ],
    success: { status: 200, description: 'A page. `Link: rel="next"` is the URL of the next page.', content: json('SessionsPage') },
    problems: ['body-invalid', 'not-eligible', ...token, 'ledger-unavailable', 'internal'],
  },
  'GET /sessions/{id}': {
    id: 'getSession',
    summary: 'Get a session, without its secrets',
    success: { status: 200, description: 'The session.', content: json('SessionView') },
    problems: ['session-unknown', ...token, 'ledger-unavailable', 'internal'],
  },
  'DELETE /sessions/{id}': {
    id: 'endSession',
    summary: 'End a session: its credentials are not renewed again. For its caller, its approvers and responders',
    parameters: [
      query(
        'everyEarlierSession',
        'What to do if the policy of a target with `revocation` has no room left; a call without this parameter is then refused as `end-policy-full`. `end`, for responders: deny all credentials that the role issued before now. `keep`: let the credentials of this session work until they expire. It changes nothing if there is room.',
        { type: 'string', enum: ['end', 'keep'] },
      ),
    ],
    success: {
      status: 200,
      description: 'The session has ended. Repeating the call is not an error.',
      content: json('EndedSession'),
    },
    problems: [
      'body-invalid',
      'session-unknown',
      'not-approver',
      'not-eligible',
      'frozen',
      'end-policy-full',
      ...token,
      'ledger-unavailable',
      'internal',
    ],
  },
  'POST /sessions/{id}/credentials': {
    id: 'renewSession',
    summary: 'Renew the credentials of your own session, if its profile has `duration.renew`',
    body: 'RenewBody',
    success: {
      status: 200,
      description: 'A new set of credentials, in the requested format. Its secrets are not stored: they appear in this response only.',
      headers: sessionHeaders,
      content: {
        ...json('Session', 'ConsoleSession', 'ProcessCredentials', 'ContainerCredentials'),
        'text/plain': { schema: { type: 'string' } },
      },
    },
    problems: ['body-invalid', 'format-invalid', 'body-too-large', 'media-type', ...renewal],
  },
  'GET /sessions/{id}/credentials': {
    id: 'getSessionCredentials',
    summary: 'Renew the credentials of your own session, in the container credentials protocol of the AWS SDKs',
    success: { status: 200, description: 'A new set of credentials.', content: json('ContainerCredentials') },
    problems: ['body-invalid', 'duration-invalid', ...renewal],
  },
  'GET /sessions/{id}/receipt': {
    id: 'getSessionReceipt',
    summary: 'Get a proof that the session is in the audit log, as a C2SP tlog-proof; anyone can verify it offline',
    success: { status: 200, description: 'The proof. Its `extra` holds the entry, the event and its salt.', content: proof },
    problems: ['session-unknown', 'event-erased', 'not-logged-yet', ...token, 'log-unavailable', 'internal'],
  },
  'GET /audit/events': {
    id: 'listEvents',
    summary: 'List events, newest first: all events for auditors, your own otherwise',
    parameters: [
      query('limit', 'Events per page.', { type: 'integer', minimum: 1, maximum: 100, default: 50 }),
      query('cursor', 'The `next` of the previous page.', { type: 'string' }),
      query('since', 'The start, inclusive: RFC 3339. Default: 31 days before `before`.', { type: 'string', format: 'date-time' }),
      query('before', 'The end, exclusive: RFC 3339. Default: now.', { type: 'string', format: 'date-time' }),
      query('issuer', 'The caller’s issuer, by its ID in the config. Requires `subject`.', { type: 'string' }),
      query('subject', 'The caller’s subject. Requires `issuer`.', { type: 'string' }),
      query('profile', 'The profile.', { type: 'string' }),
      query('target', 'The target.', { type: 'string' }),
      query('session', 'The session.', { type: 'string' }),
      query('accessKeyId', 'The access key ID, as in CloudTrail.', { type: 'string' }),
      query('outcome', 'A problem code or an event type.', { type: 'string' }),
    ],
    success: {
      status: 200,
      description: 'A page. It can hold fewer events than `limit` and still have a `next`.',
      content: json('EventsPage'),
    },
    problems: ['body-invalid', ...token, 'log-unavailable', 'internal'],
  },
  'GET /audit/events/{request}/{seq}': {
    id: 'getEvent',
    summary: 'Get an event by its journal and its sequence number',
    success: { status: 200, description: 'The event.', content: json('Event') },
    problems: ['event-unknown', 'event-erased', ...token, 'log-unavailable', 'internal'],
  },
  'GET /audit/events/{request}/{seq}/receipt': {
    id: 'getEventReceipt',
    summary: 'Get a proof that the event is in the audit log, as a C2SP tlog-proof',
    success: { status: 200, description: 'The proof. Its `extra` holds the entry, the event and its salt.', content: proof },
    problems: ['event-unknown', 'event-erased', 'not-logged-yet', ...token, 'log-unavailable', 'internal'],
  },
  'GET /audit/log/{path}': {
    id: 'getLogObject',
    summary:
      'Read the audit log as C2SP tlog-tiles: `checkpoint`, `tile/…`; and `events/…`, the events of each bundle. For auditors only, unless the log is public. The slashes of `path` can be sent as they are, or as `%2F`',
    success: {
      status: 200,
      description: 'The object.',
      content: {
        'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
        'text/plain': { schema: { type: 'string' } },
      },
    },
    problems: ['route-unknown', ...token, 'not-eligible', 'log-unavailable', 'internal'],
  },
  'GET /profiles': {
    id: 'listProfiles',
    summary: 'List the profiles you can see: whether you are eligible, on what terms, and what is missing',
    parameters: [
      query('limit', 'Profiles per page. A page has at most 1 MB, and can hold fewer.', {
        type: 'integer',
        minimum: 1,
        maximum: 100,
        default: 100,
      }),
      query('cursor', 'The `next` of the previous page.', { type: 'string' }),
    ],
    success: { status: 200, description: 'The profiles, in the order of their IDs.', content: json('Profiles') },
    problems: ['body-invalid', ...token, 'internal'],
  },
  'GET /profiles/{id}': {
    id: 'getProfile',
    summary: 'Get a profile; with its statements, if you are eligible for it',
    success: { status: 200, description: 'The profile.', content: json('Profile') },
    problems: ['profile-unknown', ...token, 'internal'],
  },
  'GET /credentials/{profile}': {
    id: 'getCredentials',
    summary: 'Get credentials by the AWS container credentials protocol, for unmodified SDKs',
    parameters: [
      {
        name: 'parameters',
        in: 'query',
        description: 'The parameters of the profile. Each is a query parameter of its own, `p.NAME=VALUE`, and may appear once.',
        // One query parameter for each property (OpenAPI 3.1, "Style Values").
        style: 'form',
        explode: true,
        schema: { type: 'object', propertyNames: { pattern: '^p\\.[a-z][a-zA-Z0-9]{0,31}$' }, additionalProperties: { type: 'string' } },
      },
    ],
    success: {
      status: 200,
      description: 'Exactly what an SDK expects. Errors are `{Code, Message}`.',
      content: json('ContainerCredentials'),
    },
    problems: vendPath,
  },
  'POST /token': {
    id: 'exchangeToken',
    summary: 'Get credentials by OAuth 2.0 Token Exchange (RFC 8693), for tools that support it',
    open: true,
    form: 'TokenForm',
    success: {
      status: 200,
      description: '`access_token` is the container credentials JSON in base64url. It works with AWS and no other server.',
      content: json('IssuedToken'),
    },
    problems: ['body-invalid', 'body-too-large', 'media-type', 'no-approver', ...vendPath],
  },
  'POST /slack/commands': {
    id: 'receiveSlackCommand',
    summary: 'Receive Slack’s slash command, signed by Slack',
    open: true,
    success: slackAnswer,
    problems: slackProblems,
  },
  'POST /slack/interactions': {
    id: 'receiveSlackInteraction',
    summary: 'Receive Slack’s buttons, forms and shortcuts, signed by Slack',
    open: true,
    success: slackAnswer,
    problems: slackProblems,
  },
  'GET /slack/link': {
    id: 'getSlackLink',
    summary: 'Get your linked Slack user, and the one that waits for your confirmation',
    success: { status: 200, description: 'The link.', content: json('LinkState') },
    problems: [...token, 'route-unknown', 'not-eligible', 'ledger-unavailable', 'internal'],
  },
  'POST /slack/link': {
    id: 'createSlackLink',
    summary: 'Get a code to enter in Slack; or link by email address, if the config allows that',
    body: 'LinkBody',
    success: { status: 201, description: 'The code, or the link.', content: json('LinkOffer', 'LinkState') },
    problems: [
      'body-invalid',
      'body-too-large',
      'media-type',
      ...token,
      'route-unknown',
      'not-eligible',
      'auth-too-old',
      'link-unknown',
      'rate-limited',
      'request-changed',
      'frozen',
      'ledger-unavailable',
      'internal',
    ],
  },
  'POST /slack/link/confirm': {
    id: 'confirmSlackLink',
    summary: 'Confirm that the Slack user who entered your code is you. Requires a sign-in within the last five minutes',
    body: 'LinkConfirmBody',
    success: { status: 200, description: 'The link.', content: json('LinkState') },
    problems: [
      'body-invalid',
      'body-too-large',
      'media-type',
      ...token,
      'route-unknown',
      'not-eligible',
      'auth-too-old',
      'link-unknown',
      'rate-limited',
      'request-changed',
      'frozen',
      'ledger-unavailable',
      'internal',
    ],
  },
  'DELETE /slack/link': {
    id: 'deleteSlackLink',
    summary: 'Remove the link to your Slack user',
    success: { status: 204, description: 'Gone.' },
    problems: [...token, 'route-unknown', 'not-eligible', 'link-unknown', 'request-changed', 'frozen', 'ledger-unavailable', 'internal'],
  },
  'GET /': showsPage('showAccessPage', 'Show what you can access, your sessions and your requests', cursorOnly),
  'GET /access/{id}': showsPage('showProfilePage', 'Show one profile, with a form to request access or to open the console'),
  'POST /access/{id}': takesForm('submitProfilePage', 'Review a request, then send it', askProblems),
  'POST /end': takesForm('submitEndPage', 'End a session', endProblems),
  'POST /console': {
    id: 'openConsolePage',
    summary: 'Open the AWS console, from one of these pages',
    open: true,
    success: { status: 200, description: 'A page that leads to the console.', content: page },
    also: [{ status: 303, description: 'Redirects to the request that is waiting for approval.' }],
    problems: [...new Set([...pageProblems, ...vendPath])],
  },
  'GET /decide': showsPage('showDecisionsPage', 'Show the requests that wait for your decision, and the reviews that are due', [
    query('review', '`needed`: only the reviews.', { const: 'needed' }),
    ...cursorOnly,
  ]),
  'GET /decide/{id}': showsPage('showDecisionPage', 'Show one request and the decisions that you can make'),
  'POST /decide/{id}': takesForm('submitDecisionPage', 'Make a decision on a request', decisionProblems),
  'GET /activity': showsPage('showActivityPage', 'Show what happened on one day, to one request or in one session', activityQuery),
  'GET /activity/{request}/{seq}': {
    ...showsPage('downloadReceiptPage', 'Download the receipt of an event, for a browser'),
    success: { status: 200, description: 'The receipt, as C2SP tlog-proof.', content: { 'text/plain': { schema: { type: 'string' } } } },
  },
  'GET /link': showsPage(
    'showLinkPage',
    'Show the Slack user to link, or a form to get a code. Requires a sign-in within the last five minutes',
  ),
  'POST /link': takesForm('submitLinkPage', 'Get a code, confirm a Slack user, or reject one'),
  'GET /sign-in': {
    id: 'startSignIn',
    summary: 'Sign in on the pages',
    open: true,
    parameters: [
      query('to', 'The page to show after the sign-in.', { type: 'string' }),
      query('issuer', 'The issuer to sign in with, if there are several.', { type: 'string' }),
      query(
        'fresh',
        'Ask for a sign-in within the last five minutes (`1`), or for a new one (`login`), even if you are signed in at the issuer.',
        {
          enum: ['1', 'login'],
        },
      ),
      query('mfa', 'Ask for a second factor.', { const: '1' }),
    ],
    success: { status: 303, description: 'Redirects to the issuer.' },
    also: [{ status: 200, description: 'A choice of issuers to sign in with.', content: page }],
    problems: pageProblems,
  },
  'GET /sign-in/callback': {
    id: 'finishSignIn',
    summary: 'Receive the redirect from the issuer after a sign-in (RFC 6749 §4.1.2)',
    open: true,
    success: { status: 303, description: 'Redirects to the page for which the sign-in was started.' },
    problems: pageProblems,
  },
  'GET /sign-in/callback/{issuer}': {
    id: 'finishSignInWithIssuer',
    summary: 'Receive the redirect from one of several issuers after a sign-in (RFC 9700 §4.4.2.2)',
    open: true,
    success: { status: 303, description: 'Redirects to the page for which the sign-in was started.' },
    problems: pageProblems,
  },
  'POST /sign-out': {
    id: 'signOut',
    summary: 'Sign out of the pages, in this browser or everywhere',
    open: true,
    success: { status: 303, description: 'Redirects to a page that says so.' },
    problems: pageProblems,
  },
  'GET /signed-out': {
    id: 'showSignedOutPage',
    summary: 'Show that you are signed out',
    open: true,
    success: { status: 200, description: 'A page.', content: page },
    problems: pageProblems,
  },
  'GET /.well-known/oauth-authorization-server': {
    id: 'getAuthorizationServerMetadata',
    summary: 'Find the token endpoint, for OAuth clients (RFC 8414)',
    open: true,
    success: { status: 200, description: 'The metadata.', content: json('ServerMetadata') },
    problems: ['route-unknown', 'internal'],
  },
  'GET /.well-known/oauth-protected-resource': {
    id: 'getProtectedResourceMetadata',
    summary: 'Find out where and as which client the command line signs in (RFC 9728)',
    open: true,
    success: { status: 200, description: 'The metadata.', content: json('ResourceMetadata') },
    problems: ['route-unknown', 'internal'],
  },
  'GET /healthz': {
    id: 'getHealth',
    summary: 'Check that the broker runs; get its build and config hash',
    open: true,
    success: { status: 200, description: 'The broker runs.', content: json('Health') },
    problems: ['internal'],
  },
  'GET /readyz': {
    id: 'getReadiness',
    summary: 'Check whether the broker can issue sessions; auditors see what is down',
    open: true,
    success: { status: 200, description: 'The broker is ready.', content: json('Readiness') },
    also: [{ status: 503, description: 'The broker is not ready.', content: json('Readiness') }],
    problems: ['internal'],
  },
  'GET /openapi.json': {
    id: 'getOpenApi',
    summary: 'Get this document',
    open: true,
    success: { status: 200, description: 'OpenAPI 3.1.', content: { 'application/json': { schema: { type: 'object' } } } },
    problems: ['internal'],
  },
  'GET /docs': {
    id: 'showDocs',
    summary: 'Show this document as a page',
    open: true,
    success: { status: 200, description: 'A page.', content: { 'text/html': { schema: { type: 'string' } } } },
    problems: ['internal'],
  },
  'GET /assets/{name}': {
    id: 'getAsset',
    summary: 'Get a style sheet or a script of the pages',
    open: true,
    success: {
      status: 200,
      description: 'The file. Its name changes with its content.',
      content: { 'text/css': { schema: { type: 'string' } }, 'text/javascript': { schema: { type: 'string' } } },
    },
    problems: ['route-unknown', 'internal'],
  },
}

export function openApiDocument() {
  const paths = Object.fromEntries(
    routes.map(({ path, methods }) => [
      path,
      Object.fromEntries((Object.keys(methods) as Method[]).map((method) => [method.toLowerCase(), describe(path, method)])),
    ]),
  )
  return {
    openapi: '3.1.0',
    info: {
      title: 'Stint',
      version: '1',
      description: 'Exchanges a JWT for temporary AWS credentials. Every session is recorded before AWS is called.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    // Relative to where the document is: it is the same file in every deployment.
    servers: [{ url: '/', description: 'The broker that serves this document.' }],
    tags: tags.map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: Object.fromEntries(
        Object.entries(schemas).map(([name, schema]) => [
          name,
          withoutDialect({ ...toJsonSchema(schema as GenericSchema, { errorMode: 'ignore' }) }),
        ]),
      ),
    },
  }
}

const withoutDialect = ({ $schema: _dialect, ...schema }: { $schema?: unknown; [member: string]: unknown }) => schema

/** By their name; `id` by the beginning of the path. */
const pathParameters: { readonly [name: string]: string } = {
  sessions: 'The ID of the session.',
  profiles: 'The ID of the profile.',
  requests: 'The ID of the request.',
  decide: 'The ID of the request.',
  freezes: 'The ID of the freeze.',
  request: 'The ID of the request, or of another journal.',
  seq: 'The place of the event in its journal, from 0.',
  path: 'The path of the object in the log, such as `checkpoint`.',
  profile: 'The ID of the profile.',
  name: 'The name of the file, as the page has it.',
}

function describe(path: string, method: Method) {
  const operation: Description = operations[`${method} ${path}` as Operation]
  const names = [...path.matchAll(/\{([^}]*)\}/g)].map((found) => found[1])
  const parameters = [
    ...names.map((name = '') => ({
      name,
      in: 'path',
      required: true,
      description: pathParameters[name === 'id' ? (path.split('/')[1] ?? '') : name] ?? '',
      schema: { type: 'string' },
    })),
    ...(operation.parameters ?? []),
  ]
  const { success } = operation
  return {
    operationId: operation.id,
    tags: [tagOf(path)],
    summary: operation.summary,
    security: operation.open ? [] : [{ bearer: [] }],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(operation.body ? { requestBody: { required: true, content: json(operation.body) } } : {}),
    ...(operation.form
      ? { requestBody: { required: true, content: { 'application/x-www-form-urlencoded': { schema: ref(operation.form) } } } }
      : {}),
    responses: {
      ...Object.fromEntries(
        [success, ...(operation.also ?? [])].map(({ status, description, headers, content }) => [
          status,
          { description, ...defined({ headers, content }) },
        ]),
      ),
      ...problemResponses(operation.problems, `${method} ${path}` as Operation),
    },
  }
}

/** The groups of the document, by the beginnings of their paths. The last one holds all others. */
const tags = [
  ['Sessions', 'Temporary credentials, and the sessions that they belong to.', '/sessions', '/credentials', '/token', '/profiles'],
  ['Requests', 'Requests for approval, and decisions on them.', '/requests'],
  ['Freezes', 'The kill switch.', '/freezes'],
  ['Audit', 'Events, receipts and the transparency log.', '/audit'],
  ['Slack', 'Links between people and their Slack users, and what Slack sends.', '/slack'],
  [
    'Pages',
    'Pages for a browser.',
    ...['/', '/access', '/end', '/console', '/decide', '/activity', '/link'],
    '/sign-in',
    '/sign-out',
    '/signed-out',
    '/docs',
    '/assets',
  ],
  ['Service', 'Metadata and health.'],
] as const

const tagOf = (path: string): string =>
  (tags.find(([, , ...beginnings]) =>
    beginnings.some((beginning) => path === beginning || (beginning !== '/' && path.startsWith(`${beginning}/`))),
  ) ?? tags.at(-1))?.[0] ?? ''

const containerOperations: readonly Operation[] = ['GET /credentials/{profile}', 'GET /sessions/{id}/credentials']
/** Endpoints with a protocol of their own return errors in its format, and RFC 6749 §5.2 defines its own statuses. */
function problemResponses(codes: readonly ProblemCode[], operation: Operation) {
  const content = containerOperations.includes(operation)
    ? { ...json('ContainerProblem'), ...shellCode }
    : operation === 'POST /token'
      ? json('TokenProblem')
      : {
          'application/problem+json': { schema: ref('Problem') },
          ...(tagOf(operation.slice(operation.indexOf('/'))) === 'Pages' ? page : shellCode),
        }
  const byStatus = new Map<number, ProblemCode[]>(operation === 'POST /token' ? [[401, []]] : [])
  for (const code of codes) {
    const status = operation === 'POST /token' ? tokenStatus(code) : problems[code].status
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries(
    [...byStatus]
      .sort(([a], [b]) => a - b)
      .map(([status, list]) => [
        status,
        { description: list.length === 0 ? '`invalid_client`' : list.map((code) => `\`${code}\``).join(', '), content },
      ]),
  )
}
