/** Reads answers of AWS's Query protocol: XML without attributes, CDATA or comments. */
import type { Reply } from '../frame/http.ts'

/** The text of each element of this name, in the order of the document. */
export const tags = (xml: string, name: string): readonly string[] =>
  [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text = '']) =>
    text.replace(/&(lt|gt|quot|apos|amp);/g, (_entity, word: string) => ENTITIES[word] ?? ''),
  )
/** The text of the first element of this name. */
export const tag = (xml: string, name: string): string | undefined => tags(xml, name)[0]
const ENTITIES: { readonly [word: string]: string } = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }

export const codeOf = (reply: Reply): string | undefined => tag(reply.text, 'Code')

/** A policy document in an element. IAM encodes it (RFC 3986). Throws if it is unreadable. */
export const documentIn = (xml: string, name: string): unknown => JSON.parse(decodeURIComponent(tag(xml, name) ?? ''))
