/**
 * A small KMS: one Ed25519 key that signs for callers that IAM allows. Source: AWS KMS API Reference, Sign and GetPublicKey; JSON 1.1.
 */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { authorize, type Call, deniedMessage } from './authorize.ts'
import { jsonObject } from './json-body.ts'
import type { Answer } from './sts.ts'
import type { World } from './world.ts'

export type KmsKey = { readonly arn: string; readonly alias: string; readonly publicKey: KeyObject; readonly privateKey: KeyObject }

export function newKmsKey(
  region: string,
  account: string,
  alias: string,
  privateKey: KeyObject = generateKeyPairSync('ed25519').privateKey,
): KmsKey {
  return {
    arn: `arn:aws:kms:${region}:${account}:key/${alias}`,
    alias: `alias/${alias}`,
    privateKey,
    publicKey: createPublicKey(privateKey),
  }
}

const CONTENT_TYPE = 'application/x-amz-json-1.1'
const MAX_MESSAGE_BYTES = 4096

export const kmsError = (status: number, type: string, message: string, requestId: string): Answer => ({
  status,
  headers: { 'content-type': CONTENT_TYPE, 'x-amzn-requestid': requestId },
  body: JSON.stringify({ __type: type, message }),
})

/** The supported parameters, all of them strings. Another one would change what is asked. */
const parametersOf: ReadonlyMap<string, readonly string[]> = new Map([
  ['GetPublicKey', ['KeyId']],
  ['Sign', ['KeyId', 'Message', 'MessageType', 'SigningAlgorithm']],
])

const hasOnlyStrings = (input: Readonly<Record<string, unknown>>): input is Readonly<Record<string, string>> =>
  Object.values(input).every((value) => typeof value === 'string')

export function handleKms(world: World, call: Call, target: string, body: Buffer): Answer {
  const operation = target.replace(/^TrentService\./, '')
  const error = (type: string, message: string) => kmsError(400, type, message, call.requestId)
  const input = jsonObject(body)
  if (!input) return error('SerializationException', 'The body is not a JSON object.')
  const known = parametersOf.get(operation)
  if (!known) return error('UnsupportedOperationException', 'The sandbox’s KMS supports only Sign and GetPublicKey.')
  const stray = Object.keys(input).find((name) => !known.includes(name))
  if (stray !== undefined)
    return kmsError(
      501,
      'NotImplemented',
      `The sandbox’s KMS does not support the ${stray.slice(0, 100)} parameter of ${operation}.`,
      call.requestId,
    )
  if (!hasOnlyStrings(input)) return error('SerializationException', 'Every parameter must be a string.')
  const key = world.kmsKeys.find(({ arn, alias }) => input.KeyId === arn || input.KeyId === alias)
  if (!key) return error('NotFoundException', `Key '${input.KeyId}' does not exist`)
  const action = `kms:${operation}`
  const decision = authorize(call, { action, resource: { arn: key.arn, account: call.identity.principal.account } })
  if (!decision.allowed) return error('AccessDeniedException', deniedMessage(call, action, key.arn, decision))

  const answer = (output: object): Answer => ({
    status: 200,
    headers: { 'content-type': CONTENT_TYPE, 'x-amzn-requestid': call.requestId },
    body: JSON.stringify({ KeyId: key.arn, ...output }),
  })
  if (operation === 'GetPublicKey') {
    return answer({
      PublicKey: key.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
      KeySpec: 'ECC_NIST_EDWARDS25519',
      KeyUsage: 'SIGN_VERIFY',
      SigningAlgorithms: ['ED25519_SHA_512', 'ED25519_PH_SHA_512'],
    })
  }
  const message = Buffer.from(input.Message ?? '', 'base64')
  if (message.length < 1 || message.length > MAX_MESSAGE_BYTES) return error('ValidationException', 'Message must be 1 to 4096 bytes.')
  if (input.SigningAlgorithm !== 'ED25519_SHA_512' || (input.MessageType ?? 'RAW') !== 'RAW')
    return error('ValidationException', 'This key signs RAW messages with ED25519_SHA_512.')
  const Signature = sign(null, message, key.privateKey).toString('base64')
  return answer({ Signature, SigningAlgorithm: 'ED25519_SHA_512' })
}
