/**
 * Texts of people and configs in Slack's messages. What somebody wrote is shown as `plain_text`, where nothing of it is
 * markup; only where Slack takes mrkdwn alone it is escaped. Limits: Slack API docs, "Reference: blocks", "Formatting text".
 */
import type { MrkdwnElement, PlainTextElement } from '@slack/types'

/** What is too long is cut between characters and ends in `…`. Lengths are Slack's: UTF-16 units. */
export function cut(text: string, longest: number): string {
  if (text.length <= longest) return text
  let kept = ''
  for (const character of text) {
    if (kept.length + character.length > longest - 1) break
    kept += character
  }
  return `${kept}…`
}

/** First and last isolate of Unicode UAX 9: what is between them cannot turn the words around it. */
const [ISOLATE, POP] = ['\u2068', '\u2069']

/**
 * Without what would turn, hide or break the text beside it: controls, and the overrides and embeddings by which `gnp.exe`
 * is made to look like `exe.png`. A text that runs from right to left is shown so, between isolates.
 */
export function safe(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  const clean = text.toWellFormed().replace(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/g, '')
  return /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC]/.test(clean) ? `${ISOLATE}${clean}${POP}` : clean
}

export const plain = (text: string, longest = 3000): PlainTextElement => ({
  type: 'plain_text',
  text: cut(safe(text) || ' ', longest),
  emoji: false,
})

/** A text within a line of ours: it begins no line of its own, which could look like one of ours. */
export const inLine = (text: string, longest = 300): string => cut(safe(text).replace(/\s+/gu, ' ').trim(), longest)

const ENTITIES: { readonly [character: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/**
 * What a notification shows of a message, which Slack reads as mrkdwn: `&`, `<` and `>` would begin mentions and links, and
 * `*`, `_`, `~` and backticks are left out. It is no longer than `longest` once it is escaped, and no escape is cut in two.
 */
export function notice(text: string, longest = 200): string {
  let said = ''
  for (const character of inLine(text, longest).replace(/[*_~`]/g, '')) {
    const escaped = ENTITIES[character] ?? character
    if (said.length + escaped.length > longest) break
    said += escaped
  }
  return said || ' '
}

/** Ours alone: nothing that somebody wrote is ever in it. `verbatim`: Slack looks for no links and names of its own in it. */
export const mrkdwn = (text: string): MrkdwnElement => ({ type: 'mrkdwn', text: cut(text, 3000), verbatim: true })
