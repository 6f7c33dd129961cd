/**
 * Values that a parameter can have, so that the config check can fill a policy and read it as AWS will. Common values come first: an
 * account, an address, a date. Then short texts that the pattern matches.
 */
import { remembering } from '@stint/iam/remembered'
import { compiledPattern, parsePattern, type State } from './pattern.ts'
import type { Parameter } from './shape.ts'

const common = [
  'a',
  '111122223333',
  'eu-central-1',
  '10.0.0.0/8',
  '10.0.0.1',
  '2026-01-01T00:00:00Z',
  '2026-01-01',
  '1',
  'true',
  's3',
  'aws',
  'arn:aws:iam::111122223333:role/a',
]
/** Of the characters that a parameter may have, in the order in which they are tried. */
const characters = [...'1a0ATZ-:./_@+=, ', ...Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))].filter(
  (one) => /^[\u0020-\u007E\u00A0-\u00FF]$/.test(one) && !'$*?'.includes(one),
)
const MOST_SAMPLES = 16
/** Sets of states that are followed. Patterns in real configs have a few dozen. */
const MOST_SETS = 1200

/** Many profiles share a pattern. */
const remembered = remembering<readonly string[]>(1000)

/** At least one, unless no text of at most `max` characters matches. */
export const samplesOf = ({ pattern, max }: Pick<Parameter, 'pattern' | 'max'>): readonly string[] =>
  remembered(`${max} ${pattern}`, () => findSamples(pattern, max))

function findSamples(pattern: string, max: number): readonly string[] {
  const parsed = parsePattern(pattern)
  if (!parsed.ok) return []
  const fitting = common.filter((text) => text.length <= max && parsed.fits(text))
  return [...new Set([...fitting, ...shortest(pattern, max)])].slice(0, MOST_SAMPLES)
}

/** The shortest texts that match, one for each way of ending, breadth first. The empty text comes last. */
function shortest(pattern: string, max: number): readonly string[] {
  const [start, states] = compiledPattern(pattern)
  const found: string[] = []
  let empty = false
  const seen = new Set<string>()
  let layer: readonly (readonly [text: string, set: readonly number[]])[] = [['', [start]]]
  for (let length = 0; length <= max && layer.length > 0 && found.length < MOST_SAMPLES; length++) {
    const next: (readonly [string, readonly number[]])[] = []
    for (const [text, set] of layer) {
      // Whether the text may end here decides about assertions such as `$`, so the end is asked for with the text itself.
      if (reach(states, set, text, text.length).includes(0)) {
        if (text === '') empty = true
        else found.push(text)
      }
      for (const character of characters) {
        if (seen.size > MOST_SETS) break
        const longer = text + character
        // Assertions look one character ahead, so a set is taken with the character that follows it.
        const out = reach(states, set, longer, text.length).flatMap((index) =>
          states[index]?.reads?.[character.charCodeAt(0)] ? (states[index]?.out ?? []) : [],
        )
        const key = `${[...new Set(out)].sort((a, b) => a - b).join()}`
        if (out.length === 0 || seen.has(key)) continue
        seen.add(key)
        next.push([longer, [...new Set(out)]])
      }
    }
    layer = next
  }
  return empty ? [...found, ''] : found
}

/** The states that consume a character or end the match, reachable without consuming one. */
function reach(states: readonly State[], from: readonly number[], text: string, at: number): readonly number[] {
  const seen = new Set<number>()
  const open = [...from]
  const found: number[] = []
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    const state = states[index]
    if (!state || seen.has(index) || state.when?.(text, at) === false) continue
    seen.add(index)
    if (state.reads || index === 0) found.push(index)
    else open.push(...state.out)
  }
  return found
}
