/** IP addresses and CIDR blocks, v4 and v6, as numbers. Any other string gives undefined. */

type Address = { readonly bits: 32 | 128; readonly value: bigint }

export function parseIp(text: string): Address | undefined {
  const v4 = parseV4(text)
  if (v4 !== undefined) return { bits: 32, value: v4 }
  const value = parseV6(text)
  if (value === undefined) return undefined
  // An IPv4-mapped IPv6 address (::ffff:a.b.c.d) is the IPv4 address.
  return value >> 32n === 0xffffn ? { bits: 32, value: value & 0xffff_ffffn } : { bits: 128, value }
}

/** Whether the address is in the block. An address without `/` is a block of one. IPv4 and IPv6 never match each other. */
export function inCidr(ip: string, block: string): boolean {
  const [base = '', length, ...rest] = block.split('/')
  const address = parseIp(ip)
  const start = parseIp(base)
  if (!address || !start || rest.length > 0 || address.bits !== start.bits) return false
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return false
  const prefix = length === undefined ? start.bits : Number(length)
  if (prefix > start.bits) return false
  const shift = BigInt(start.bits - prefix)
  return address.value >> shift === start.value >> shift
}

export const isCidr = (block: string): boolean => inCidr(block.split('/')[0] ?? '', block)

function parseV4(text: string): bigint | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1)
  if (!parts || parts.some((part) => Number(part) > 255 || (part.length > 1 && part.startsWith('0')))) return undefined
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n)
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = groups(halves[0] ?? '')
  const tail = groups(halves[1] ?? '')
  if (!head || !tail) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  return [...head, ...Array(missing).fill(0n), ...tail].reduce((sum: bigint, group: bigint) => (sum << 16n) | group, 0n)
}

function groups(text: string): bigint[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const embedded = parseV4(parts.at(-1) ?? '')
  if (embedded !== undefined) parts.splice(-1, 1, (embedded >> 16n).toString(16), (embedded & 0xffffn).toString(16))
  return parts.every((part) => /^[0-9a-f]{1,4}$/i.test(part)) ? parts.map((part) => BigInt(`0x${part}`)) : undefined
}
