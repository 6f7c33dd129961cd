/**
 * Makes untrusted text (names, justifications, comments, error messages of servers) safe to show. Slack, pages, the terminal
 * and CSV all pass untrusted text through here first. Each then adds its own escaping (mrkdwn, HTML, a formula's apostrophe).
 *
 * A character that a reader cannot see, or that changes how the text around it looks, is replaced by a visible mark such as
 * `‹U+202E›`. It is never dropped silently: a reader should notice that the text was not plain, and two texts that differ only
 * in invisible characters should not look the same. Letters of every script stay as they are, and so do emoji.
 */

/**
 * Control characters (ESC, which begins terminal sequences, and C1 among them), format characters (bidirectional overrides and
 * isolates, zero-width characters, tags), lone surrogates, private and unassigned code points, line and paragraph separators,
 * everything that Unicode lets a renderer ignore (variation selectors, fillers, soft hyphen), and the blank Braille pattern.
 * Sources: Unicode Standard Annex 44, "General_Category" and "Default_Ignorable_Code_Point"; Annex 9 for bidirectional text.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u
const HIDDEN_RUN = /([\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800])\1*/gu
/**
 * Emoji are sequences of exactly these shapes (Unicode Technical Standard 51); their joiners and selectors hide nothing. Made on first use:
 * it takes V8 15 ms, and `vend` has this file for its log lines.
 */
let emojis: RegExp | undefined
function everyEmoji(): RegExp {
  emojis ??= /\p{RGI_Emoji}/gv
  return emojis
}

/** Maximum number of marks on one letter. Hebrew, Vietnamese and Thai need at most four. */
const MOST_MARKS = 4
const MARK_FLOOD = new RegExp(`(\\p{M}{${MOST_MARKS}})(\\p{M}+)`, 'gu')
/** Maximum number of empty lines in a row. More would push the following text out of sight. */
const MOST_EMPTY_LINES = 2
const EMPTY_LINES = new RegExp(`\\n(?:[^\\S\\n]*\\n){${MOST_EMPTY_LINES + 1},}`, 'g')

const LONGEST_TEXT = 3000
const LONGEST_LINE = 300
/** A mark is longer than the character it replaces, and a mark for a run is shorter. So up to this multiple of the shown length is read. */
const LOOKED_AT = 8

/**
 * Text of several lines. `\r\n` and `\n` end lines and tabs stay; everything else in HIDDEN becomes a mark.
 * `longest` is in UTF-16 units, 3000 by default. Longer text is cut and ends in `…`.
 */
export function shownText(text: string, longest = LONGEST_TEXT): string {
  const lines = beginning(text, longest)
    .replaceAll('\r\n', '\n')
    .split('\n')
    .map((line) => line.split('\t').map(marked).join('\t'))
    .join('\n')
    .replace(EMPTY_LINES, (run) => `\n\n‹${run.split('\n').length - 2} empty lines›\n`)
  return cut(lines, longest, text)
}

/** Text within one of Stint's own lines. A line break becomes `⏎`, so that the text cannot start a line that looks like Stint's. */
export function shownLine(text: string, longest = LONGEST_LINE): string {
  // Words and the white space between them, in turn. White space at either end has an empty word outside it.
  const parts = beginning(text, longest)
    .replaceAll('\r\n', '\n')
    .split(/([\p{Zs}\t\n]+)/u)
  const [first, last] = [parts[0] === '' ? 2 : 0, parts.at(-1) === '' ? parts.length - 2 : parts.length]
  const line = parts
    .slice(first, last)
    .map((part, index) => (index % 2 === 0 ? marked(part) : part.includes('\n') ? ' ⏎ ' : ' '))
    .join('')
  return cut(line, longest, text)
}

const beginning = (text: string, longest: number): string => text.slice(0, (longest + 1) * LOOKED_AT)

/** Cuts text that is too long between characters and ends it in `…`. Lengths are in UTF-16 units. */
export function cut(text: string, longest: number, whole = text): string {
  if (text.length <= longest && whole.length <= (longest + 1) * LOOKED_AT) return text
  const kept = text.slice(0, Math.max(0, longest - 1))
  return `${/[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept}…`
}

/** One line without hidden characters and without floods of marks. */
const marked = (text: string): string =>
  (HIDDEN.test(text) ? withoutHidden(text) : text)
    .replace(MARK_FLOOD, (_flood, kept: string, more: string) => `${kept}‹${[...more].length} marks›`)
    .replace(/^(?=\p{M})/u, '◌')

/** Replaces hidden characters between emoji. Emoji stay whole. */
function withoutHidden(text: string): string {
  let [shown, at] = ['', 0]
  for (const emoji of text.matchAll(everyEmoji())) {
    shown += text.slice(at, emoji.index).replace(HIDDEN_RUN, mark) + emoji[0]
    at = emoji.index + emoji[0].length
  }
  return shown + text.slice(at).replace(HIDDEN_RUN, mark)
}

function mark(run: string, character: string): string {
  const name = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  const times = run.length / character.length
  return `‹U+${name}${times > 1 ? ` ×${times}` : ''}›`
}

const RIGHT_TO_LEFT = /[\u{590}-\u{8FF}\u{FB1D}-\u{FDFF}\u{FE70}-\u{FEFC}\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u

/**
 * Wraps right-to-left text in a first-strong isolate (Unicode Annex 9, FSI and PDI), so that it does not reorder the words next
 * to it. `shown` has passed `shownText` or `shownLine`, so it contains no isolate of its own.
 */
export const isolated = (shown: string): string => (RIGHT_TO_LEFT.test(shown) ? `\u2068${shown}\u2069` : shown)

/** JSON with hidden characters written as `\uXXXX`: the same data for a program, and safe on a terminal. */
export function visibleJson(value: unknown, indent?: number): string {
  const json = JSON.stringify(value, null, indent)
  // Most is plain ASCII, which needs none of Unicode's tables.
  if (/^[\n\x20-\x7E]*$/.test(json)) return json
  return json.replace(new RegExp(HIDDEN, 'gu'), (character) =>
    character === '\n' ? '\n' : character.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
}
