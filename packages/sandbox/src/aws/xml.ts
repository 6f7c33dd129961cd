/** The XML of AWS's older services: only elements and text. */

export type Node = string | number | readonly Node[] | { readonly [element: string]: Node | undefined }

const escaped = (text: string): string =>
  text.replace(/[&<>"\r]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' })[character] as string)

/** A list becomes one element per item, each with the property's name. */
export function xml(node: Node): string {
  if (typeof node !== 'object') return escaped(String(node))
  if (Array.isArray(node)) return node.map(xml).join('')
  return Object.entries(node as { [element: string]: Node | undefined })
    .flatMap(([name, child]) =>
      (child === undefined ? [] : Array.isArray(child) ? child : [child]).map((one) => `<${name}>${xml(one)}</${name.split(' ')[0]}>`),
    )
    .join('')
}

export type Element = { readonly name: string; readonly text: string; readonly children: readonly Element[] }

const MAX_DEPTH = 8
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])
const TOKEN = /<\?[^>]*\?>|<!--[\s\S]*?-->|<(\/?)([\w.:-]+)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y

/**
 * The root element of a document of elements with text or with elements; undefined if it is not well-formed. There is no DOCTYPE, so no
 * entity beyond the five of XML.
 */
export function readXml(source: string): Element | undefined {
  const top = open('')
  const stack = [top]
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < source.length) {
    const found = TOKEN.exec(source)
    const current = stack.at(-1)
    if (!found || !current) return undefined
    const [, closing, name, , empty, text] = found
    if (text !== undefined) {
      const plain = unescaped(text)
      if (plain === undefined) return undefined
      current.text += plain
    } else if (name === undefined) continue
    else if (closing === '/') {
      if (current.name !== local(name) || stack.length === 1) return undefined
      stack.pop()
    } else {
      const element = open(local(name))
      current.children.push(element)
      if (empty !== '/') stack.push(element)
      if (stack.length > MAX_DEPTH) return undefined
    }
  }
  const [only] = top.children
  return stack.length === 1 && top.children.length === 1 && top.text.trim() === '' ? only : undefined
}

const open = (name: string) => ({ name, text: '', children: [] as Element[] })
const local = (name: string): string => name.slice(name.indexOf(':') + 1)

/** Undefined if an entity is unknown. */
export function unescaped(text: string): string | undefined {
  let known = true
  const plain = text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w+));|&/g, (_all, decimal?: string, hex?: string, name?: string) => {
    const code = decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : undefined
    const character = code === undefined ? ENTITIES.get(name ?? '') : code <= 0x10ffff ? String.fromCodePoint(code) : undefined
    if (character === undefined) known = false
    return character ?? ''
  })
  return known ? plain : undefined
}
