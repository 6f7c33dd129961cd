/** Values as TypeScript, in the style of this repository. Every string is quoted here, so no text of a source can become code. */
import { isObject } from '@stint/core/json'

const WIDTH = 140
/** Helpers of a config, by the only property of what they make. */
const helpers = new Set(['glob', 'includes', 'not', 'oneOf', 'all', 'any', 'cidr'])
/** Those that take the items of a list. */
const listHelpers = new Set(['oneOf', 'all', 'any', 'cidr'])

/** Imports names from the package with the helpers of a config. */
export const helpersImport = (names: string): string => ['import {', names, '} from', quoted('stint')].join(' ')

/** A name that stands for a value wherever it occurs. */
export type Named = ReadonlyMap<string, string>
/** The code of a value in a line of this indentation, behind `lead` characters. `used` collects the helpers. */
export function code(value: unknown, used: Set<string>, named: Named = new Map(), indent = 0, lead = indent): string {
  const name = named.get(JSON.stringify(value))
  if (name !== undefined) return name
  const line = flat(value, used, named)
  if (lead + line.length < WIDTH) return line
  const inner = ' '.repeat(indent + 2)
  const end = `\n${' '.repeat(indent)}`
  if (Array.isArray(value)) return `[\n${packed(value, used, named, indent + 2)}${end}]`
  if (!isObject(value)) return line
  const helper = helperOf(value)
  if (helper) {
    used.add(helper.name)
    return `${helper.name}(\n${helper.args.map((arg) => `${inner}${code(arg, used, named, indent + 2)},`).join('\n')}${end})`
  }
  return `{\n${Object.entries(value)
    .map(([key, item]) => {
      const start = `${inner}${property(key)}: `
      return `${start}${code(item, used, named, indent + 2, start.length)},`
    })
    .join('\n')}${end}}`
}

/** Account IDs fill lines. Other items have a line each. */
function packed(list: readonly unknown[], used: Set<string>, named: Named, indent: number): string {
  const space = ' '.repeat(indent)
  const items = list.map((item) => code(item, used, named, indent))
  if (!list.every((item) => typeof item === 'string' && /^\d{12}$/.test(item))) return items.map((item) => `${space}${item},`).join('\n')
  const lines: string[] = []
  for (const item of items) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + item.length + 2 <= WIDTH) lines[lines.length - 1] = `${last} ${item},`
    else lines.push(`${space}${item},`)
  }
  return lines.join('\n')
}

function flat(value: unknown, used: Set<string>, named: Named): string {
  const name = named.get(JSON.stringify(value))
  if (name !== undefined) return name
  if (typeof value === 'string') return quoted(value)
  if (Array.isArray(value)) return `[${value.map((item) => flat(item, used, named)).join(', ')}]`
  if (!isObject(value)) return String(value)
  const helper = helperOf(value)
  if (helper) {
    used.add(helper.name)
    return `${helper.name}(${helper.args.map((arg) => flat(arg, used, named)).join(', ')})`
  }
  const items = Object.entries(value).map(([key, item]) => `${property(key)}: ${flat(item, used, named)}`)
  return items.length === 0 ? '{}' : `{ ${items.join(', ')} }`
}

function helperOf(value: object): { readonly name: string; readonly args: readonly unknown[] } | undefined {
  const [[name, arg] = ['', undefined], ...more] = Object.entries(value)
  if (more.length > 0 || !helpers.has(name)) return undefined
  if (!listHelpers.has(name)) return { name, args: [arg] }
  return Array.isArray(arg) ? { name, args: arg } : undefined
}

const property = (key: string): string => (/^[A-Za-z][A-Za-z0-9_]*$/.test(key) ? key : key === '__proto__' ? "['__proto__']" : quoted(key))

/** Single quotes, unless only double quotes need no backslash. Everything but printable ASCII and letters is escaped. */
export function quoted(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll(/[^\x20-\x7E\p{L}\p{N}]/gu, (character) =>
      [...Array(character.length).keys()].map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
    )
  return escaped.includes("'") && !escaped.includes('"') ? `"${escaped}"` : `'${escaped.replaceAll("'", "\\'")}'`
}
