import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { checkpointText, openCheckpoint, parseCheckpointText } from './checkpoint.ts'
import { EMPTY_ROOT } from './merkle.ts'
import { formatNote, formatVkey, keyIdOf, type NoteKey, type NoteKeyKind, parseNote, parseVkey, signersOf } from './note.ts'

const raw = (publicKey: KeyObject) => Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
function keyNamed(name: string, kind: NoteKeyKind = 'signer') {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const key: NoteKey = { name, kind, publicKey: raw(publicKey) }
  const signed = (text: string) => {
    if (kind === 'signer') return { name, keyId: keyIdOf(key), signature: sign(null, Buffer.from(text), privateKey) }
    const time = Buffer.alloc(8)
    time.writeBigUInt64BE(1_790_000_000n)
    const signature = sign(null, Buffer.from(`cosignature/v1\ntime 1790000000\n${text}`), privateKey)
    return { name, keyId: keyIdOf(key), signature: Buffer.concat([time, signature]) }
  }
  return { key, signed }
}

const log = keyNamed('log.example/stint')
const other = keyNamed('other.example')
const witness = keyNamed('witness.example', 'witness')
const text = checkpointText({ origin: 'log.example/stint', size: 3, root: EMPTY_ROOT })
const note = formatNote(text, [log.signed(text), witness.signed(text), other.signed(text)])

describe('vkeys', () => {
  test('the example of C2SP signed-note', () => {
    const vkey = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'
    const key = parseVkey(vkey)
    expect(key).toMatchObject({ name: 'example.com/foo', kind: 'signer' })
    expect(key && formatVkey(key)).toBe(vkey)
  })
  test.each([
    ['another id', 'example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'],
    ['another name', 'example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'],
    ['an unknown type', 'example.com/foo+530d903a+CekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'],
    ['a short key', 'example.com/foo+530d903a+AekyeRrm'],
    ['nothing', ''],
  ])('with %s is invalid', (_what, vkey) => expect(parseVkey(vkey)).toBeUndefined())
})

describe('notes', () => {
  test('come back as they were', () => {
    const parsed = parseNote(note)
    expect(parsed?.text).toBe(text)
    expect(parsed && formatNote(parsed.text, parsed.signatures)).toBe(note)
  })
  test('signatures of known keys are checked, others are ignored', () => {
    const parsed = parseNote(note)
    if (!parsed) throw new Error('unreadable')
    expect(signersOf(parsed, [log.key, witness.key])).toEqual([log.key, witness.key])
    expect(signersOf(parsed, [])).toEqual([])
    expect(signersOf({ ...parsed, text: text.replace('3', '4') }, [log.key])).toBe('spoiled')
  })
  test.each([
    ['no signature', `${text}\n`],
    ['no newline at the end', note.slice(0, -1)],
    ['a carriage return', note.replace('\n', '\r\n')],
    ['a control character', note.replace('log', 'l\u0007g')],
    ['a hyphen for the dash', note.replaceAll('—', '-')],
    ['base64 in another spelling', note.replace(/(.)=\n$/, (_all, last: string) => `${String.fromCharCode(last.charCodeAt(0) + 1)}=\n`)],
    ['a lone surrogate', `\ud800${note}`],
    [
      '65 signatures',
      formatNote(
        text,
        Array.from({ length: 65 }, () => log.signed(text)),
      ),
    ],
  ])('with %s is invalid', (_what, broken) => expect(parseNote(broken)).toBeUndefined())
})

describe('checkpoints', () => {
  test('a checkpoint signed by the log opens and lists its witnesses', () => {
    expect(openCheckpoint(note, [log.key], [witness.key])).toMatchObject({
      outcome: 'done',
      value: { size: 3, witnesses: ['witness.example'] },
    })
    expect(openCheckpoint(note, [log.key])).toMatchObject({ value: { witnesses: [] } })
  })
  test.each([
    ['not a signed note', 'hello\n', [log.key]],
    ['not a checkpoint', formatNote('hello\n', [log.signed('hello\n')]), [log.key]],
    ['from another log', note, [other.key]],
    ['not signed by the log', formatNote(text, [other.signed(text)]), [log.key]],
    ['not validly signed', formatNote(text, [{ ...log.signed(text), signature: Buffer.alloc(64) }]), [log.key]],
    ['not validly signed', formatNote(text, [{ ...log.signed(text), signature: Buffer.alloc(3) }]), [log.key]],
  ])('%s', (fault, broken, keys) => expect(openCheckpoint(broken, keys)).toEqual({ outcome: 'fault', fault }))
  test('a witness that signed something else invalidates it', () => {
    const bad = formatNote(text, [log.signed(text), witness.signed('something else\n')])
    expect(openCheckpoint(bad, [log.key], [witness.key])).toMatchObject({ fault: 'not validly signed' })
  })
  test.each([
    'a\n03\nAA==\n',
    'a\n-1\nAA==\n',
    '\n3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n',
    'a\n3\nAA==\n',
    'a\n99999999999999999\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n',
  ])('no body of one: %j', (body) => expect(parseCheckpointText(body)).toBeUndefined())
})
