/**
 * IAM's patterns: `*` stands for any run of characters, `?` for exactly one, and `${…}` for what the request brings.
 * A variable's value is always literal, whatever characters it holds; `${*}`, `${?}` and `${$}` are the characters
 * themselves. Source: AWS IAM User Guide, "IAM policy elements: Variables and tags".
 */
import type { Context } from './context.ts'

/** One character to find, or one of the two wildcards. */
type Token = string | typeof ANY | typeof ONE
const ANY = 0
const ONE = 1

export type Pattern = readonly Token[]

const literal = new Set(['*', '?', '$'])

/**
 * The pattern of a policy's text, or undefined where a variable has neither a value in this request nor a default:
 * such a text matches nothing.
 */
export function compile(text: string, options: { context: Context; variables: boolean; wildcards: boolean }): Pattern | undefined {
  const tokens: Token[] = []
  const plain = (part: string) => {
    for (const character of part) {
      tokens.push(!options.wildcards ? character : character === '*' ? ANY : character === '?' ? ONE : character)
    }
  }
  if (!options.variables || !text.includes('${')) {
    plain(text)
    return tokens
  }
  let from = 0
  // By hand and not by a regular expression: those are quadratic in a text that opens many variables and closes none.
  for (let start = text.indexOf('${'); start >= 0; start = text.indexOf('${', from)) {
    const end = text.indexOf('}', start)
    if (end < 0) break
    plain(text.slice(from, start))
    const value = resolve(text.slice(start + 2, end), options.context)
    if (value === undefined) return undefined
    tokens.push(...value)
    from = end + 1
  }
  plain(text.slice(from))
  return tokens
}

/** `aws:PrincipalTag/team, 'none'` → the key's single value, else the default. */
function resolve(expression: string, context: Context): string | undefined {
  if (literal.has(expression)) return expression
  const comma = expression.indexOf(',')
  const key = (comma < 0 ? expression : expression.slice(0, comma)).trimEnd()
  const quoted = comma < 0 ? undefined : expression.slice(comma + 1).trim()
  if (quoted !== undefined && !/^'[^']*'$/.test(quoted)) return undefined
  const fallback = quoted?.slice(1, -1)
  const values = context.get(key)
  return values?.length === 1 ? values[0] : fallback
}

/** Whether the pattern covers the whole text: at most pattern × text steps, since only the last `*` is ever gone back to. */
export function matches(pattern: Pattern, text: string): boolean {
  const characters = [...text]
  let at = 0
  let read = 0
  let star = -1
  let resume = 0
  while (read < characters.length) {
    const token = pattern[at]
    if (token === ANY) {
      star = at++
      resume = read
    } else if (token === ONE || (at < pattern.length && token === characters[read])) {
      at++
      read++
    } else if (star >= 0) {
      at = star + 1
      read = ++resume
    } else return false
  }
  while (pattern[at] === ANY) at++
  return at === pattern.length
}

/**
 * Whether every text that `narrow` covers is covered by `wide`. Sound, not complete: it answers no where it cannot
 * prove it. Both are plain patterns; a text with a variable proves nothing.
 */
export function covers(wide: string, narrow: string): boolean {
  if (wide.includes('${') || narrow.includes('${')) return false
  const outer = [...wide]
  const inner = [...narrow]
  // reach[i]: outer[0..i) covers inner[0..j) for the j of this round.
  let reach = outer.map(() => false).concat(false)
  reach[0] = true
  for (let i = 0; i < outer.length && outer[i] === '*'; i++) reach[i + 1] = true
  for (const token of inner) {
    const next = reach.map(() => false)
    for (let i = 0; i < outer.length; i++) {
      const symbol = outer[i]
      if (symbol === '*')
        next[i + 1] = Boolean(reach[i + 1] || next[i]) // a star takes any token, a star included
      else if (token !== '*' && reach[i] && (symbol === '?' || symbol === token)) next[i + 1] = true
    }
    reach = next
  }
  return reach[outer.length] === true
}
