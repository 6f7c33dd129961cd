/**
 * The output of commands. Names, error messages of servers and AWS records are untrusted text, and a terminal executes control
 * sequences. So everything that is written passes `core/shown-text.ts`. A value within a line passes `shownLine` where it is
 * inserted, so that it cannot start a line of its own; the whole output passes `forPeople`.
 *
 * JSON is data and keeps every character. Control characters are written as `\uXXXX`.
 */
import { shownText, visibleJson } from '@stint/core/shown-text'

export { shownLine } from '@stint/core/shown-text'

/** A complete report, of any length. */
export const forPeople = (text: string): string => shownText(text, Number.POSITIVE_INFINITY)

export const jsonLine = (value: unknown, indent?: number): string => `${visibleJson(value, indent)}\n`
