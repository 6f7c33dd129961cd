/**
 * The key of the log. In KMS it never leaves AWS, and only the shipper may use it (AWS KMS Developer Guide, "Key spec reference":
 * ECC_NIST_EDWARDS25519 with ED25519_SHA_512 over the raw message is plain RFC 8032).
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms'
import { brief } from '@stint/core/audit/event'
import { verifyEd25519 } from '@stint/tlog/ed25519'
import { type Signer, Trouble } from '../ports/log.ts'
import type { Clock } from '../ports/runtime.ts'
import { type AwsKeys, atEndpoint, clientConfig, handlers } from './aws.ts'
import { regionalEndpoint } from './endpoints.ts'

type KmsSettings = {
  /** The name of the log. */
  readonly origin: string
  /** Key ID, ARN or alias. */
  readonly key: string
  readonly region: string
  readonly keys: AwsKeys
  readonly endpoint?: string
  readonly clock: Clock
}

const CONNECT_MS = 1000
const ANSWER_MS = 5000
/** A public key and a signature take less than 1 KB. */
const MOST_BYTES = 64 * 1024
const SENDS = 3
/** A raw Ed25519 key is the end of its DER SubjectPublicKeyInfo (RFC 8410 §4). */
const RAW_BYTES = 32
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
const KEY_SPEC = 'ECC_NIST_EDWARDS25519'
const ALGORITHM = 'ED25519_SHA_512'

export async function kmsSigner({ origin, key, region, keys, endpoint, clock }: KmsSettings): Promise<Signer> {
  const client = new KMSClient({
    ...clientConfig(keys, clock),
    maxAttempts: SENDS,
    region,
    ...atEndpoint(endpoint ?? regionalEndpoint('kms', region)),
    requestHandler: handlers(CONNECT_MS)(MOST_BYTES, ANSWER_MS),
  })
  const asked = async <T>(call: Promise<T>): Promise<T> =>
    call.catch((error: Error) => {
      throw new Trouble(`kms: ${error.name}: ${brief(error.message)}`)
    })
  const { KeyId: arn, ...own } = await asked(client.send(new GetPublicKeyCommand({ KeyId: key })))
  const publicKey = rawKeyIn(own.PublicKey)
  const signs = own.KeySpec === KEY_SPEC && own.KeyUsage === 'SIGN_VERIFY' && own.SigningAlgorithms?.includes(ALGORITHM)
  if (!isNamed(arn, key, region) || !signs || !publicKey) throw new Trouble('kms: the response does not show the public key of the log')
  return {
    key: { name: origin, kind: 'signer', publicKey },
    async sign(message) {
      // Sign by the ARN that came with the public key: an alias may point to another key by now.
      const command = new SignCommand({ KeyId: arn, Message: message, MessageType: 'RAW', SigningAlgorithm: ALGORITHM })
      const { KeyId, Signature, SigningAlgorithm } = await asked(client.send(command))
      const fits = KeyId === arn && SigningAlgorithm === ALGORITHM && Signature !== undefined
      if (!fits || !verifyEd25519(publicKey, message, Signature))
        throw new Trouble('kms: the response is not a signature by the key of the log')
      return Signature
    },
  }
}

/**
 * Whether KMS answered for the requested key: it returns the key's ARN, even if an ID or an alias was given. Only KMS knows which key an
 * alias names (AWS KMS API Reference, "GetPublicKey", KeyId).
 */
function isNamed(arn: string | undefined, asked: string, region: string): arn is string {
  const [, place, home, id] = /^(arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}):key\/([\w-]+)$/.exec(arn ?? '') ?? []
  if (id === undefined || home !== region) return false
  if (/^arn:[^/]*:alias\//.test(asked)) return asked.startsWith(`${place}:`)
  return asked.startsWith('alias/') || asked === arn || asked === id
}

/** The raw key in its DER SubjectPublicKeyInfo, if it is exactly an Ed25519 key (RFC 8410 §4). */
function rawKeyIn(spki: Uint8Array | undefined): Uint8Array | undefined {
  const isEd25519 =
    spki?.length === SPKI_PREFIX.length + RAW_BYTES && Buffer.compare(spki.subarray(0, SPKI_PREFIX.length), SPKI_PREFIX) === 0
  return isEd25519 ? spki.slice(-RAW_BYTES) : undefined
}

/** A local key, as PKCS #8 in PEM or as a KeyObject: for a log on a disk, and for tests. */
export function localSigner(origin: string, privateKey: string | KeyObject): Signer {
  const key = typeof privateKey === 'string' ? createPrivateKey(privateKey) : privateKey
  const raw = createPublicKey(key as never)
    .export({ format: 'der', type: 'spki' })
    .subarray(-RAW_BYTES)
  return {
    key: { name: origin, kind: 'signer', publicKey: raw },
    sign: async (message) => sign(null, message, key),
  }
}
