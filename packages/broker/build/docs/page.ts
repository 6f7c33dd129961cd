/**
 * The API reference, `/docs`: every operation of the OpenAPI document with its fields, an example and lines to try, then the objects that
 * several operations share, and every problem code. It is written by the build and needs no script; with one, the contents can be filtered.
 */
import { problems } from '@stint/core/problem'
import { html } from 'hono/html'
import { bodies, commands, curlOf, exampleOf } from './examples.ts'
import { choicesOf, type Described, document, nameOf, operations, resolved, type Schema, typeText } from './schema.ts'

type Html = ReturnType<typeof html>
/** The names of the style sheet and the script, as they are served. */
export type Assets = { readonly style: string; readonly script: string }

export const docsPage = ({ style, script }: Assets): string =>
  String(html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${document.info.title} API reference</title>
<link rel="stylesheet" href="${style}"><script type="module" src="${script}"></script></head><body>
<a class="skip" href="#content">Skip to the content</a>
<nav aria-label="Contents"><details open><summary>Contents</summary>
<label class="find" hidden>Filter <input type="search" autocomplete="off" spellcheck="false" placeholder="extend, freeze, 409 …"></label>
<ul><li><a href="#start">Getting started</a></li></ul>
${document.tags.map(({ name }) => html`<h2>${name}</h2><ul>${ofTag(name).map(contentsLine)}</ul>`)}
<h2>Reference</h2><ul><li><a href="#objects">Objects</a></li><li><a href="#problems">Problems</a></li></ul>
</details></nav>
<main id="content"><h1>${document.info.title} API reference</h1>
<p>${document.info.description} The document in machine-readable form: <a href="/openapi.json">openapi.json</a>.</p>
${start}
${document.tags.map(tagPart)}
<h2 id="objects">Objects</h2>
${Object.entries(document.components.schemas)
  .filter(([, schema]) => schema.type === 'object')
  .map(([name, schema]) => objectPart(name, schema))}
${problemsPart}
</main></body></html>
`)

const ofTag = (tag: string): readonly Described[] => operations.filter(({ operation }) => operation.tags.includes(tag))

const contentsLine = ({ method, path, operation: { operationId, summary } }: Described) =>
  html`<li><a href="#${operationId}" title="${summary}"><span class="method ${method.toLowerCase()}">${method}</span> ${breakable(path)}</a></li>`

const start = html`<h2 id="start">Getting started</h2>
<p>Send a token of your issuer as a bearer token. The command line signs in by itself: <code>stint login</code>.</p>
<pre>export STINT=https://stint.acme.example
export TOKEN=…
curl -sS "$STINT/profiles" -H "Authorization: Bearer $TOKEN"</pre>
<ul>
<li>Bodies are JSON in UTF-8, of at most 16 KB. A property that an operation does not have is refused.</li>
<li>Times are RFC 3339. Durations are seconds as a number, or a string with units, such as <code>15m</code>.</li>
<li>Lists have a <code>next</code> if there is more: pass it as <code>cursor</code>.</li>
<li>A refusal is <code>application/problem+json</code> (RFC 9457) with a stable <a href="#problems"><code>code</code></a> and a <code>trace</code> to quote to your operators. It changed nothing, unless it says otherwise.</li>
</ul>`

const tagPart = ({ name, description }: { readonly name: string; readonly description: string }) =>
  html`<h2 id="${name.toLowerCase()}">${name}</h2><p>${description}</p>${ofTag(name).map(operationPart)}`

function operationPart({ method, path, operation }: Described): Html {
  const { operationId, summary, parameters = [], requestBody, responses } = operation
  const [media, body] = Object.entries(requestBody?.content ?? {})[0] ?? []
  const answers = Object.entries(responses).filter(([status]) => Number(status) < 400)
  const refusals = Object.entries(responses).filter(([status]) => Number(status) >= 400)
  const command = commands[operationId]
  return html`<section id="${operationId}"><h3><span class="method ${method.toLowerCase()}">${method}</span> ${breakable(path)}</h3>
<p>${summary}.</p>
${
  parameters.length === 0
    ? ''
    : html`<h4>Parameters</h4>${fieldTable(
        parameters.map(({ name, in: place, required, description, schema }) => ({
          name,
          type: `${typeText(schema)}, in the ${place}`,
          required,
          about: [description ?? '', ...rangeOf(schema)].filter((part) => part !== '').join(' '),
        })),
      )}`
}
${body ? html`<h4>Request body</h4>${media === 'application/json' ? '' : html`<p><code>${media}</code></p>`}${schemaPart(body.schema)}` : ''}
<h4>Try it</h4><pre>${curlOf(method, path, operation)}${command === undefined ? '' : `\n\n# with the command line\n${command}`}</pre>
${answers.map(
  ([status, { description, headers = {}, content = {} }]) => html`<h4>Response ${status}</h4><p>${linked(description)}</p>
${Object.keys(headers).length === 0 ? '' : html`<ul>${Object.entries(headers).map(([name, { description: about }]) => html`<li><code>${name}</code>: ${linked(about ?? '')}</li>`)}</ul>`}
${Object.entries(content).map(([type, { schema }]) => responsePart(type, schema))}`,
)}
${refusals.length === 0 ? '' : html`<h4>Problems</h4><p>${refusals.map(([status, { description }]) => html`${status} ${linked(description)}. `)}</p>`}
</section>`
}

const rangeOf = ({
  default: standard,
  minimum,
  maximum,
}: {
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
}) => [
  ...(minimum !== undefined && maximum !== undefined ? [`${minimum} to ${maximum}.`] : []),
  ...(standard === undefined ? [] : [`Default: ${String(standard)}.`]),
]

function responsePart(type: string, schema: Schema): Html {
  const choices = choicesOf(schema) ?? [schema]
  const named = choices.flatMap((one) => nameOf(one) ?? [])
  return html`<p><code>${type}</code>${named.length === 0 ? '' : html`: ${named.map((name, index) => html`${index === 0 ? '' : ' or '}<a href="#${name}">${name}</a>`)}`}</p>${
    choices.length === 1 && resolved(schema).properties ? html`<details><summary>Example</summary>${exampleBlock(schema)}</details>` : ''
  }`
}

const objectPart = (name: string, schema: Schema) =>
  html`<section id="${name}"><h3>${name}</h3>${schemaPart(schema, false)}<details><summary>Example</summary>${exampleBlock(schema, name)}</details></section>`

const exampleBlock = (schema: Schema, place?: string) => html`<pre>${JSON.stringify(exampleOf(schema, place), null, 2)}</pre>`

/** The fields of an object, of nested ones too, with their path. */
const schemaPart = (schema: Schema, withExample = true): Html =>
  html`${fieldTable(fieldsOf(schema))}${withExample && nameOf(schema) !== undefined && bodyOf(schema) ? html`<pre>${JSON.stringify(bodyOf(schema), null, 2)}</pre>` : ''}`
const bodyOf = (schema: Schema): object | undefined => {
  const found = operations.find(({ operation }) => operation.requestBody?.content['application/json']?.schema.$ref === schema.$ref)
  return found && bodies[found.operation.operationId]
}

type Field = { readonly name: string; readonly type: string; readonly required: boolean; readonly about: string }
/** Deeper objects are in the example. */
const MOST_LEVELS = 3

function fieldsOf(schema: Schema, prefix = '', level = 1): readonly Field[] {
  const { properties = {}, required = [] } = resolved(schema)
  return Object.entries(properties).flatMap(([name, property]) => {
    const { description = '', items } = resolved(property)
    const inner = items ? resolved(items) : resolved(property)
    const path = `${prefix}${name}`
    const nested = inner.properties && level < MOST_LEVELS ? fieldsOf(inner, `${path}${items ? '[]' : ''}.`, level + 1) : []
    return [{ name: path, type: typeText(property), required: required.includes(name), about: description }, ...nested]
  })
}

const fieldTable = (fields: readonly Field[]): Html =>
  fields.length === 0
    ? html`<p>An empty object.</p>`
    : html`<table><thead><tr><th scope="col">Field</th><th scope="col">Type</th><th scope="col">Description</th></tr></thead><tbody>${fields.map(
        ({ name, type, required, about }) =>
          html`<tr><th scope="row"><code>${breakable(name)}</code>${required ? '' : html` <span class="optional">optional</span>`}</th><td>${breakable(type)}</td><td>${linked(about)}</td></tr>`,
      )}</tbody></table>`

const problemsPart = html`<h2 id="problems">Problems</h2>
<p>The <code>code</code> of a problem never changes its meaning.</p>
<table><thead><tr><th scope="col">Code</th><th scope="col">Problem</th><th scope="col">What to do</th></tr></thead><tbody>
${Object.entries(problems).map(([code, { status, title, next }]) => html`<tr id="${code}"><th scope="row"><code>${code}</code> <span class="optional">${status}</span></th><td>${title}.</td><td>${next}</td></tr>`)}
</tbody></table>`

/** Lets a long name break after its separators. */
const breakable = (text: string) => text.split(/(?<=[/._,])/).map((part, index) => html`${index === 0 ? '' : html`<wbr>`}${part}`)

/** Turns the problem codes in a description into links to their row. */
const linked = (text: string) =>
  text.split(/(`[^`]+`)/).map((part) => {
    if (!part.startsWith('`')) return part
    const code = part.slice(1, -1)
    return code in problems ? html`<a href="#${code}"><code>${code}</code></a>` : html`<code>${code}</code>`
  })
