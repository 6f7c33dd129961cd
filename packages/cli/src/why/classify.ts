/**
 * Reads a message with which AWS denied a call: which layer denied it, whether by a Deny statement, and which call it was. Pure. The
 * table beside it, `denials.txt`, has the known forms with their sources.
 *
 * Source of the forms: AWS IAM User Guide, "Troubleshoot access denied error messages". AWS names one layer, even if several deny.
 * Some services answer in words of their own, and across accounts most name no layer.
 */
import { assumedRole } from '@stint/iam'

export type Layer =
  | 'expired'
  | 'credentials'
  | 'clock'
  | 'session'
  | 'identity'
  | 'boundary'
  | 'scp'
  | 'rcp'
  | 'endpoint'
  | 'resource'
  | 'trust'
  /** The account does not know the identity provider of a web identity token, or expects another audience. */
  | 'provider'
  /** A setting or a permission of the service itself, outside IAM. */
  | 'service'
  /** AWS denied the call without naming a layer. */
  | 'unnamed'

export type Denial = {
  readonly layer: Layer
  /** `explicit`: a Deny statement. `implicit`: no statement allows the call. Undefined if the message does not tell. */
  readonly effect?: 'explicit' | 'implicit'
  readonly action?: string
  readonly resource?: string
  readonly principal?: string
  readonly account?: string
  /** The name of the role of the session that made the call. */
  readonly role?: string
  /** The ID of the Stint session, by which `stint show` finds it. */
  readonly session?: string
  /** The ARN of the policy that denied. AWS names it within one account or organization. */
  readonly policyArn?: string
  /** The message has an encoded part, which `aws sts decode-authorization-message` decodes. */
  readonly encoded: boolean
}

/** The longest message that is read, in characters. An encoded part has a few thousand. */
export const MAX_MESSAGE_CHARACTERS = 16_384

const MAX_DENIALS = 5

/**
 * The denials in a text, in order, each once. A text can hold the errors of several calls, and what one says must not be mixed with what
 * another says. `unread`: how many more there are.
 */
export function classifyAll(message: string): { readonly denials: readonly Denial[]; readonly unread: number } {
  const found = partsOf(message.slice(0, MAX_MESSAGE_CHARACTERS)).flatMap((part) => classify(part) ?? [])
  const whole = found.length === 0 ? classify(message) : undefined
  const all = [...new Map((whole ? [whole] : found).map((one) => [JSON.stringify(one), one])).values()]
  return { denials: all.slice(0, MAX_DENIALS), unread: Math.max(0, all.length - MAX_DENIALS) }
}

/**
 * How the errors of tools and SDKs begin. An error can have several of these, one within the other, and then they come in this order:
 * that of Terraform, that of a runtime, that of an SDK, that of AWS.
 */
