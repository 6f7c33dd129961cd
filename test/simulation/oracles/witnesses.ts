/**
 * The log and its witnesses: no witness is shown a checkpoint that does not continue what it has signed; a published checkpoint has only
 * cosignatures of the witnesses that the log has, one of each; and in quiet, an honest witness has signed it, whatever another one answers.
 */
import { openCheckpoint } from '@stint/tlog/checkpoint'
import { parseNote } from '@stint/tlog/note'
import type { Network } from '../network.ts'
import { LOG_SIGNER } from '../people.ts'
import { WITNESSES, type Witnesses } from '../witnesses.ts'
import type { Oracle, OracleContext } from './oracle.ts'

/** In virtual time: longer than a late write that was sent before the quiet takes, or a shipper that had asked the witness before it. */
const STILL_UNDER_WAY_MS = 130_000

export function witnessesOracle({ fault, reach }: OracleContext, witnesses: Witnesses, network: Network): Oracle {
  witnesses.onInconsistent = (what) => fault('witnesses', what)
  const keys = witnesses.kinds.map((kind) => WITNESSES[kind])
  const known = [LOG_SIGNER.key, ...keys].map(({ name }) => name)
  return {
    onObject(bucket, path, _before, after) {
      if (bucket !== 'log' || path !== 'checkpoint' || !after) return
      const note = Buffer.from(after).toString('utf8')
      const names = parseNote(note)?.signatures.map(({ name }) => name) ?? []
      if (names.some((name) => !known.includes(name)) || new Set(names).size < names.length)
        fault('witnesses', `a checkpoint is signed by ${names.join(', ')}`)
      const opened = openCheckpoint(note, [LOG_SIGNER.key], keys)
      if (opened.outcome === 'fault') return fault('witnesses', `a checkpoint is ${opened.fault}`)
      const { size, witnesses: signers } = opened.value
      for (const name of signers) reach(`a checkpoint has a cosignature of ${name}`)
      if (signers.length < keys.length) reach('a checkpoint is published without a witness')
      const isSigned = signers.includes(WITNESSES.honest.name)
      const isQuiet = network.quietMs > STILL_UNDER_WAY_MS
      if (keys.includes(WITNESSES.honest) && isQuiet && !isSigned && !witnesses.hasRivals(size) && (witnesses.seen?.size ?? 0) <= size)
        fault('witnesses', `in quiet, a checkpoint of ${size} entries is published without the witness`)
    },
  }
}
