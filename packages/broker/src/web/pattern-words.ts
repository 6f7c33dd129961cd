/** The pattern of a parameter in words, such as "It begins with `acme-` and has lower-case letters, digits and hyphens". */
import { asCode } from '@stint/core/code-text'

/** Undefined if the pattern has anything but characters, sets of characters, alternatives and counts. */
export function patternWords(pattern: string): string | undefined {
  const parts: { readonly words: string; readonly isText: boolean }[] = []
  let rest = pattern.replace(/^\^|\$$/g, '')
  while (rest !== '') {
    const part = nextPart(rest)
    if (part === undefined) return undefined
    parts.push(part)
    rest = rest.slice(part.length)
  }
  if (parts.length === 0) return undefined
  const last = parts.length - 1
  const verb = (at: number) =>
    !parts[at]?.isText || last === 0
      ? last === 0 && parts[0]?.isText
        ? 'is'
        : 'has'
      : at === 0
        ? 'begins with'
        : at === last
          ? 'ends with'
          : 'has'
  return `It ${listed(parts.map(({ words }, at) => `${verb(at)} ${words}`))}.`
}

/** A text, a set of characters with a count, or a group of alternatives. */
const PART =
  /^(?:(?<text>(?:[\w-]|\\[.\-/])+)(?![+*?{])|(?<set>\[[^\]^\\]*(?:\\[dw.\-/][^\]\\]*)*\]|\\[dw])(?<count>[+*?]|\{\d+(?:,\d*)?\})?|\((?:\?:)?(?<group>[\w-]+(?:\|[\w-]+)+)\)(?![+*?{]))/

function nextPart(rest: string): { readonly words: string; readonly isText: boolean; readonly length: number } | undefined {
  const found = PART.exec(rest)
  if (!found) return undefined
  const { text, set, count, group } = found.groups ?? {}
  const { length } = found[0]
  if (text !== undefined) return { words: asCode(text.replaceAll('\\', '')), isText: true, length }
  if (group !== undefined) return { words: group.split('|').map(asCode).join(' or '), isText: true, length }
  const characters = setWords(set === undefined ? '' : set.replace(/^\[|\]$/g, ''))
  return characters === undefined ? undefined : { words: countWords(count, characters), isText: false, length }
}

const kinds: readonly (readonly [of: string, words: string])[] = [
  ['A-Za-z', 'letters'],
  ['a-zA-Z', 'letters'],
  ['a-z', 'lower-case letters'],
  ['A-Z', 'upper-case letters'],
  ['0-9', 'digits'],
  ['\\d', 'digits'],
  ['\\w', 'letters, digits and underscores'],
  ['\\-', 'hyphens'],
  ['\\.', 'dots'],
  ['\\/', 'slashes'],
  ['-', 'hyphens'],
  ['_', 'underscores'],
  ['.', 'dots'],
  ['/', 'slashes'],
  [':', 'colons'],
  ['@', '@'],
]

/** The characters of a set; undefined if it has others than `kinds`. */
function setWords(set: string): string | undefined {
  const words: string[] = []
  let rest = set
  while (rest !== '') {
    const kind = kinds.find(([of]) => rest.startsWith(of))
    // A hyphen between two others is a range.
    if (kind === undefined || (kind[0] === '-' && words.length > 0 && rest.length > 1)) return undefined
    words.push(kind[1])
    rest = rest.slice(kind[0].length)
    if (rest.length > 1 && rest.startsWith('-') && kind[0].length === 1) return undefined
  }
  return words.length === 0 ? undefined : listed(words)
}

function countWords(count: string | undefined, characters: string): string {
  if (count === undefined) return `one character (${characters})`
  if (count === '+') return characters
  if (count === '*') return `optional ${characters}`
  if (count === '?') return `at most one character (${characters})`
  const [, least = '', comma, most] = /^\{(\d+)(,?)(\d*)\}$/.exec(count) ?? []
  if (!comma) return `${least} characters (${characters})`
  return most ? `${least} to ${most} characters (${characters})` : `at least ${least} characters (${characters})`
}

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
