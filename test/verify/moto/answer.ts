/** An answer of IAM's Query protocol, reduced to what two implementations must have in common. */

/** `at` is `outcome`, `fields PATH` or `value PATH`. */
export type Difference = { readonly call: string; readonly at: string; readonly sandbox: string; readonly moto: string }

/**
 * The status and the code of an error: what a caller branches on. Messages differ, and callers must not parse them. The values of a list
 * are sorted: AWS documents no order.
 */
export type Shape = { readonly outcome: string; readonly fields: ReadonlyMap<string, readonly string[]> }

export function shapeOf(status: number, xml: string): Shape {
  const leaves = leavesOf(xml)
  if (status >= 400) return { outcome: `${status} ${leaves.get('Error/Code')?.[0] ?? 'without a code'}`, fields: new Map() }
  return {
    outcome: String(status),
    fields: new Map(
      [...leaves]
        .filter(([path]) => path !== 'ResponseMetadata/RequestId')
        .map(([path, values]) => [path, values.map((value) => general(path, value)).sort()]),
    ),
  }
}

export function differences(call: string, sandbox: Shape, moto: Shape): readonly Difference[] {
  if (sandbox.outcome !== moto.outcome) return [{ call, at: 'outcome', sandbox: sandbox.outcome, moto: moto.outcome }]
  const paths = [...new Set([...sandbox.fields.keys(), ...moto.fields.keys()])]
  return paths.flatMap((path) => {
    const [ours, theirs] = [sandbox.fields.get(path), moto.fields.get(path)]
    if (!ours || !theirs) return [{ call, at: `fields ${path}`, sandbox: ours ? 'present' : 'absent', moto: theirs ? 'present' : 'absent' }]
    const [one, other] = [ours.join(' | '), theirs.join(' | ')]
    return one === other ? [] : [{ call, at: `value ${path}`, sandbox: one, moto: other }]
  })
}

/** The text of each element without children, by its path below the root. IAM's answers have no attributes but the namespace. */
export function leavesOf(xml: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  const open: string[] = []
  let text = ''
  let isLeaf = false
  for (const [token, closing, name, empty] of xml.replace(/<\?.*?\?>/gs, '').matchAll(/<(\/?)([\w.]+)[^>]*?(\/?)>|[^<]+/g)) {
    if (name === undefined) text += token
    if (name === undefined) continue
    if (!closing) {
      open.push(name)
      text = ''
      isLeaf = true
    }
    if (!closing && !empty) continue
    // The first name is that of the root: ActionResponse, with ActionResult in it.
    const path = open
      .slice(1)
      .join('/')
      .replace(/^\w+Result\//, '')
    if (isLeaf) found.set(path, [...(found.get(path) ?? []), unescaped(text.trim())])
    isLeaf = false
    open.pop()
  }
  return found
}

const unescaped = (text: string): string =>
  text.replace(/&(amp|lt|gt|quot|apos|#\d+);/g, (_, name: string) =>
    name.startsWith('#') ? String.fromCodePoint(Number(name.slice(1))) : ({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }[name] ?? ''),
  )

/** What is new in each run becomes its form. */
function general(path: string, value: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (/Date$/.test(name)) return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value) ? 'an ISO 8601 time' : value
  if (/^(RoleId|UserId|PolicyId|AccessKeyId)$/.test(name)) return `${value.slice(0, 4)}, then ${value.length - 4} more`
  if (name === 'SecretAccessKey') return `${value.length} characters`
  if (name === 'Marker') return 'a marker'
  if (/Document$/.test(name)) return document(value)
  return value
}

/** IAM encodes documents as RFC 3986 says, and keeps their white space. */
function document(value: string): string {
  if (/[^\w.~%-]/.test(value)) return `not encoded: ${value.slice(0, 40)}`
  return decodeURIComponent(value)
}
