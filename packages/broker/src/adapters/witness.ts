/**
 * A client of witnesses. Source: C2SP tlog-witness, `POST <prefix>/add-checkpoint`: the size that the witness has seen, the proof that the
 * checkpoint continues it, and the checkpoint. A 409 returns the size that the witness has; the client then tries once more from that size.
 */
import { checkpointText } from '@stint/tlog/checkpoint'
import type { Hash } from '@stint/tlog/merkle'
import { keyIdOf, type NoteKey, type NoteSignature, parseNote, signersOf } from '@stint/tlog/note'
import { Trouble, type Witness } from '../ports/log.ts'

type PostText = (url: string, text: string) => Promise<{ status: number; type: string; body: string }>

/** `url` is the witness's prefix. Its response is verified with its key before it is added to a checkpoint. */
export function witnessClient(url: string, key: NoteKey, post: PostText): Witness {
  let seen = 0

  return {
    name: key.name,
    async cosign(checkpoint, note, proof) {
      let old = Math.min(seen, checkpoint.size)
      for (let turn = 0; turn < 2; turn++) {
        const { status, type, body } = await post(`${url}/add-checkpoint`, ask(old, await proof(old), note))
        if (status === 200) {
          const signatures = checked(checkpointText(checkpoint), body)
          seen = checkpoint.size
          return signatures
        }
        const has = status === 409 && /^text\/x\.tlog\.size *(;|$)/.test(type) ? /^(0|[1-9]\d{0,15})\n$/.exec(body)?.[1] : undefined
        if (has === undefined) throw new Trouble(`witness answered ${status}`)
        // The witness is ahead of this call: it has already seen a newer checkpoint.
        if (Number(has) > checkpoint.size) throw new Trouble(`witness has seen ${has} entries, this checkpoint has ${checkpoint.size}`)
        old = Number(has)
      }
      throw new Trouble('witness returned two different sizes')
    },
  }

  function checked(text: string, lines: string): readonly NoteSignature[] {
    const parsed = parseNote(`${text}\n${lines}`)
    const signers = parsed ? signersOf(parsed, [key]) : 'spoiled'
    if (!parsed || parsed.text !== text || signers === 'spoiled' || signers.length === 0)
      throw new Trouble('witness returned no valid cosignature')
    return parsed.signatures.filter(({ name, keyId }) => name === key.name && keyId === keyIdOf(key)).slice(0, 1)
  }
}

const ask = (old: number, proof: readonly Hash[], note: string): string =>
  [`old ${old}`, ...proof.map((hash) => Buffer.from(hash).toString('base64')), '', note].join('\n')
