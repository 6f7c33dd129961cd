/**
 * An inclusion proof as a text file: the leaf's index, the hashes up to the root, the signed checkpoint, and optional extra
 * data. Source: C2SP tlog-proof, v1.
 */
import { HASH_BYTES, type Hash } from './merkle.ts'
import { decodeBase64 } from './note.ts'

const HEADER = 'c2sp.org/tlog-proof@v1'
/** Maximum number of hashes in a proof: a tree has at most 64 levels. */
const MAX_HASHES = 64

type TlogProof = {
  readonly index: number
  readonly hashes: readonly Hash[]
  /** The signed note, verbatim. */
  readonly checkpoint: string
  readonly extra?: Uint8Array
}

export const formatProof = ({ index, hashes, checkpoint, extra }: TlogProof): string =>
  [
    HEADER,
    ...(extra ? [`extra ${Buffer.from(extra).toString('base64')}`] : []),
    `index ${index}`,
    ...hashes.map((hash) => Buffer.from(hash).toString('base64')),
    '',
    checkpoint,
  ].join('\n')

export function parseProof(text: string): TlogProof | undefined {
  const end = text.indexOf('\n\n')
  const [header, ...lines] = text.slice(0, Math.max(end, 0)).split('\n')
  if (end < 0 || header !== HEADER) return undefined
  const extraLine = lines[0]?.startsWith('extra ') ? lines.shift() : undefined
  const extra = extraLine === undefined ? undefined : decodeBase64(extraLine.slice('extra '.length))
  const index = /^index (0|[1-9]\d{0,15})$/.exec(lines.shift() ?? '')?.[1]
  const hashes = lines.map(decodeBase64)
  if (index === undefined || (extraLine !== undefined && !extra) || hashes.length > MAX_HASHES) return undefined
  if (!hashes.every((hash) => hash?.length === HASH_BYTES)) return undefined
  return { index: Number(index), hashes: hashes as Hash[], checkpoint: text.slice(end + 2), ...(extra ? { extra } : {}) }
}
