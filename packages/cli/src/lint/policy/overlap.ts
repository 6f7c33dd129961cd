/** Whether a resource of a policy and the ARN format of a resource type have an ARN in common. */

/** One character, or a run of any characters (`null`), or a run without `/` (`undefined`), or any one character (`true`). */
type Token = string | null | undefined | true

const patternTokens = (pattern: string): Token[] =>
  [...pattern].map((character) => (character === '*' ? null : character === '?' ? true : character))

/** AWS's format, such as `arn:${Partition}:s3:::${BucketName}`. A bucket's name has no `/`; other names can have one. */
const formatTokens = (format: string): Token[] =>
  [...format.replaceAll('${BucketName}', '\uE000').replace(/\$\{[^}]*\}/g, '*')].map((character) =>
    character === '*' ? null : character === '\uE000' ? undefined : character,
  )

const isRun = (token: Token): boolean => token === null || token === undefined

/** Field by field, as IAM compares: a wildcard of one field never reaches into the next. */
export function overlaps(pattern: string, format: string): boolean {
  if (pattern === '*') return true
  const [own, theirs] = [fieldsOf(pattern.replace(/\$\{[^}]*\}/g, '*')), fieldsOf(format)]
  return own.every((field, index) => meet(patternTokens(field), formatTokens(theirs[index] ?? '')))
}

/** The six fields of an ARN; the last has the rest. */
function fieldsOf(arn: string): readonly string[] {
  const parts = arn.split(':')
  return [...parts.slice(0, 5), parts.slice(5).join(':')]
}

function meet(left: readonly Token[], right: readonly Token[]): boolean {
  const seen = new Set<number>()
  const open: [number, number][] = [[0, 0]]
  for (let pair = open.pop(); pair; pair = open.pop()) {
    const [i, j] = pair
    const key = i * (right.length + 1) + j
    if (seen.has(key)) continue
    seen.add(key)
    if (i === left.length && j === right.length) return true
    const [a, b] = [left[i], right[j]]
    // A run may be empty, or take what the other side has next.
    if (i < left.length && isRun(a)) {
      open.push([i + 1, j])
      if (j < right.length) open.push([i, j + 1])
    }
    if (j < right.length && isRun(b)) {
      open.push([i, j + 1])
      if (i < left.length && !(b === undefined && a === '/')) open.push([i + 1, j])
    }
    if (i < left.length && j < right.length && !isRun(a) && !isRun(b) && (a === true || a === b)) open.push([i + 1, j + 1])
  }
  return false
}
