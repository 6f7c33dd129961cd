/** Names within a sentence of Stint, such as a resource's. They are between backticks, and pages show them as code. */
import { cut, shownLine } from './shown-text.ts'

/** Longer than any name in a session policy: AWS allows 2,048 characters for all of it. */
const LONGEST_NAME = 4000

/** A name as code. It contains no backtick of its own, so that it cannot continue as part of the sentence. */
export const asCode = (name: string): string => `\`${shownLine(name, LONGEST_NAME).replaceAll('`', '‹U+0060›')}\``

/** Cuts a sentence that is too long, by default after 500 UTF-16 units, and ends the name that it was cut in. */
export function cutSentence(sentence: string, longest = 500): string {
  const shown = cut(sentence, longest)
  return codeParts(shown).length % 2 === 0 ? `${shown}\`` : shown
}

/** The parts of a sentence, in turn: its words, a name, its words, … */
export const codeParts = (sentence: string): readonly string[] => sentence.split('`')
