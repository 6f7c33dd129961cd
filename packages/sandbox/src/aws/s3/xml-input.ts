/** The XML documents that S3 takes. Everything is bounded by the size of the body. */
import { type Element, readXml } from '../xml.ts'
import { malformedXml } from './answer.ts'

const MAX_BYTES = 2 * 1024 * 1024

export function documentOf(body: Buffer, root: string): Element {
  if (body.length > MAX_BYTES) throw malformedXml()
  const found = readXml(body.toString('utf8').replace(/^\uFEFF/, ''))
  if (found?.name !== root) throw malformedXml()
  return found
}

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
