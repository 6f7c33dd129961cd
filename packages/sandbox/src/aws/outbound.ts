/**
 * The issuers of outbound identity federation, one per account that has enabled it. Each serves its discovery document
 * and its keys, as AWS does at `https://ID.tokens.sts.global.api.aws`; the sandbox serves them under a path of the AWS port.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export const signingAlgorithms = ['RS256', 'ES384'] as const
export type SigningAlgorithm = (typeof signingAlgorithms)[number]

type OutboundIssuer = { readonly url: string; readonly jwksUri: string }

/** The path of an account's issuer, below the URL of the sandbox's AWS. */
export const outboundIssuer = (aws: string, account: string): OutboundIssuer => {
  const url = `${aws}/outbound/${account}`
  return { url, jwksUri: `${url}/.well-known/jwks.json` }
}

export type Outbound = {
  /** The accounts that have enabled it. Each account enables it separately. */
  readonly accounts: Set<string>
  /** Undefined if the account has not enabled it. */
  readonly issuerOf: (account: string) => OutboundIssuer | undefined
  readonly sign: (algorithm: SigningAlgorithm, claims: object) => string
  /** The document at this path, or undefined if there is none. */
  readonly document: (path: string) => object | undefined
}

export function createOutbound(aws: string, accounts: Iterable<string>): Outbound {
  const enabled = new Set(accounts)
  const keys = lazily(() => [newKey('RS256'), newKey('ES384')])
  const issuerOf = (account: string) => (enabled.has(account) ? outboundIssuer(aws, account) : undefined)
  return {
    accounts: enabled,
    issuerOf,
    sign(algorithm, claims) {
      const key = keys().find((one) => one.algorithm === algorithm)
      if (!key) throw new TypeError(`no key for ${algorithm}`)
      const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
      const input = `${encode({ alg: algorithm, kid: key.kid, typ: 'JWT' })}.${encode(claims)}`
      const signature = sign(algorithm === 'RS256' ? 'sha256' : 'sha384', Buffer.from(input), {
        key: key.privateKey,
        dsaEncoding: 'ieee-p1363',
      })
      return `${input}.${signature.toString('base64url')}`
    },
    document(path) {
      const [, account = '', name] = /^\/outbound\/(\d{12})\/\.well-known\/(openid-configuration|jwks\.json)$/.exec(path) ?? []
      const issuer = issuerOf(account)
      if (!issuer) return undefined
      if (name === 'jwks.json') return { keys: keys().map(({ jwk }) => jwk) }
      return {
        issuer: issuer.url,
        jwks_uri: issuer.jwksUri,
        response_types_supported: ['id_token'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: signingAlgorithms,
      }
    },
  }
}

/** Created on first use, because RSA keys are slow to generate and most sandboxes never sign. */
function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

type Key = { readonly algorithm: SigningAlgorithm; readonly kid: string; readonly privateKey: KeyObject; readonly jwk: object }

function newKey(algorithm: SigningAlgorithm): Key {
  const { publicKey, privateKey } =
    algorithm === 'RS256' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const kid = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
  return { algorithm, kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' } }
}
