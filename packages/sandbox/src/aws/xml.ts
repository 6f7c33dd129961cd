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
