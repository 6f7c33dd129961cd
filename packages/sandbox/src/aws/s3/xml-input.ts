/**
 * Reads the XML documents that S3 takes: elements with text or with elements. There is no DOCTYPE, so no entity beyond the five of XML.
 * Everything is bounded by the size of the body.
 */
import { malformedXml } from './answer.ts'

export type Element = { readonly name: string; readonly text: string; readonly children: readonly Element[] }

const MAX_BYTES = 2 * 1024 * 1024
const MAX_DEPTH = 8
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const TOKEN = /<\?[^>]*\?>|<!--[\s\S]*?-->|<(\/?)([\w.:-]+)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y

export function readXml(body: Buffer, root: string): Element {
  if (body.length > MAX_BYTES) throw malformedXml()
  const source = body.toString('utf8').replace(/^\uFEFF/, '')
  const top = open('')
  const stack = [top]
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < source.length) {
    const found = TOKEN.exec(source)
    if (!found) throw malformedXml()
    const [, closing, name, , empty, text] = found
    const current = stack.at(-1)
    if (!current) throw malformedXml()
    if (text !== undefined) current.text += unescaped(text)
    else if (name === undefined) continue
    else if (closing === '/') {
      if (current.name !== local(name) || stack.length === 1) throw malformedXml()
      stack.pop()
    } else {
      const element = open(local(name))
      current.children.push(element)
      if (empty !== '/') stack.push(element)
      if (stack.length > MAX_DEPTH) throw malformedXml()
    }
  }
  const [only] = top.children
  if (stack.length !== 1 || top.children.length !== 1 || only?.name !== root || top.text.trim() !== '') throw malformedXml()
  return only
}

const open = (name: string) => ({ name, text: '', children: [] as Element[] })
const local = (name: string): string => name.slice(name.indexOf(':') + 1)

const unescaped = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w+));|&/g, (_all, decimal?: string, hex?: string, name?: string) => {
    const code = decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : undefined
    if (code !== undefined && code <= 0x10ffff) return String.fromCodePoint(code)
    const known = name === undefined ? undefined : ENTITIES[name]
    if (known === undefined) throw malformedXml()
    return known
  })

/** The elements of these names and no others: an unknown one would change what is asked. */
export function childrenOf(element: Element, names: readonly string[]): readonly Element[] {
  if (element.children.some(({ name }) => !names.includes(name))) throw malformedXml()
  return element.children
}

export function textOf(element: Element, name: string): string | undefined {
  const found = element.children.filter((child) => child.name === name)
  if (found.length > 1 || found.some(({ children }) => children.length > 0)) throw malformedXml()
  return found[0]?.text
}
