import { generateKeyPairSync, sign } from 'node:crypto'
import { checkpointText } from '@stint/tlog/checkpoint'
import { fold, leafHash } from '@stint/tlog/merkle'
import { formatNote, keyIdOf, type NoteKey } from '@stint/tlog/note'
import { formatProof, parseProof } from '@stint/tlog/proof'
import { describe, expect, test } from 'vitest'
import { commitOf, entryText, parseEntry } from './entry.ts'
import { checkReceipt, receiptExtra } from './receipt.ts'

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const key: NoteKey = {
  name: 'log.example',
  kind: 'signer',
  publicKey: Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'),
}
const event = `{"at":"2026-11-24T12:00:00.000Z","config":"${'c'.repeat(64)}","request":"req_1","type":"request.ended","v":1}`
const salt = Buffer.alloc(32, 7)
const entry = entryText({ v: 1, request: 'req_1', seq: 1, type: 'request.ended', commit: commitOf({ event, salt }), prev: 'a'.repeat(64) })
const leaves = [leafHash(Buffer.from('another')), leafHash(Buffer.from(entry))]
const text = checkpointText({ origin: 'log.example', size: 2, root: fold(leaves) })
const checkpoint = formatNote(text, [{ name: 'log.example', keyId: keyIdOf(key), signature: sign(null, Buffer.from(text), privateKey) }])
const proof = { index: 1, hashes: [leaves[0] as Uint8Array], checkpoint, extra: receiptExtra(entry, event, salt) }
const receipt = formatProof(proof)

test('a receipt comes back as it was and proves its event', () => {
  expect(parseProof(receipt)).toEqual(proof)
  expect(checkReceipt(receipt, [key])).toMatchObject({ index: 1, event, entry: { request: 'req_1', seq: 1 }, checkpoint: { size: 2 } })
})

/** An entry that commits to the event and says that it is of another journal or type. */
const foreign = (request: string, type: string) =>
  formatProof({
    ...proof,
    extra: receiptExtra(entryText({ v: 1, request, seq: 1, type, commit: commitOf({ event, salt }), prev: 'a'.repeat(64) }), event, salt),
  })
const committing = (other: string) =>
  formatProof({
    ...proof,
    extra: receiptExtra(
      entryText({ v: 1, request: 'req_1', seq: 1, type: 'request.ended', commit: commitOf({ event: other, salt }), prev: 'a'.repeat(64) }),
      other,
      salt,
    ),
  })

describe('an invalid receipt says why', () => {
  test.each([
    ['another event', formatProof({ ...proof, extra: receiptExtra(entry, event.replace('ended', 'expired'), salt) }), /does not commit/],
    ['another salt', formatProof({ ...proof, extra: receiptExtra(entry, event, Buffer.alloc(32, 8)) }), /does not commit/],
    ['another place', formatProof({ ...proof, index: 0 }), /not in the log/],
    ['no hashes', formatProof({ ...proof, hashes: [] }), /not in the log/],
    ['a forged checkpoint', receipt.replace('\n2\n', '\n3\n'), /not validly signed/],
    ['no extra', formatProof({ index: 1, hashes: proof.hashes, checkpoint }), /salt is missing/],
    ['an extra that is null', formatProof({ ...proof, extra: Buffer.from('null') }), /salt is missing/],
    ['an extra that is a list', formatProof({ ...proof, extra: Buffer.from('[]') }), /salt is missing/],
    ['an extra that is a number', formatProof({ ...proof, extra: Buffer.from('7') }), /salt is missing/],
    ['an extra that is not JSON', formatProof({ ...proof, extra: Buffer.from('{') }), /salt is missing/],
    ['an extra without a salt', formatProof({ ...proof, extra: Buffer.from(JSON.stringify({ entry, event })) }), /salt is missing/],
    [
      'an extra with a number for the event',
      formatProof({ ...proof, extra: Buffer.from(JSON.stringify({ entry, event: 7, salt: '' })) }),
      /salt is missing/,
    ],
    [
      'an extra with a number for the entry',
      formatProof({ ...proof, extra: Buffer.from(JSON.stringify({ entry: 7, event, salt: '' })) }),
      /salt is missing/,
    ],
    [
      'a salt that is not base64',
      receipt.replace(/^extra .*$/m, `extra ${Buffer.from(JSON.stringify({ entry, event, salt: '*' })).toString('base64')}`),
      /is malformed/,
    ],
    ['an invalid entry', formatProof({ ...proof, extra: receiptExtra('{}', event, salt) }), /is malformed/],
    ['an entry of another journal', foreign('req_2', 'request.ended'), /journal or type of the entry differs/],
    ['an entry of another type', foreign('req_1', 'request.expired'), /journal or type of the entry differs/],
    ['an invalid event', committing('{}'), /The event is/],
    [
      'a checkpoint of another log',
      formatProof({ ...proof, checkpoint: checkpoint.replaceAll('log.example', 'other.example') }),
      /checkpoint is from another log|not signed by the log/,
    ],
    ['no checkpoint', formatProof({ ...proof, checkpoint: '' }), /checkpoint is not a signed note/],
    ['more hashes than a tree is high', formatProof({ ...proof, hashes: Array(65).fill(leaves[0]) }), /not a tlog-proof/],
    ['a hash too many', formatProof({ ...proof, hashes: [leaves[0], leaves[0]] as Uint8Array[] }), /not in the log/],
    ['an index beyond what a number holds', receipt.replace('index 1', 'index 99999999999999999'), /not a tlog-proof/],
    ['an index beyond the log', formatProof({ ...proof, index: 2 }), /not in the log/],
    ['a carriage return', receipt.replace('\n', '\r\n'), /not a tlog-proof/],
    ['another header', receipt.replace('@v1', '@v2'), /not a tlog-proof/],
    ['an invalid hash', receipt.replace(/^index 1\n.*/m, 'index 1\nAAAA'), /not a tlog-proof/],
    ['an invalid index', receipt.replace('index 1', 'index 01'), /not a tlog-proof/],
    ['nothing', '', /not a tlog-proof/],
  ])('%s', (_what, broken, words) => expect(checkReceipt(broken, [key])).toMatch(words))
})

describe('entries must be canonical', () => {
  test('a good one', () => expect(parseEntry(Buffer.from(entry))).toMatchObject({ request: 'req_1', seq: 1 }))
  test.each([
    ['white space', entry.replace(':', ': ')],
    ['another order', entry.replace(/^\{("commit":"[^"]*"),(.*)\}$/, '{$2,$1}')],
    ['a member more', entry.replace('"v":1', '"v":1,"x":1')],
    ['a member doubled', entry.replace('"seq":1', '"seq":1,"seq":1')],
    ['another version', entry.replace('"v":1', '"v":2')],
    ['no prev after the first', entry.replace(/"prev":"a*",/, '')],
    ['an escape for a letter', entry.replace('req_1', 'req\\u005f1')],
    ['a commit in capitals', entry.replaceAll(/"commit":"([^"]*)"/g, (_all, hex) => `"commit":"${hex.toUpperCase()}"`)],
    ['nothing', ''],
    ['null', 'null'],
    ['bytes that are no UTF-8', entry.replace('req_1', 'req_\ufffd')],
  ])('%s', (_what, text) => {
    const bytes = _what.startsWith('bytes') ? Buffer.from(text.replace('\ufffd', '\u00ff'), 'latin1') : Buffer.from(text)
    expect(parseEntry(bytes)).toBeUndefined()
  })
})
