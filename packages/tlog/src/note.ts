/**
 * Signed notes: a text, a blank line, and signature lines. Source: C2SP signed-note; cosignatures of witnesses: C2SP
 * tlog-cosignature. Signatures of unknown keys are ignored. An invalid signature of a known key invalidates the whole note.
 */

import { ED25519_KEY_BYTES, ED25519_SIGNATURE_BYTES, verifyEd25519 } from './ed25519.ts'
import { sha256 } from './sha256.ts'

/** A public key with a name, as in a `vkey` line. */
export type NoteKey = { readonly name: string; readonly kind: NoteKeyKind; readonly publicKey: Uint8Array }
export type NoteKeyKind = 'signer' | 'witness'
export type NoteSignature = { readonly name: string; readonly keyId: string; readonly signature: Uint8Array }
type Note = { readonly text: string; readonly signatures: readonly NoteSignature[] }

const typeByte: Readonly<Record<NoteKeyKind, number>> = { signer: 0x01, witness: 0x04 }
const KEY_ID_BYTES = 4
/** A note with more signatures is refused, because each costs a check. */
const MAX_SIGNATURES = 64
const isName = (name: string) => /^[^\s+]+$/u.test(name)

/** The first 4 bytes of SHA-256 over name, newline, type and key, in hex. */
export function keyIdOf({ name, kind, publicKey }: NoteKey): string {
  const id = sha256(Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(typeByte[kind]), publicKey]))
  return id.toString('hex', 0, KEY_ID_BYTES)
}

export const formatVkey = (key: NoteKey): string =>
  `${key.name}+${keyIdOf(key)}+${Buffer.concat([Buffer.of(typeByte[key.kind]), key.publicKey]).toString('base64')}`

/** The key of a `vkey` line, or undefined if it is not an Ed25519 key or its ID does not match. */
export function parseVkey(vkey: string): NoteKey | undefined {
  const [, name = '', id, data = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(vkey) ?? []
  const bytes = decodeBase64(data)
  const kind = (Object.keys(typeByte) as NoteKeyKind[]).find((one) => typeByte[one] === bytes?.[0])
  if (!bytes || !kind || bytes.length !== 1 + ED25519_KEY_BYTES) return undefined
  const key: NoteKey = { name, kind, publicKey: bytes.subarray(1) }
  return keyIdOf(key) === id ? key : undefined
}

/** Decodes canonical base64 with padding. Any other spelling of the same bytes is refused. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}

export function formatNote(text: string, signatures: readonly NoteSignature[]): string {
  const lines = signatures.map(
    ({ name, keyId, signature }) => `— ${name} ${Buffer.concat([Buffer.from(keyId, 'hex'), signature]).toString('base64')}\n`,
  )
  return `${text}\n${lines.join('')}`
}

/** The parts of a note, or undefined if it is malformed. Does not check the signatures. */
export function parseNote(note: string): Note | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters must not occur in a note
  if (!note.isWellFormed() || /[\u0000-\u0009\u000b-\u001f\u007f]/.test(note)) return undefined
  const end = note.lastIndexOf('\n\n')
  if (end < 0 || !note.endsWith('\n')) return undefined
  const lines = note.slice(end + 2, -1).split('\n')
  if (lines.length > MAX_SIGNATURES) return undefined
  const signatures: NoteSignature[] = []
  for (const line of lines) {
    const [, name = '', data = ''] = /^— (\S+) ([A-Za-z0-9+/=]+)$/u.exec(line) ?? []
    const bytes = decodeBase64(data)
    if (!isName(name) || !bytes || bytes.length <= KEY_ID_BYTES) return undefined
    signatures.push({
      name,
      keyId: Buffer.from(bytes.subarray(0, KEY_ID_BYTES)).toString('hex'),
      signature: bytes.subarray(KEY_ID_BYTES),
    })
  }
  return { text: note.slice(0, end + 1), signatures }
}

/** The known keys with a valid signature on the note; `spoiled` if a known key's signature is invalid. */
export function signersOf(note: Note, known: readonly NoteKey[]): readonly NoteKey[] | 'spoiled' {
  const good = new Set<NoteKey>()
  for (const { name, keyId, signature } of note.signatures) {
    const key = known.find((one) => one.name === name && keyIdOf(one) === keyId)
    if (!key) continue
    if (
      !(key.kind === 'signer'
        ? verifyEd25519(key.publicKey, Buffer.from(note.text), signature)
        : verifyCosignature(key, note.text, signature))
    )
      return 'spoiled'
    good.add(key)
  }
  return [...good]
}

const TIMESTAMP_BYTES = 8

/** A witness also signs the time: 64 bits of seconds, then the signature over time and text. */
function verifyCosignature(key: NoteKey, text: string, signature: Uint8Array): boolean {
  if (signature.length !== TIMESTAMP_BYTES + ED25519_SIGNATURE_BYTES) return false
  const seconds = Buffer.from(signature).readBigUInt64BE()
  return verifyEd25519(key.publicKey, Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`), signature.subarray(TIMESTAMP_BYTES))
}