const BEGINNINGS =
  /^(?<tool>Error: )|^(?<runtime>(?:Caused by: )?\w+[.$:][\w.$:]*[\w$](?:Exception|Error|Denied)\b)|(?<sdk>\bAn error occurred \(|\boperation error [\w ]{1,60}: \w|<Error>|^fatal error: )|(?<aws>\bUser: \S+ is not authorized to perform\b)/gm
const ORDER = ['tool', 'runtime', 'sdk', 'aws'] as const

function partsOf(message: string): readonly string[] {
  const text = unframed(message)
  const starts: number[] = [0]
  let deepest = -1
  for (const { index, groups = {} } of text.matchAll(BEGINNINGS)) {
    const rank = ORDER.findIndex((name) => groups[name] !== undefined)
    // Not before the first beginning: what stands there belongs to it.
    if (rank <= deepest) starts.push(index)
    deepest = rank
  }
  return starts.map((start, at) => text.slice(start, starts[at + 1]))
}

/** Undefined: this is no denial that AWS is known to send. */
export function classify(message: string): Denial | undefined {
  const text = plain(message)
  const layer = layerOf(text)
  if (layer === undefined) return undefined
  const principal = first(text, /\bUser: (\S+) is not authorized/i) ?? first(text, /(arn:aws[a-z-]*:(?:sts|iam)::\S+) is not authorized/i)
  const action = actionOf(text)
  const resource = first(text, /on (?:the )?resource:? "?(arn:aws[a-z-]*:[^\s"'<]+|\*(?!\*))/i)?.replace(/[.,;)]+$/, '')
  const policyArn = first(text, /explicit deny in (?:a|an|the) [a-z -]+: (arn:aws[a-z-]*:[^\s"<]+)/i)?.replace(/[.,;)]+$/, '')
  const role = assumedRole(principal ?? '')
  const session = role && SESSION.exec(role.session)?.[1]
  const account = role?.account ?? (principal === undefined ? undefined : ACCOUNT.exec(principal)?.[1])
  return {
    ...layer,
    ...(action === undefined ? {} : { action }),
    ...(resource === undefined ? {} : { resource: masked(resource) }),
    ...(principal === undefined ? {} : { principal: masked(principal) }),
    ...(account === undefined ? {} : { account }),
    ...(role ? { role: role.role } : {}),
    ...(session === undefined ? {} : { session }),
    ...(policyArn === undefined ? {} : { policyArn }),
    encoded: /Encoded (?:authorization )?failure(?: message)?:/i.test(text),
  }
}

/** `ISSUER.NAME-req_ID.SESSION`: the name that Stint gives to a session. */
const SESSION = /-((?:req|lnk)_[0-9a-z]{26}\.[0-9A-Za-z]{8})$/
const ACCOUNT = /^arn:aws[a-z-]*:(?:iam|sts)::(\d{12}):/

/** One line, without the escapes of JSON and XML. */
const plain = (message: string): string =>
  unframed(message.slice(0, MAX_MESSAGE_CHARACTERS))
    .replace(/\\n|\\t/g, ' ')
    .replaceAll('\\"', '"')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replace(/\s+/g, ' ')
    .trim()

/** Terraform draws a line at the left of each error, with or without colours. */
const unframed = (message: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the colours of a terminal
  message.replace(/\u001B\[[0-9;]*m/g, '').replace(/^[ \t]*[│┃╷╵|][ \t]?/gm, '')

const first = (text: string, pattern: RegExp): string | undefined => pattern.exec(text)?.[1]

/** An access key ID is no secret, but it is of no use here either. */
const masked = (text: string): string => text.replace(/\b(A[KS]IA)[A-Z0-9]{12,}/g, '$1…')

function actionOf(text: string): string | undefined {
  return (
    first(text, /not authorized to perform:? ([a-z0-9-]+:[a-z0-9*]+)/i) ??
    first(text, /allows the ([a-z0-9-]+:[a-z0-9*]+) action/i) ??
    first(text, /\bCould not (?:perform|call) ([a-z0-9-]+:[A-Za-z0-9]+)/) ??
    // CloudFormation, and AWS's console.
    first(text, /\bAPI: ([a-z0-9-]{1,64}:[A-Za-z0-9]{1,128}) /) ??
    first(text, /\bdon['’]t have permissions? to (?:perform )?([a-z0-9-]{1,64}:[A-Za-z0-9]{1,128})\b/i) ??
    // IAM database authentication names no action: it is always this one.
    (/PAM authentication failed for user/i.test(text) ? 'rds-db:connect' : undefined)
  )
}

type Found = Pick<Denial, 'layer' | 'effect'>

/** In order: what AWS says about policies is exact, so it comes before the codes, which services use loosely. */
function layerOf(text: string): Found | undefined {
  return namedLayer(text) ?? forms.find(({ pattern }) => pattern.test(text))?.found
}

/** `because no TYPE allows …` and `with an explicit deny in a TYPE`. */
function namedLayer(text: string): Found | undefined {
  const [, through] = /with an explicit deny in [a-z -]+? transitively through an? ([a-z -]+?(?:policy|boundary))\b/i.exec(text) ?? []
  const [, denied] = /with an explicit deny in (?:an?|the) ([a-z -]+?(?:polic(?:y|ies)|boundary|boundaries))\b/i.exec(text) ?? []
  const [, missing] = /because no ([a-z -]+?(?:polic(?:y|ies)|boundary|boundaries)) allows?\b/i.exec(text) ?? []
  const word = through ?? denied ?? missing
  if (word === undefined) return undefined
  const effect = missing !== undefined && denied === undefined ? 'implicit' : 'explicit'
  const layer = policyTypes.find(([pattern]) => pattern.test(word))?.[1] ?? 'unnamed'
  const trust = layer === 'resource' && /^sts:(AssumeRole|TagSession|SetSourceIdentity)/i.test(actionOf(text) ?? '')
  return { layer: trust ? 'trust' : layer, effect }
}

/** The words of AWS for the types of policies. */
const policyTypes: readonly (readonly [word: RegExp, layer: Layer])[] = [
  [/^sessions? polic/i, 'session'],
  [/^identity-based polic/i, 'identity'],
  [/^permissions? boundar/i, 'boundary'],
  [/^service control polic/i, 'scp'],
  [/^resource control polic/i, 'rcp'],
  [/^vpc endpoint polic/i, 'endpoint'],
  [/trust polic/i, 'trust'],
  [/^(resource-based|bucket|key|repository|queue|topic|access point) polic/i, 'resource'],
]

/** Other forms, most telling first. */
const forms: readonly { readonly pattern: RegExp; readonly found: Found }[] = [
  // S3 Block Public Access and encryption settings.
  { pattern: /prevented by the \w+ setting in S3 Block Public Access/i, found: { layer: 'service', effect: 'explicit' } },
  { pattern: /this bucket has blocked upload requests that specify/i, found: { layer: 'service', effect: 'explicit' } },
  { pattern: /Insufficient Lake Formation permission/i, found: { layer: 'service' } },
  { pattern: /don['’]t have access to the model with the specified model ID|Model access is denied due to/i, found: { layer: 'service' } },
  // KMS, for a key that is in another account or does not exist: it does not say which.
  { pattern: /no resource-based policies allow access, or a resource-based policy explicitly denies/i, found: { layer: 'resource' } },
  { pattern: /ciphertext refers to a customer master key that does not exist/i, found: { layer: 'resource' } },
  { pattern: /Access to KMS is not allowed/i, found: { layer: 'resource' } },
  { pattern: /\bKMS access was denied|unable to (?:en|de)crypt[^.]{0,60} because KMS\b/i, found: { layer: 'resource' } },
  // The service's own permissions, outside IAM.
  { pattern: /All access to this (?:object|bucket) has been disabled|\bAllAccessDisabled\b/i, found: { layer: 'service' } },
  { pattern: /You must be logged in to the server|server has asked for the client to provide credentials/i, found: { layer: 'service' } },
  { pattern: /\bno permissions for \[[^\]]{1,200}\] and User \[/i, found: { layer: 'service' } },
  // A web identity: the account knows no such provider, or the provider's entry has another audience.
  {
    pattern: /No OpenIDConnect provider found|Incorrect token audience|\bInvalidIdentityToken(Exception)?\b|\bIDPCommunicationError/i,
    found: { layer: 'provider' },
  },
  { pattern: /Roles may not be assumed by root accounts/i, found: { layer: 'trust' } },
  // These calls are not signed by a principal, so only the trust policy can deny them.
  { pattern: /Not authorized to perform sts:AssumeRoleWith(WebIdentity|SAML)/i, found: { layer: 'trust' } },
  // Clocks come before codes: an old signature has the code of a wrong one.
  { pattern: /Signature expired|Signature not yet current|RequestTimeTooSkewed|current time is too large/i, found: { layer: 'clock' } },
  { pattern: /Request signature is too far in the past/i, found: { layer: 'clock' } },
  { pattern: /\bExpiredToken(Exception)?\b|\bRequestExpired\b|\bTokenRefreshRequired\b/, found: { layer: 'expired' } },
  { pattern: /(token|credentials?)\b[^.]{0,60}\b(is|has|have|are) expired/i, found: { layer: 'expired' } },
  { pattern: /security token included in the request is invalid|security token .{0,20}is malformed/i, found: { layer: 'credentials' } },
  { pattern: /\b(InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId|InvalidToken)\b/, found: { layer: 'credentials' } },
  { pattern: /request signature we calculated does not match|\bSignatureDoesNotMatch\b/, found: { layer: 'credentials' } },
  { pattern: /missing authentication token|MissingAuthenticationToken|IncompleteSignature/i, found: { layer: 'credentials' } },
  {
    pattern: /Unable to locate credentials|AWS was not able to validate the provided access credentials/i,
    found: { layer: 'credentials' },
  },
  { pattern: /\bSSO session associated with this profile has expired|\bError loading SSO Token\b/i, found: { layer: 'expired' } },
  { pattern: /AWS Access Key Id you provided does not exist in our records/i, found: { layer: 'credentials' } },
  { pattern: /\b(NoCredentialProviders|CredentialsProviderError|MissingCredentialsError)\b/, found: { layer: 'credentials' } },
  {
    pattern:
      /No valid credential sources found|Unable to load (?:AWS )?credentials from any (?:of the )?providers?|Could not load credentials from any providers|failed to (?:refresh cached|retrieve) credentials|no basic auth credentials/i,
    found: { layer: 'credentials' },
  },
  // Without the type of the policy.
  { pattern: /with an explicit deny\b/i, found: { layer: 'unnamed', effect: 'explicit' } },
  {
    pattern: /is not authorized to perform|not authorized to perform sts:|not authorized to perform this operation/i,
    found: { layer: 'unnamed' },
  },
  {
    pattern: /\b(AccessDenied(Exception)?|UnauthorizedOperation|AuthorizationError|AuthorizationErrorException)\b/,
    found: { layer: 'unnamed' },
  },
  {
    pattern:
      /^Access Denied\b|\bAccess Denied\.? \(Service: |(?:Exception|Error|Errors::AccessDenied)\b[:( ]{1,3}Access Denied\b|\bAPI: [a-z0-9-]{1,64}:[A-Za-z0-9]{1,128} Access Denied\b|not authorized to access (this|the) resource|Access to the resource \S+ is denied/i,
    found: { layer: 'unnamed' },
  },
  {
    pattern:
      /\bnot authorized to use launch template|\bdon['’]t have permissions? to (?:perform )?[a-z0-9-]{1,64}:[A-Za-z0-9]{1,128}\b|\bInsufficient permissions to execute the query/i,
    found: { layer: 'unnamed' },
  },
  {
    pattern: /PAM authentication failed for user|git-codecommit\.[^\s]{1,100}: The requested URL returned error: 403/i,
    found: { layer: 'unnamed' },
  },
  { pattern: /\bStatus ?Code: 403\b/, found: { layer: 'unnamed' } },
  { pattern: /\b403\b.{0,120}\bForbidden\b|\bForbidden\b.{0,20}\b403\b/, found: { layer: 'unnamed' } },
]
