/**
 * Texts of people and configs in Slack's messages. All of it passes `core/shown-text.ts`, and is shown as `plain_text`, where
 * nothing of it is markup; only where Slack takes mrkdwn alone it is escaped. Limits: Slack API docs, "Reference: blocks",
 * "Formatting text".
 */
import type { MrkdwnElement, PlainTextElement } from '@slack/types'
import { cut, isolated, shownLine, shownText } from '@stint/core/shown-text'

export { cut }

/** A part that was isolated before it was put into a text of ours. Isolates in pairs turn nothing outside of them. */
const ISOLATED = /(\u2068[^\u2066-\u2069]*\u2069)/

/** Text as it may be shown, whoever wrote which part of it. Parts that are isolated already stay so. */
export function safe(text: string, longest?: number): string {
  const parts = text.split(ISOLATED)
  if (parts.length === 1) return isolated(shownText(text, longest))
  return parts
    .map((part, index) => (index % 2 === 0 ? shownText(part, longest) : `\u2068${shownText(part.slice(1, -1), longest)}\u2069`))
    .join('')
}

export const plain = (text: string, longest = 3000): PlainTextElement => ({
  type: 'plain_text',
  text: cut(safe(text, longest) || ' ', longest),
  emoji: false,
})

/** A text within a line of ours: it begins no line of its own, which could look like one of ours. */
export const inLine = (text: string, longest = 300): string => isolated(shownLine(text, longest))

const ENTITIES: { readonly [character: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** mrkdwn in which `&`, `<` and `>` begin no mention and no link. No longer than `longest` once escaped; no escape is cut in two. */
export function escaped(text: string, longest = 3000): string {
  let said = ''
  for (const character of text) {
    const one = ENTITIES[character] ?? character
    if (said.length + one.length > longest) break
    said += one
  }
  return said || ' '
}

/** What a notification shows of a message, which Slack reads as mrkdwn: `*`, `_`, `~` and backticks, which would style it, are left out. */
export const notice = (text: string, longest = 200): string => escaped(safe(text.replace(/\s*\n\s*/g, ' ')).replace(/[*_~`]/g, ''), longest)

/** Ours alone: nothing that somebody wrote is ever in it. `verbatim`: Slack looks for no links and names of its own in it. */
export const mrkdwn = (text: string): MrkdwnElement => ({ type: 'mrkdwn', text: cut(text, 3000), verbatim: true })
