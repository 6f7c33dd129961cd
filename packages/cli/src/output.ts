/**
 * What commands print. Names, error messages of servers and records of AWS are other people's text, and a terminal obeys what
 * it is sent: so nothing is written that has not passed `core/shown-text.ts`. A value within a line passes `shownLine` where it
 * is put in, so that it cannot begin a line of its own; the whole passes `forPeople` when it is written.
 *
 * JSON is data and keeps every character; those that a terminal would obey are written as `\uXXXX`.
 */
import { shownText, visibleJson } from '@stint/core/shown-text'

export { shownLine } from '@stint/core/shown-text'

/** A whole report, of any length. */
export const forPeople = (text: string): string => shownText(text, Number.POSITIVE_INFINITY)

export const jsonLine = (value: unknown, indent?: number): string => `${visibleJson(value, indent)}\n`
