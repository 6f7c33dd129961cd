/**
 * Patterns of parameters. They are JavaScript regular expressions (flag `u`), but they are matched here, because the caller
 * chooses the string and a backtracking matcher needs exponential time for some patterns. This matcher tracks all possible
 * states at once (K. Thompson, "Regular expression search algorithm", CACM 11(6), 1968), so a match takes at most
 * length × states steps. Syntax that it cannot match (backreferences, lookaround) is refused when the config is loaded.
 */

type PatternParsed =
  /** Whether the pattern matches the whole string. Characters outside Latin-1 never match: STS refuses them in a policy. */
  { readonly ok: true; readonly fits: (text: string) => boolean } | { readonly ok: false; readonly fault: string }

/** Counts such as `{1,100}` are expanded, so the total is limited. 512 characters and 4,000 states take a few milliseconds. */
const MAX_STATES = 4000
const LATIN_1 = 256

/** Consumes one character, or none if `when` holds at this position. `out` lists the next states; the final state has none. */
export type State = { readonly reads?: readonly boolean[]; readonly when?: (text: string, at: number) => boolean; out: readonly number[] }

type Node =
  | { readonly kind: 'one'; readonly reads: readonly boolean[] }
  | { readonly kind: 'assertion'; readonly when: NonNullable<State['when']> }
  | { readonly kind: 'all' | 'any'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly part: Node; readonly least: number; readonly most: number }

const isWord = (character: string | undefined): boolean => character !== undefined && /\w/.test(character)
const isBoundary = (text: string, at: number): boolean => isWord(text[at - 1]) !== isWord(text[at])
const assertions: ReadonlyMap<string, NonNullable<State['when']>> = new Map([
  ['^', (_text, at) => at === 0],
  ['$', (text, at) => at === text.length],
  ['\\b', isBoundary],
  ['\\B', (text, at) => !isBoundary(text, at)],
])

class Refusal extends Error {}

/** The states of a pattern that `parsePattern` accepts. State 0 is the end. */
export const compiledPattern = (source: string): readonly [start: number, states: readonly State[]] => compile(parse(source))

export function parsePattern(source: string): PatternParsed {
  try {
    // Compile it alone first: 'a)|(?:b' compiles only inside a group, and would break out of it.
    new RegExp(source, 'u')
    new RegExp(`^(?:${source})$`, 'u')
  } catch {
    return { ok: false, fault: 'is not a valid regular expression' }
  }
  try {
    const [start, states] = compiledPattern(source)
    return { ok: true, fits: (text) => run(states, start, text) }
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, fault: error.message }
    throw error
  }
}

/** A short string that the pattern matches, for examples; undefined if none was found. Letters and digits come first. */
export function samplePattern(source: string): string | undefined {
  if (!parsePattern(source).ok) return undefined
  const [start, states] = compile(parse(source))
  const seen = new Set<number>()
  let open: readonly (readonly [state: number, text: string])[] = [[start, '']]
  while (open.length > 0) {
    const next: (readonly [number, string])[] = []
    for (const [index, text] of open) {
      if (index === 0 && run(states, start, text)) return text
      const state = states[index] as State
      if (seen.has(index)) continue
      seen.add(index)
      const read =
        state.reads &&
        ([...READABLE].map((character) => character.charCodeAt(0)).find((code) => state.reads?.[code]) ?? state.reads.indexOf(true))
      if (read === -1) continue
      // Assertions are passed here; the finished string is matched as a whole.
      for (const out of state.out) next.push([out, read === undefined ? text : text + String.fromCharCode(read)])
    }
    open = next
  }
  return undefined
}
const READABLE = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.'

// ── Parse ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** An atom that matches one character. JavaScript's own engine then decides which characters match. */
const oneCharacter =
  /\\u\{[^}]*\}|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u.{4}|\\x..|\\c.|\\[pP]\{[^}]*\}|\\.|\[(?:\\.|[^\]\\])*\]|[^\\[\](){}*+?|^$]/suy
