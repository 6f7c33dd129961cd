/** The size of an item, as DynamoDB counts it (Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats"). */
import type { Attributes } from '../table.ts'

export const itemBytes = (item: Attributes): number =>
  Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(value), 0)

/** A number takes a byte for two digits and one more, a list or map three and one for each element. */
function valueBytes({ S, N, B, L, M }: Attributes[string]): number {
  if (S !== undefined) return Buffer.byteLength(S)
  if (N !== undefined) return Math.ceil(N.length / 2) + 1
  // The SDK has bytes, the wire base64.
  if (B !== undefined) return typeof B === 'string' ? Buffer.byteLength(B, 'base64') : (B as Uint8Array).length
  if (L) return 3 + L.reduce((sum, one) => sum + 1 + valueBytes(one), 0)
  return M ? 3 + Object.keys(M).length + itemBytes(M) : 1
}
