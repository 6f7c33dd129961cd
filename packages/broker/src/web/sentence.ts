/** Sentences with names that a person chose, such as those of `plainWords`. */
import { codeParts } from '@stint/core/code-text'
import { isolated } from '@stint/core/shown-text'
import { html } from 'hono/html'
import type { Html } from './layout.ts'

/** A line with its names as code, so that no name reads as Stint's own words. */
export const sentence = (line: string): Html =>
  html`${codeParts(line).map((part, index) => (index % 2 === 0 ? part : html`<code>${isolated(part)}</code>`))}`

export const capitalized = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`

/** What a session may do, and each statement of its policy. */
export const allowedLines = (words: readonly string[], permissions: readonly string[]): Html =>
  html`<ul>${words.map((line) => html`<li>${sentence(capitalized(line))}.</li>`)}</ul>
<details><summary>Exact permissions</summary><ul>${permissions.map((line) => html`<li><code>${line}</code></li>`)}</ul></details>`
