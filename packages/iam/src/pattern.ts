/**
 * IAM's patterns: `*` matches any run of characters, `?` exactly one, and `${…}` is replaced by a value of the request.
 * A variable's value is always literal, whatever characters it contains. `${*}`, `${?}` and `${$}` are the characters
 * themselves. Source: AWS IAM User Guide, "IAM policy elements: Variables and tags".
 */
import type { Context } from './context.ts'

/** One literal character, or one of the two wildcards. */
type Token = string | typeof ANY | typeof ONE
const ANY = 0
const ONE = 1

type Pattern = readonly Token[]

const literal = new Set(['*', '?', '$'])

/**
 * Compiles a string of a policy into a pattern, or undefined if a variable has neither a value in this request nor a default:
 * such a string matches nothing.
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
  // Not a regular expression, which takes quadratic time on a string that opens many variables and closes none.
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

/** `aws:PrincipalTag/team, 'none'` → the key's single value, otherwise the default. */
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

/** Whether the pattern matches the whole string. Takes at most pattern × text steps, because it only backtracks to the last `*`. */
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
 * Whether `wide` matches every string that `narrow` matches. Sound, not complete: it returns false if it finds no proof. Both
 * must be plain patterns; for a pattern with a variable it returns false.
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
