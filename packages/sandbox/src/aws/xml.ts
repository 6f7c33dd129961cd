/** The XML of AWS's older services: only elements and text. */

export type Node = string | number | readonly Node[] | { readonly [element: string]: Node | undefined }

const escaped = (text: string): string =>
  text.replace(/[&<>"\r]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' })[character] as string)

export const unescaped = (text: string): string =>
  text.replace(/&(amp|lt|gt|quot|#13);/g, (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#13': '\r' })[name] ?? '')

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

/** Children by the name of their element. */
export type Tree = string | ReadonlyMap<string, readonly Tree[]>

/** Reads what `xml` writes. */
export function readXml(text: string): Tree {
  const root: { children: Map<string, Tree[]>; text: string } = { children: new Map(), text: '' }
  const open = [root]
  for (const [token, closing, name] of text.matchAll(/<(\/?)([\w.]+)[^>]*>|[^<]+/g)) {
    const current = open.at(-1) ?? root
    if (name === undefined) current.text += token
    else if (!closing) open.push({ children: new Map(), text: '' })
    else {
      open.pop()
      const tree: Tree = current.children.size > 0 ? current.children : unescaped(current.text)
      const { children } = open.at(-1) ?? root
      children.set(name, [...(children.get(name) ?? []), tree])
    }
  }
  return root.children
}
