/**
 * Text from users and the config in Slack's messages. All of it passes `core/shown-text.ts` and is shown as `plain_text`, which has
 * no markup. It is escaped where Slack accepts only mrkdwn. Limits: Slack API docs, "Reference: blocks", "Formatting text".
 */
import type { MrkdwnElement, PlainTextElement } from '@slack/types'
import { cut, isolated, shownLine, shownText } from '@stint/core/shown-text'

export { cut }

/** A part that was isolated before it was put into a message. Paired isolates do not affect the text around them. */
const ISOLATED = /(\u2068[^\u2066-\u2069]*\u2069)/

/** Makes text safe to show, whatever its source. Parts that are already isolated stay isolated. */
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

/** Text from others within one of Stint's lines. It cannot start a new line, which could look like Stint's own. */
export const inLine = (text: string, longest = 300): string => isolated(shownLine(text, longest))

const ENTITIES: { readonly [character: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** Escapes `&`, `<` and `>`, so that mrkdwn has no mention or link. At most `longest` characters once escaped; no escape is split. */
export function escaped(text: string, longest = 3000): string {
  let said = ''
  for (const character of text) {
    const one = ENTITIES[character] ?? character
    if (said.length + one.length > longest) break
    said += one
  }
  return said || ' '
}

/** Characters that style mrkdwn, and look-alikes that do not. Nothing is removed: two identities must never read the same. */
const UNSTYLED: { readonly [character: string]: string } = { '*': '∗', _: '＿', '~': '∼', '`': 'ˋ' }

/** The text of a notification. Slack reads it as mrkdwn, and has no escape for what styles it. */
export const notice = (text: string, longest = 200): string =>
  escaped(
    safe(text.replace(/\s*\n\s*/g, ' ')).replace(/[*_~`]/g, (character) => UNSTYLED[character] ?? character),
    longest,
  )

/** Only for Stint's own text, never for text from others. `verbatim`: Slack does not look for links and names in it. */
export const mrkdwn = (text: string): MrkdwnElement => ({ type: 'mrkdwn', text: cut(text, 3000), verbatim: true })
