/**
 * Writes what follows from the config's schema: its types (`src/config/settings.ts`), a JSON Schema (`docs/config.schema.json`) and the
 * reference page (`docs/config-reference.md`). `node packages/core/build/settings.ts`. A test compares.
 */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { toJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import { configSchema } from '../src/config/schema.ts'

/** A schema as valibot keeps it. Only the members that are read here. */
type Schema = v.GenericSchema & {
  readonly type: string
  readonly pipe?: readonly { readonly kind: string; readonly type: string }[]
  readonly wrapped?: Schema
  readonly entries?: { readonly [name: string]: Schema }
  readonly options?: readonly (Schema | string)[]
  readonly item?: Schema
  readonly key?: Schema
  readonly value?: Schema
  readonly literal?: string | number | boolean
  readonly getter?: (input: unknown) => Schema
}

const root = configSchema as unknown as Schema
/** The schema without its checks and descriptions. */
const bare = (schema: Schema): Schema => (schema.pipe ? bare(schema.pipe[0] as unknown as Schema) : schema)
const nameOf = (schema: Schema): string | undefined => v.getTitle(schema)
const textOf = (schema: Schema): string | undefined => v.getDescription(schema)
/** A setting that is described where it is used has its type one level below. */
const isOptional = (schema: Schema): boolean => bare(schema).type === 'optional'
const inner = (schema: Schema): Schema => (isOptional(schema) ? (bare(schema).wrapped as Schema) : schema)

// ── Every named type, in the order in which a reader of the config meets them ────────────────────────────────────────

function parts(schema: Schema): readonly Schema[] {
  const { wrapped, entries = {}, options = [], item, key, value, getter } = bare(schema)
  const below = schema.pipe ? [schema.pipe[0] as unknown as Schema] : []
  const nested = [wrapped, item, key, value, getter?.(undefined), ...Object.values(entries), ...options]
  return [...below, ...nested].filter((part): part is Schema => typeof part === 'object')
}

function namedTypes(): ReadonlyMap<string, Schema> {
  const found = new Map<string, Schema>()
  const seen = new Set<Schema>()
  const queue = [root]
  for (let schema = queue.shift(); schema; schema = queue.shift()) {
    if (seen.has(schema)) continue
    seen.add(schema)
    const name = nameOf(schema)
    // A setting's own description is piped around a named type, and has the same title.
    if (name !== undefined && !found.has(name)) found.set(name, declaration(schema, name))
    queue.push(...parts(schema))
  }
  return found
}

/** The schema that gave the type its name: below it, nothing has the name. */
function declaration(schema: Schema, name: string): Schema {
  const below = schema.pipe?.[0] as unknown as Schema | undefined
  return below && nameOf(below) === name ? declaration(below, name) : schema
}

// ── Types ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const quoted = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value))

/** The type of a schema. `open`: spell it out even if it has a name. */
function typeOf(schema: Schema, open = false): string {
  const name = open ? undefined : nameOf(schema)
  if (name !== undefined) return name
  const plain = bare(schema)
  switch (plain.type) {
    case 'literal':
      return quoted(plain.literal)
    case 'picklist':
      return (plain.options ?? []).map(quoted).join(' | ')
    case 'union':
      return [...new Set((plain.options as readonly Schema[]).map((option) => typeOf(option)))].join(' | ')
    case 'array': {
      const item = typeOf(plain.item as Schema)
      return `readonly ${/[ |]/.test(item) && !item.startsWith('{') ? `(${item})` : item}[]`
    }
    case 'record': {
      const key = nameOf(plain.key as Schema) ?? 'string'
      return `{ readonly [name: ${key}]: ${typeOf(plain.value as Schema)} }`
    }
    case 'strict_object':
      return objectType(plain)
    case 'lazy':
      return typeOf(plain.getter?.(undefined) as Schema)
    default:
      return plain.type
  }
}

function objectType({ entries = {} }: Schema): string {
  const lines = Object.entries(entries).map(([name, schema]) => {
    const setting = inner(schema)
    const text = textOf(setting)
    const own = text !== undefined && text !== describedType(setting)
    return `${own ? comment(text) : ''}readonly ${name}${isOptional(schema) ? '?' : ''}: ${typeOf(setting)}`
  })
  return lines.some((line) => line.startsWith('/**')) ? `{\n${lines.map(indented).join('\n')}\n}` : `{ ${lines.join('; ')} }`
}

const indented = (lines: string): string => lines.replace(/^/gm, '  ')

/** The description of the named type that a setting has, so that it is not repeated at every use. */
function describedType(schema: Schema): string | undefined {
  const name = nameOf(schema)
  return name === undefined ? undefined : textOf(declaration(schema, name))
}

const comment = (text: string): string => `/** ${text} */\n`

export function settingsTypes(): string {
  const types = [...namedTypes()].map(([name, schema]) => {
    const text = textOf(schema)
    return `${text === undefined ? '' : comment(text)}export type ${name} = ${typeOf(schema, true)}\n`
  })
  return `// Generated from schema.ts by packages/core/build/settings.ts. Do not edit.\n\n/* biome-ignore-all format: generated */\n\n${types.join('\n')}`
}

// ── JSON Schema ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** For editors and other tools. Checks that JSON Schema cannot express are left out, and a binding may stand for a string. */
export function configJsonSchema(): string {
  const definitions = Object.fromEntries([...namedTypes()].filter(([name]) => name !== 'Config').map(([name, schema]) => [name, schema]))
  const schema = toJsonSchema(configSchema as v.GenericSchema, {
    errorMode: 'ignore',
    definitions: definitions as unknown as Record<string, v.GenericSchema>,
    target: 'draft-2020-12',
  })
  return `${JSON.stringify(schema, undefined, 2)}\n`
}

// ── Reference page ───────────────────────────────────────────────────────────────────────────────────────────────────

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

export function settingsPage(): string {
  const sections = [...namedTypes()].map(([name, schema]) => {
    const { type, entries = {} } = bare(schema)
    const head = `## ${name}\n\n${textOf(schema) ?? ''}\n`
    if (type !== 'strict_object') return `${head}\nOne of: \`${cell(typeOf(schema, true)).replaceAll('\\|', '|')}\`.\n`
    const rows = Object.entries(entries).map(([setting, value]) => {
      const optional = isOptional(value) ? '' : ' (required)'
      return `| \`${setting}\`${optional} | \`${cell(plainType(inner(value)))}\` | ${cell(textOf(inner(value)) ?? '')} |`
    })
    return `${head}\n| setting | type | meaning |\n| --- | --- | --- |\n${rows.join('\n')}\n`
  })
  return `<!-- Generated from packages/core/src/config/schema.ts by packages/core/build/settings.ts. Do not edit. -->\n\n# Settings of stint.config.ts\n\nEvery setting, its type and its meaning. How to use them: [guides/config.md](guides/config.md). The same as JSON Schema: [config.schema.json](config.schema.json).\n\n${sections.join('\n')}`
}

/** The type in one line, without comments. */
const plainType = (schema: Schema): string =>
  typeOf(schema)
    .replace(/ *\/\*\*.*?\*\/\n/g, '')
    .replace(/\{\n */g, '{ ')
    .replace(/\n\}/g, ' }')
    .replace(/\n */g, '; ')
    .replaceAll('readonly ', '')

// ── Files ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const at = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url))
export const outputs: readonly (readonly [path: string, make: () => string])[] = [
  ['packages/core/src/config/settings.ts', settingsTypes],
  ['docs/config.schema.json', configJsonSchema],
  ['docs/config-reference.md', settingsPage],
]

if (import.meta.main) for (const [path, make] of outputs) await writeFile(at(path), make())