const quantifier = /(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/y
const opening = /\((?:\?:|\?<(?![=!])[^>]*>)?(?!\?)/y
const assertion = /[$^]|\\[bB]/y

/**
 * The characters that an atom without syntax of its own matches: a letter, a digit or `_-:/@,` and space, or a class of such characters and
 * their ranges. Undefined for any other atom. Most atoms are of this kind, and compiling a regular expression for each is 2 ms of a cold
 * start.
 */
function plainSet(atom: string): readonly boolean[] | undefined {
  const [, character, members = character] = /^(?:([\w\-:/@, ])|\[([\w\-:/@,.+= ]+)\])$/.exec(atom) ?? []
  if (members === undefined) return undefined
  const set = Array<boolean>(LATIN_1).fill(false)
  for (let at = 0; at < members.length; at++) {
    const isRange = members[at + 1] === '-' && at + 2 < members.length
    const from = members.charCodeAt(at)
    if (isRange) at += 2
    set.fill(true, from, members.charCodeAt(at) + 1)
  }
  return set
}

/** The source is a valid regular expression, so only unsupported syntax needs a fault. */
function parse(source: string): Node {
  let at = 0
  const take = (wanted: RegExp): RegExpExecArray | null => {
    wanted.lastIndex = at
    const found = wanted.exec(source)
    if (found) at += found[0].length
    return found
  }
  const sets = new Map<string, readonly boolean[]>()
  const setOf = (atom: string): readonly boolean[] => {
    let set = sets.get(atom) ?? plainSet(atom)
    if (!set) {
      const one = new RegExp(`^(?:${atom})$`, 'u')
      set = Array.from({ length: LATIN_1 }, (_, code) => one.test(String.fromCharCode(code)))
    }
    sets.set(atom, set)
    return set
  }

  function alternatives(): Node {
    const parts = [sequence()]
    while (source[at] === '|') {
      at++
      parts.push(sequence())
    }
    return { kind: 'any', parts }
  }
  function sequence(): Node {
    const parts: Node[] = []
    while (at < source.length && source[at] !== '|' && source[at] !== ')') parts.push(term())
    return { kind: 'all', parts }
  }
  function term(): Node {
    const when = assertions.get(take(assertion)?.[0] ?? '')
    if (when) return { kind: 'assertion', when }
    const part = group() ?? single()
    const [found, sign, from, comma, to] = take(quantifier) ?? []
    if (found === undefined) return part
    const least = sign === undefined ? Number(from) : sign === '+' ? 1 : 0
    const most = sign === '?' ? 1 : sign || (comma && !to) ? Number.POSITIVE_INFINITY : comma ? Number(to) : least
    return { kind: 'repeat', part, least, most }
  }
  function group(): Node | undefined {
    if (source[at] !== '(') return undefined
    if (!take(opening)) {
      const [kind] = /^\(\?(?:<?[=!])?/.exec(source.slice(at)) ?? []
      if (kind === '(?') throw new Refusal('uses modifiers such as (?i:…), which are not supported; list both cases, as in [Aa]')
      throw new Refusal(
        `uses a ${kind?.includes('<') ? 'lookbehind' : 'lookahead'}, which cannot be matched in linear time; list the allowed values instead`,
      )
    }
    const inner = alternatives()
    at++ // the closing parenthesis
    return inner
  }
  function single(): Node {
    if (/^\\[1-9k]/.test(source.slice(at, at + 2)))
      throw new Refusal('uses a backreference, which cannot be matched in linear time; list the allowed values instead')
    const [atom] = take(oneCharacter) ?? []
    if (atom === undefined) throw new Refusal(`uses unsupported syntax at character ${at + 1}`)
    return { kind: 'one', reads: setOf(atom) }
  }
  return alternatives()
}

// ── Compile and run ──────────────────────────────────────────────────────────────────────────────────────────────────

/** The states of the pattern, built from its end to its beginning, and the start state. State 0 is the end. */
function compile(pattern: Node): readonly [start: number, states: readonly State[]] {
  const states: State[] = [{ out: [] }]
  let steps = 0
  const add = (state: State): number => states.push(state) - 1

  function lead(node: Node, to: number): number {
    // Also counts nodes that add no state, such as `(){1000000}`.
    if (++steps > MAX_STATES)
      throw new Refusal(`expands to more than ${MAX_STATES} states; use smaller counts in {…}, since max limits the length anyway`)
    switch (node.kind) {
      case 'one':
        return add({ reads: node.reads, out: [to] })
      case 'assertion':
        return add({ when: node.when, out: [to] })
      case 'all':
        return node.parts.reduceRight((next, part) => lead(part, next), to)
      case 'any':
        return add({ out: node.parts.map((part) => lead(part, to)) })
      case 'repeat': {
        let entry = to
        if (node.most === Number.POSITIVE_INFINITY) {
          const loop: State = { out: [] }
          entry = add(loop)
          loop.out = [lead(node.part, entry), to]
        } else for (let times = node.least; times < node.most; times++) entry = add({ out: [lead(node.part, entry), to] })
        for (let times = 0; times < node.least; times++) entry = lead(node.part, entry)
        return entry
      }
    }
  }
  const start = lead(pattern, 0)
  return [start, states]
}

function run(states: readonly State[], start: number, text: string): boolean {
  let waiting = reach([start], 0)
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    waiting = reach(
      waiting.flatMap((index) => (states[index]?.reads?.[code] ? (states[index]?.out ?? []) : [])),
      at + 1,
    )
    if (waiting.length === 0) return false
  }
  return waiting.includes(0)

  /** Every state that consumes a character or ends the match, and that is reachable from these without consuming one. */
  function reach(from: readonly number[], at: number): readonly number[] {
    const seen = new Uint8Array(states.length)
    const open = [...from]
    const found: number[] = []
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      const state = states[index] as State
      if (seen[index] || state.when?.(text, at) === false) continue
      seen[index] = 1
      if (state.reads || index === 0) found.push(index)
      else open.push(...state.out)
    }
    return found
  }
}
