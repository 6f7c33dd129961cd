/**
 * AssumeRoleWithWebIdentity: a JWT of one of the sandbox's issuers, verified through the issuer's discovery document and keys, as
 * AWS does. Source of parameters and codes: AWS STS API Reference, "AssumeRoleWithWebIdentity"; of the condition keys and of tags and
 * source identity in a JWT: IAM User Guide, "Available keys for AWS OIDC federation" and "Pass session tags in AWS STS".
 */

import { boundedFetch } from '@stint/broker/adapters/bounded-fetch'
import { type ContextInput, evaluate } from '@stint/iam'
import { partitionIn } from '@stint/iam/partition'
import { createLocalJWKSet, decodeJwt, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose'
import { currentTrust, type OidcProvider, type Role } from './accounts.ts'
import { checkMaxDuration, openSession, packedSize } from './sts-grant.ts'
import { Parameters, readRole } from './sts-parameters.ts'
import { StsError } from './sts-query.ts'
import type { World } from './world.ts'
import type { Node } from './xml.ts'

export type UnsignedCall = { readonly now: number; readonly sourceIp: string; readonly requestId: string }

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512']
const TOKEN = { characters: /[\s\S]*/, min: 4, max: 20_000 }
const BOUNDS = { timeoutMs: 5000, maxBytes: 200_000 }

export async function assumeRoleWithWebIdentity(world: World, call: UnsignedCall, form: URLSearchParams): Promise<Node> {
  const parameters = new Parameters(form)
  const token = parameters.need('WebIdentityToken', TOKEN)
  const asked = readRole(form, parameters)

  const provider = providerOf(world, token)
  const claims = await verified(token, provider, call.now)
  const role = world.roles.get(asked.roleArn)
  if (!role) throw notAuthorized('AssumeRoleWithWebIdentity') // a missing role is answered like one that denies
  const given = givenBy(claims)
  const web = { provider: arnOf(role, provider), subject: String(claims.sub ?? ''), audience: audienceOf(claims, provider) ?? '' }
  mayEnter(world, call, role, { ...given, web, sessionName: asked.sessionName, host: hostOf(provider), claims })
  checkMaxDuration(role, asked.durationSeconds)
  return openSession(world, role, call.now, asked, {
    chained: false,
    packed: packedSize(asked.policyText, given.tags),
    tags: given.tags,
    transitiveTagKeys: given.transitiveTagKeys,
    ...(given.sourceIdentity === undefined ? {} : { sourceIdentity: given.sourceIdentity }),
    web,
  })
}

const hostOf = ({ url }: Pick<OidcProvider, 'url'>): string => url.replace(/^https?:\/\//, '')
const arnOf = (role: Role, provider: Pick<OidcProvider, 'url'>): string =>
  `arn:${partitionIn(role.arn)}:iam::${role.account}:oidc-provider/${hostOf(provider)}`

const notAuthorized = (action: string) => new StsError(403, 'AccessDenied', `Not authorized to perform sts:${action}`)
const invalidToken = (message: string) => new StsError(400, 'InvalidIdentityToken', message)

type Provider = Omit<OidcProvider, 'arn'>

/** The issuer that the token names, before anything is verified: it only selects one of the providers that the account has. */
function providerOf(world: World, token: string): Provider {
  let issuer: string
  try {
    issuer = String(decodeJwt(token).iss ?? '')
  } catch {
    throw invalidToken('The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)')
  }
  const found = world.oidcProviders.get(issuer.replace(/^https?:\/\//, ''))
  if (found?.url !== issuer) throw invalidToken(`No OpenIDConnect provider found in your account for ${issuer}`)
  return found
}

async function verified(token: string, provider: Provider, now: number): Promise<JWTPayload> {
  const keys = createLocalJWKSet(await keysOf(provider))
  let claims: JWTPayload
  try {
    claims = (await jwtVerify(token, keys, { issuer: provider.url, algorithms: ALGORITHMS, currentDate: new Date(now) })).payload
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new StsError(400, 'ExpiredTokenException', 'Token expired')
    if (error instanceof errors.JOSEError) throw invalidToken('The web identity token that was passed could not be validated.')
    throw error
  }
  if (claims.exp === undefined || claims.iat === undefined) throw invalidToken('Missing a required claim: exp and iat are required.')
  if (audienceOf(claims, provider) === undefined) throw invalidToken('Incorrect token audience')
  return claims
}

/** By discovery, as AWS reads it: the document must name the issuer that serves it. */
async function keysOf({ url }: Provider): Promise<JSONWebKeySet> {
  const failed = () =>
    invalidToken(
      "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements",
    )
  const read = async (from: string): Promise<unknown> => {
    const answer = await boundedFetch(from, BOUNDS).catch(() => undefined)
    if (!answer?.ok) throw failed()
    try {
      return JSON.parse(answer.text())
    } catch {
      throw failed()
    }
  }
  const discovery = (await read(`${url}/.well-known/openid-configuration`)) as { readonly issuer?: unknown; readonly jwks_uri?: unknown }
  if (discovery.issuer !== url || typeof discovery.jwks_uri !== 'string') throw failed()
  // Keys from another origin than the issuer's would let a document point anywhere on this machine.
  if (new URL(discovery.jwks_uri).origin !== new URL(url).origin) throw failed()
  const jwks = (await read(discovery.jwks_uri)) as { readonly keys?: unknown }
  if (!Array.isArray(jwks.keys)) throw failed()
  return jwks as JSONWebKeySet
}

/** The audience that the provider knows. With several audiences, `azp` decides. */
function audienceOf({ aud, azp }: JWTPayload, { audiences }: Provider): string | undefined {
  const named = typeof azp === 'string' ? [azp] : []
  return [...named, ...[aud ?? []].flat()].find((one) => audiences.includes(one))
}

type Given = {
  readonly tags: Readonly<Record<string, string>>
  readonly transitiveTagKeys: readonly string[]
  readonly sourceIdentity?: string
}

/** Session tags and the source identity come from claims of the JWT: this operation has no parameters for them. */
function givenBy(claims: JWTPayload): Given {
  const sourceIdentity = claims['https://aws.amazon.com/source_identity']
  const tags = claims['https://aws.amazon.com/tags'] as
    | { readonly principal_tags?: Readonly<Record<string, readonly string[]>>; readonly transitive_tag_keys?: readonly string[] }
    | undefined
  return {
    tags: Object.fromEntries(Object.entries(tags?.principal_tags ?? {}).map(([key, values]) => [key, String(values[0] ?? '')])),
    transitiveTagKeys: (tags?.transitive_tag_keys ?? []).map(String),
    ...(typeof sourceIdentity === 'string' ? { sourceIdentity } : {}),
  }
}

type Entry = Given & {
  readonly web: { readonly provider: string; readonly audience: string; readonly subject: string }
  readonly sessionName: string
  readonly host: string
  readonly claims: JWTPayload
}

function mayEnter(world: World, call: UnsignedCall, role: Role, entry: Entry): void {
  const { tags, sourceIdentity, web, host, claims } = entry
  const keys = Object.keys(tags)
  const context: ContextInput = {
    'aws:CurrentTime': new Date(call.now).toISOString(),
    'aws:EpochTime': String(Math.floor(call.now / 1000)),
    'aws:SourceIp': call.sourceIp,
    'aws:SecureTransport': 'false',
    'aws:FederatedProvider': web.provider,
    [`${host}:aud`]: web.audience,
    [`${host}:sub`]: web.subject,
    [`${host}:amr`]: Array.isArray(claims.amr) ? claims.amr.map(String) : undefined,
    'sts:RoleSessionName': entry.sessionName,
    'sts:SourceIdentity': sourceIdentity,
    'aws:TagKeys': keys.length > 0 ? keys : undefined,
    'sts:TransitiveTagKeys': entry.transitiveTagKeys.length > 0 ? entry.transitiveTagKeys : undefined,
    ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value])),
  }
  const actions = [
    'AssumeRoleWithWebIdentity',
    ...(keys.length > 0 ? ['TagSession'] : []),
    ...(sourceIdentity === undefined ? [] : ['SetSourceIdentity']),
  ]
  for (const action of actions) {
    const decision = evaluate({
      principal: {
        arn: `arn:${partitionIn(role.arn)}:sts::${role.account}:federated-user`,
        account: role.account,
        federated: web.provider,
      },
      action: `sts:${action}`,
      resource: { arn: role.arn, account: role.account },
      context,
      identity: [],
      resourcePolicy: currentTrust(world.accounts, role.trust).policy,
      resourcePolicyDecides: true,
    })
    if (!decision.allowed) throw notAuthorized(action)
  }
}
