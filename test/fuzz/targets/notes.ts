import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { checkpointText, openCheckpoint, parseCheckpointText } from '@stint/tlog/checkpoint'
import { formatNote, formatVkey, keyIdOf, type NoteKey, parseNote, parseVkey } from '@stint/tlog/note'
import { decodeBundle, decodeTile, encodeBundle, encodeTile, parseTilePath, tilePath } from '@stint/tlog/tiles'
import { must, type Target } from '../engine.ts'

// The same key in every process, or a seed of the fuzzer would not give the same inputs: the header of RFC 8410 §7, and 32 bytes.
const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 9)])
const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32)
const key: NoteKey = { name: 'log.example', kind: 'signer', publicKey }
const ROOT = Buffer.alloc(32, 7)
const signedText = checkpointText({ origin: 'log.example', size: 7, root: ROOT })
const signed = formatNote(signedText, [{ name: key.name, keyId: keyIdOf(key), signature: sign(null, Buffer.from(signedText), privateKey) }])

export const notes: Target = {
  name: 'notes',
  oracle:
    'A note, vkey or checkpoint that is accepted is written again byte for byte (a checkpoint up to its extension lines, none of them empty), and no other text than the signed one opens.',
  seeds: [signed, formatVkey(key), signedText, 'a\n\n— n AAAAAAA=\n', signed.replace('\n\n', '\n\n\n')],
  words: ['\n', '\n\n', '— ', ' ', '+', '=', 'AAAA', '0', '9007199254740993', '\u2014', '\r', `— ${key.name} `],
  run(input) {
    const text = Buffer.from(input).toString('utf8')
    const note = parseNote(text)
    if (note) must(formatNote(note.text, note.signatures) === text, 'a note is not written as it was read')
    const vkey = parseVkey(text)
    if (vkey) must(formatVkey(vkey) === text, 'a vkey is not written as it was read')
    const checkpoint = parseCheckpointText(text)
    if (checkpoint) {
      must(text.startsWith(checkpointText(checkpoint)), 'a checkpoint is not written as it was read')
      must(text.endsWith('\n') && !text.startsWith('\n') && !text.includes('\n\n'), 'a checkpoint with an empty line')
    }
    const opened = openCheckpoint(text, [key])
    if (opened.outcome !== 'fault')
      must(text.startsWith(`${signedText}\n`) && opened.value.size === 7, 'a checkpoint opens that is not signed')
    return `${note ? Math.min(note.signatures.length, 3) : 'none'} ${vkey?.kind} ${checkpoint === undefined} ${opened.outcome === 'fault' ? String(opened.fault) : 'opened'}`
  },
}

/** A line with a path and a width, then the bytes of the object. */
export const tiles: Target = {
  name: 'tiles',
  oracle: 'A tile, bundle or path that is accepted is written again byte for byte, with exactly its number of entries.',
  seeds: [
    'tile/0/000\n2\n\u0000\u0001a\u0000\u0000',
    'tile/entries/x001/x234/067.p/3\n1\n\u0000\u0003abc',
    'tile/1/000.p/12\n1\n'.concat('h'.repeat(32)),
    'tile/63/x999/000\n0\n',
  ],
  words: ['tile/', 'entries', '/x001', '/000', '.p/', '256', '\n', '\u0000\u0001', '0', '1'],
  run(input) {
    const bytes = Buffer.from(input)
    const first = bytes.indexOf(10)
    const second = bytes.indexOf(10, first + 1)
    if (first < 0 || second < 0) return 'short'
    const path = bytes.toString('utf8', 0, first)
    const width = Number(bytes.toString('utf8', first + 1, second)) || 0
    const content = bytes.subarray(second + 1)
    const tile = parseTilePath(path)
    if (tile) {
      must(tilePath(tile) === path, 'a path is not written as it was read')
      must(tile.width >= 1 && tile.width <= 256 && Number.isSafeInteger(tile.index), 'a tile that cannot exist')
    }
    const bundle = decodeBundle(content, width)
    if (bundle) must(bundle.length === width && encodeBundle(bundle).equals(content), 'a bundle is not written as it was read')
    const hashes = decodeTile(content, width)
    if (hashes) must(hashes.length === width && encodeTile(hashes).equals(content), 'a tile is not written as it was read')
    return `${tile?.level} ${tile?.width === 256} ${bundle?.length} ${hashes?.length}`
  },
}
