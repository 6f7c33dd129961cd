/** An example of each body, made from its schema: the value of a property goes by its name. */
import { choicesOf, nameOf, type Operation, resolved, type Schema } from './schema.ts'

const REQUEST = 'req_01KB3Z8Q5M7W2X4Y6A8C0E1G3J'
const SESSION = `${REQUEST}.7h2k9m4p`
const ROLE = 'arn:aws:iam::111122223333:role/stint/Reader'
const ASSUMED = 'arn:aws:sts::111122223333:assumed-role/Reader/erin.7h2k9m4p'
const TIME = '2026-11-28T12:00:00.000Z'
const LATER = '2026-11-28T12:30:00.000Z'

/** By the name of a property and, where that is not enough, by the schema that it is in. */
const values: { readonly [name: string]: unknown } = {
  id: REQUEST,
  requestId: REQUEST,
  request_id: REQUEST,
  extends: 'req_01KB3X5N2J4T8V0W2Y4Z6B8D0F',
  session: SESSION,
  issuer: 'people',
  subject: 'erin',
  user: 'U0ERIN',
  team: 'T0ACME',
  kind: 'human',
  name: 'Erin Engineer',
  identity: 'acme.erin',
  fullSubject: 'erin',
  profile: 'orders-reader',
  description: 'Read the orders bucket',
  target: 'prod',
  account: '111122223333',
  AccountId: '111122223333',
  region: 'eu-central-1',
  roleArn: ROLE,
  assumedRoleArn: ASSUMED,
  assumedRoleId: 'AROAEXAMPLEROLEID0000:erin.7h2k9m4p',
  sessionName: 'erin.7h2k9m4p',
  sourceIdentity: 'acme.erin',
  accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
  AccessKeyId: 'ASIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  SecretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  sessionToken: 'IQoJb3JpZ2luX2VjEXAMPLE',
  SessionToken: 'IQoJb3JpZ2luX2VjEXAMPLE',
  Token: 'IQoJb3JpZ2luX2VjEXAMPLE',
  awsRequestId: 'c6104cbe-af31-11e0-8154-cbc7ccf896c7',
  packedPolicySize: 12,
  sends: 1,
  justification: 'INC-7: orders are late',
  ticket: 'INC-7',
  comment: 'Ask the data team next time',
  text: 'Read only, as the justification says',
  parameters: { bucket: 'acme-orders' },
  tags: { team: 'orders' },
  duration: '30m',
  renew: 1800,
  default: '30m',
  window: '1h',
  expiresAfter: '1h',
  uses: 1,
  usesLeft: 1,
  count: 1,
  missing: 1,
  max: '1h',
  maxUses: 1,
  approvers: 1,
  pattern: '[a-z-]+',
  termsHash: '3f1c'.repeat(16),
  policy: [{ Effect: 'Allow', Action: ['s3:GetObject'], Resource: 'arn:aws:s3:::acme-orders/*' }],
  policyArns: [],
  narrow: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::acme-orders/july/*' }] },
  channel: 'api',
  code: 'not-eligible',
  Code: 'not-eligible',
  title: 'You are not eligible for this profile',
  detail: 'Your token does not match a rule of this profile.',
  Message: 'not-eligible: Your token does not match a rule of this profile.',
  next: 'Ask the owners of stint.config.ts for access.',
  trace: '4bf92f3577b34da6a3ce929d0e0e4736',
  error: 'invalid_target',
  error_description: 'Profile not found, or not visible to you.',
  expires_in: 1800,
  signInUrl: 'https://signin.aws.amazon.com/federation?Action=login&SigninToken=EXAMPLE',
  subject_token: 'eyJhbGciOiJFUzI1NiJ9.EXAMPLE.EXAMPLE',
  subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
  resource: 'orders-reader',
  build: '0.1.0+2f5c1b9a7d3e',
  config: '584d'.repeat(16),
  client_id: 'stint-cli',
  resource_name: 'Stint',
  terms: { v: 1, profile: 'orders-reader', role: ROLE },
  event: { v: 4, type: 'session.issued', request: REQUEST, at: TIME, session: SESSION },
  issuers: { people: 'up' },
}
const byPlace: { readonly [place: string]: unknown } = {
  'Session.id': SESSION,
  'ConsoleSession.id': SESSION,
  'SessionView.id': SESSION,
  'EndedSession.id': SESSION,
  'sessions.id': SESSION,
  'live.id': SESSION,
  'Profile.id': 'orders-reader',
  'profiles.id': 'orders-reader',
  'Freeze.id': `frz_${'3k5m7p9r'.repeat(3)}1a`,
  'freezes.id': `frz_${'3k5m7p9r'.repeat(3)}1a`,
  'Freeze.name': `frz_${'3k5m7p9r'.repeat(3)}1a.0`,
  'freezes.name': `frz_${'3k5m7p9r'.repeat(3)}1a.0`,
  'scope.id': 'orders-reader',
  'Event.id': `${REQUEST}/2`,
  'events.id': `${REQUEST}/2`,
  'Problem.type': '/docs#not-eligible',
  'RequestsPage.next': 'eyJhdCI6IjIwMjYifQ',
  'SessionsPage.next': 'eyJhdCI6IjIwMjYifQ',
  'EventsPage.next': 'eyJhdCI6IjIwMjYifQ',
  'Profiles.next': 'eyJhdCI6IjIwMjYifQ',
  'parameters.max': 64,
}
/** Properties that most bodies do not have. An example of every property would be no example. */
const rare = new Set([
  'fullSubject',
  'moreJustifications',
  'unattendedAt',
  'lastingAccess',
  'failure',
  'endedBy',
  'endedAt',
  'renewed',
  'decidedBy',
  'decidedAt',
  'decisionComment',
  'extends',
])

/** The example of a schema. `place`: the name of the schema, or of the property that it is in. */
export function exampleOf(schema: Schema, place = nameOf(schema) ?? ''): unknown {
  const { type, const: only, enum: listed, properties, required = [], items, additionalProperties, format } = resolved(schema)
  const choices = choicesOf(resolved(schema))
  if (only !== undefined) return only
  if (listed) return listed[0]
  if (choices) return exampleOf(choices[0] as Schema, place)
  if (type === 'array') return items ? [exampleOf(items, nameOf(items) ?? place)] : []
  if (properties)
    return Object.fromEntries(
      Object.entries(properties).flatMap(([name, property]) =>
        rare.has(name) && !required.includes(name) ? [] : [[name, exampleOfProperty(name, property, place)]],
      ),
    )
  if (type === 'object') return typeof additionalProperties === 'object' ? { bucket: exampleOf(additionalProperties, place) } : {}
  if (format === 'date-time') return TIME
  return type === 'number' || type === 'integer' ? 1 : type === 'boolean' ? false : 'text'
}

function exampleOfProperty(name: string, property: Schema, place: string): unknown {
  const given = byPlace[`${place}.${name}`] ?? values[name]
  if (given !== undefined && fits(given, property)) return given
  const whole = exampleOf(property, name)
  return whole === TIME && /^(expir|credentialsExpire|identityProof)/i.test(name) ? LATER : whole
}

/** Whether the value has the type of the schema. */
function fits(value: unknown, schema: Schema): boolean {
  const { type, enum: listed, const: only, format, properties, additionalProperties: others } = resolved(schema)
  const choices = choicesOf(resolved(schema))
  if (only !== undefined || format !== undefined || properties) return false
  if (listed) return listed.includes(value)
  if (choices) return choices.some((choice) => fits(value, choice))
  if (type === undefined) return true
  if (type === 'array') return Array.isArray(value)
  if (typeof others === 'object') return Object.values(value as object).every((one) => fits(one, others))
  if (type === 'integer') return Number.isInteger(value)
  return typeof value === type
}

/** The body to send, without what only some calls need. */
export const bodies: { readonly [operationId: string]: object } = {
  createSession: { profile: 'orders-reader', justification: values.justification, duration: '30m' },
  renewSession: { format: 'json' },
  createRequest: { profile: 'orders-reader', justification: values.justification, duration: '30m' },
  extendRequest: { justification: 'INC-7: still late' },
  approveRequest: { comment: values.comment, duration: '15m' },
  denyRequest: { comment: values.comment },
  cancelRequest: {},
  revokeRequest: { comment: values.comment },
  reviewRequest: { text: values.text },
  createFreeze: { scope: { kind: 'profile', id: 'orders-reader' }, justification: 'INC-7' },
  createSlackLink: { by: 'code' },
  confirmSlackLink: { team: 'T0ACME', user: 'U0ERIN' },
}

/** The value of a parameter in the path. */
export const placeholders: { readonly [operation: string]: string } = {
  request: 'REQUEST',
  seq: '0',
  profile: 'PROFILE',
  path: 'checkpoint',
}

/** The same with the command line, where it has a command for it. */
export const commands: { readonly [operationId: string]: string } = {
  listSessions: 'stint sessions',
  createSession: 'stint exec orders-reader -j "INC-7: orders are late" -- aws s3 ls',
  getSession: `stint show ${SESSION}`,
  endSession: `stint end ${SESSION}`,
  renewSession: 'stint exec orders-reader -- COMMAND   # renews by itself',
  listProfiles: 'stint profiles',
  getProfile: 'stint profiles orders-reader',
  listRequests: 'stint requests',
  createRequest: 'stint request orders-reader -j "INC-7: orders are late"',
  getRequest: `stint show ${REQUEST}`,
  extendRequest: `stint extend ${REQUEST} -j "INC-7: still late"`,
  approveRequest: `stint approve ${REQUEST} --duration 15m`,
  denyRequest: `stint deny ${REQUEST}`,
  cancelRequest: `stint cancel ${REQUEST}`,
  revokeRequest: `stint revoke ${REQUEST}`,
  reviewRequest: `stint review ${REQUEST} -m "Read only, as the justification says"`,
  createFreeze: 'stint freeze --profile orders-reader -j "INC-7"',
  releaseFreeze: `stint unfreeze frz_${'3k5m7p9r'.repeat(3)}1a`,
  listEvents: 'stint audit export --since 2026-11-01T00:00:00Z',
  getLogObject: 'stint audit copy --to log',
  getSlackLink: 'stint slack status',
  createSlackLink: 'stint slack link',
  deleteSlackLink: 'stint slack unlink',
  getHealth: 'stint status',
}

/** A call that can be pasted into a shell. `STINT` is the URL of the broker, `TOKEN` a token. */
export function curlOf(method: string, path: string, { operationId, security, requestBody }: Operation): string {
  const filled = path.replace(/\{([^}]*)\}/g, (_whole, name: string) =>
    name === 'id' ? idOf(path) : (placeholders[name] ?? name.toUpperCase()),
  )
  const body = bodies[operationId]
  const form = requestBody?.content['application/x-www-form-urlencoded']
  return [
    `curl -sS${method === 'GET' ? '' : ` -X ${method}`} "$STINT${filled}"`,
    ...(security.length > 0 ? ['-H "Authorization: Bearer $TOKEN"'] : []),
    ...(body ? ["-H 'Content-Type: application/json'", `-d '${JSON.stringify(body)}'`] : []),
    ...(form && operationId === 'exchangeToken'
      ? [
          '-d grant_type=urn:ietf:params:oauth:grant-type:token-exchange',
          '-d subject_token_type=urn:ietf:params:oauth:token-type:jwt',
          '--data-urlencode "subject_token=$TOKEN"',
          '-d resource=orders-reader',
        ]
      : []),
  ].join(' \\\n  ')
}
const idOf = (path: string): string => {
  const kind = path.split('/')[1]
  return kind === 'profiles'
    ? 'orders-reader'
    : kind === 'sessions'
      ? SESSION
      : kind === 'freezes'
        ? `frz_${'3k5m7p9r'.repeat(3)}1a`
        : REQUEST
}
