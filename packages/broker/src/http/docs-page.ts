/**
 * `/docs`: the OpenAPI document as a page, with every problem code and what to do about it. The page has no scripts, loads nothing from
 * elsewhere, and shows nothing of the config.
 */
import { createHash } from 'node:crypto'
import { problems } from '@stint/core/problem'
import { html, raw } from 'hono/html'
import type { OpenApi } from './openapi-file.ts'

type DocumentedOperation = {
  readonly summary: string
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly description?: string }[]
  readonly responses: { readonly [status: string]: { readonly description: string } }
}

const style = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:60rem;margin:2rem auto;padding:0 1rem}
h2{margin-top:2.5rem;border-bottom:1px solid #8886}code{font-family:ui-monospace,monospace}table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #8883}:target{background:#fd03}`

export const docsHeaders = {
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; frame-ancestors 'none'; base-uri 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

export const docsPage = (document: OpenApi) => html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${document.info.title} API</title>
<style>${raw(style)}</style></head><body>
<h1>${document.info.title} API</h1>
<p>${document.info.description} Machine-readable: <a href="/openapi.json">/openapi.json</a>.</p>
${Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => operationPart(path, method, operation as DocumentedOperation)))}
<h2 id="problems">Problems</h2>
<p>Every refusal is <code>application/problem+json</code> (RFC 9457) with a stable <code>code</code> and a <code>trace</code> to quote to your operators.</p>
<table><tr><th>Code</th><th>Status</th><th>Problem</th><th>What to do</th></tr>
${Object.entries(problems).map(([code, row]) => html`<tr id="${code}"><td><code>${code}</code></td><td>${row.status}</td><td>${row.title}.</td><td>${row.next}</td></tr>`)}
</table></body></html>`

const operationPart = (path: string, method: string, operation: DocumentedOperation) => html`
<h2><code>${method.toUpperCase()} ${path}</code></h2>
<p>${operation.summary}.</p>
${operation.parameters ? html`<ul>${operation.parameters.map(({ name, description }) => html`<li><code>${name}</code> ${linked(description ?? '')}</li>`)}</ul>` : ''}
<table>${Object.entries(operation.responses).map(([status, { description }]) => html`<tr><td>${status}</td><td>${linked(description)}</td></tr>`)}</table>`

/** Turns the problem codes in a description into links to their row. */
const linked = (text: string) =>
  text.split(/(`[^`]+`)/).map((part) => {
    if (!part.startsWith('`')) return part
    const code = part.slice(1, -1)
    return code in problems ? html`<a href="#${code}"><code>${code}</code></a>` : html`<code>${code}</code>`
  })
