/**
 * Splits a stream of JSON text into its items without holding more than one: the elements of a list at the top or in `{"Records":[…]}`,
 * `{"Events":[…]}` and `{"QueryResultRows":[…]}`, and else the objects at the top, as in NDJSON. It only finds where an item ends;
 * each item is parsed by itself, which also checks it.
 */
type Splitter = {
  /** Returns the items that end in this piece. Throws if an item is too long or is neither an object nor a list. */
  readonly take: (text: string) => readonly string[]
  /** Throws if the text ends within an item. */
  readonly end: () => void
}

/** The name of a list whose elements are items, directly before its bracket. */
const LIST = /"(?:Records|Events|QueryResultRows)"\s*:\s*$/
const LONGEST_NAME = 80
const STRUCTURE = /["{}[\]]/g
const STRING_END = /["\\]/g
/** The depth of items after the end of a list: nothing that follows it is one. */
const NOWHERE = Number.POSITIVE_INFINITY

export function splitter(maxCharacters: number): Splitter {
  /** The text of the current item so far, or of the object around a list. */
  let held = ''
  let depth = 0
  /** Items begin at this depth: 0 at the top, 1 in a list there, 2 in a list of an object. */
  let base = 0
  let inString = false
  let escaped = false

  return {
    take(text) {
      const items: string[] = []
      /** The first character that is neither held nor passed. */
      let from = 0
      let at = 0
      while (at < text.length) {
        if (inString) {
          at = endOfString(text, at)
          continue
        }
        STRUCTURE.lastIndex = at
        const found = STRUCTURE.exec(text)
        if (!found) break
        at = found.index + 1
        const character = found[0]
        if (depth === base) pass(text.slice(from, found.index))
        if (character === '"') {
          if (depth === base) throw notARecord()
          inString = true
        } else if (character === '{' || character === '[') from = opened(text, character, found.index, from)
        else {
          depth--
          if (depth < 0) throw new SyntaxError('it is not JSON')
          if (depth === base) {
            items.push(hold(text.slice(from, at)))
            held = ''
          } else if (depth < base) base = depth === 0 ? 0 : NOWHERE
          if (depth <= base) from = at
        }
      }
      const rest = text.slice(from)
      if (depth > base) hold(rest)
      else if (depth === base) pass(rest)
      return items
    },
    end() {
      if (depth !== 0 || inString) throw new SyntaxError('it ends within a record')
    },
  }

  /** Takes note of a bracket, and returns the first character to hold from there. */
  function opened(text: string, character: string, index: number, from: number): number {
    const list = character === '[' && base === 0 && depth <= 1
    if (list && (depth === 0 || LIST.test(`${held}${text.slice(from, index)}`.slice(-LONGEST_NAME)))) {
      depth++
      base = depth
      held = ''
      return index + 1
    }
    const first = depth === base ? index : from
    depth++
    return first
  }

  function hold(text: string): string {
    held += text
    if (held.length > maxCharacters) throw new RangeError(`it has a value of more than ${maxCharacters.toLocaleString('en-US')} characters`)
    return held
  }

  /** The index after the quote that ends the string, or the end of the text. */
  function endOfString(text: string, from: number): number {
    let at = from
    if (escaped) {
      escaped = false
      at++
    }
    for (;;) {
      STRING_END.lastIndex = at
      const found = STRING_END.exec(text)
      if (!found) return text.length
      at = found.index + 1
      if (found[0] === '"') {
        inString = false
        return at
      }
      escaped = at >= text.length
      at++
    }
  }
}

const notARecord = () => new SyntaxError('it has a value that is not a record')

/** What is between items: white space and commas. */
function pass(text: string): void {
  if (!/^[\s,]*$/.test(text)) throw notARecord()
}
