import { expect, test } from 'vitest'
import { prefersHtml } from './prefers-html.ts'

test.each<[accept: string | undefined, prefers: boolean]>([
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
  ['TEXT/HTML ; q=0.5, */*', true],
  ['application/json;q=0.5, text/html', true],
  [undefined, false],
  ['', false],
  ['*/*', false],
  ['text/*', false],
  ['application/json', false],
  ['application/json, text/html;q=0.9', false],
  ['application/problem+json, text/html;q=0.9', false],
  ['text/html;q=0', false],
  ['text/html;q=x', false],
])('%s', (accept, prefers) => expect(prefersHtml(accept)).toBe(prefers))
