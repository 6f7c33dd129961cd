/**
 * The log's key. In KMS it never leaves AWS and only the shipper may use it (AWS KMS Developer Guide, "Key spec reference":
 * ECC_NIST_EDWARDS25519 with ED25519_SHA_512 over the raw message is plain RFC 8032).
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms'
import { brief } from '@stint/core/audit/event'
import { type AwsKeys, atEndpoint, clientConfig, handlers, regionalEndpoint } from '../aws.ts'
import { type Signer, Trouble } from '../log/ports.ts'
import type { Clock } from '../ports.ts'

export type KmsSettings = {
  /** The name of the log. */
  readonly origin: string
  /** Key id, ARN or alias. */
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
  const { PublicKey } = await asked(client.send(new GetPublicKeyCommand({ KeyId: key })))
  return {
    key: { name: origin, kind: 'signer', publicKey: (PublicKey ?? new Uint8Array()).slice(-RAW_BYTES) },
    async sign(message) {
      const command = new SignCommand({ KeyId: key, Message: message, MessageType: 'RAW', SigningAlgorithm: 'ED25519_SHA_512' })
      const { Signature } = await asked(client.send(command))
      if (!Signature) throw new Trouble('kms: an answer without a signature')
      return Signature
    },
  }
}

/** A key at hand, as PKCS #8 in PEM or as a KeyObject: for a log on a disk, and for tests. */
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
