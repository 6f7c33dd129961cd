/**
 * Reads the XML of AWS's Query protocol, strictly: elements and text. Comments, CDATA sections, DOCTYPE, processing instructions and
 * attributes other than one `xmlns` do not occur there, so a document that has them is refused, and so is one that is not well-formed.
 */

/** The text of each element without children, by its path, such as `ErrorResponse/Error/Code`. */
type XmlTexts = {
  readonly root: string
  readonly namespace: string
  /** Undefined if there is no such element. Throws if it, or one around it, occurs twice: readers would differ on which one counts. */
  readonly text: (path: string) => string | undefined
}

const MAX_DEPTH = 16
const DECLARATION = /^[ \t\r\n]*(?:<\?xml [^<>?]*\?>)?/
/** A tag, or text up to the next tag. */
const TOKEN = /<(\/?)([A-Za-z][A-Za-z0-9]*)(?: xmlns="([^"<&]*)")?[ \t\r\n]*(\/?)>|([^<]+)/y

export function readXml(xml: string): XmlTexts {
  const texts = new Map<string, string>()
  const counts = new Map<string, number>()
  /** The open elements, each with its name and its path. */
  const path: { readonly name: string; readonly place: string }[] = []
  const whole = DECLARATION.exec(xml)?.[0] ?? ''
  let [root, namespace, text, isLeaf] = ['', '', '', false]
  const close = () => {
    const closed = path.pop()
    if (isLeaf && closed) texts.set(closed.place, decoded(text))
    else if (!isBlank(text)) throw new Error('the response has text between elements')
    isLeaf = false
    text = ''
  }
  for (let at = whole.length; at < xml.length; ) {
    TOKEN.lastIndex = at
    const found = TOKEN.exec(xml)
    if (!found) throw new Error('the response is not the XML of AWS')
    at = TOKEN.lastIndex
    const [, ending, name = '', xmlns, empty, characters] = found
    if (characters !== undefined) {
      if (path.length === 0 && !isBlank(characters)) throw new Error('the response has text outside of its element')
      text += characters
    } else if (ending) {
      if (path.at(-1)?.name !== name || xmlns !== undefined || empty) throw new Error('the response has XML that is not well-formed')
      close()
    } else {
      if ((path.length === 0 && root !== '') || path.length >= MAX_DEPTH) throw new Error('the response has unexpected elements')
      if (!isBlank(text)) throw new Error('the response has text between elements')
      if (path.length === 0) [root, namespace] = [name, xmlns ?? '']
      const parent = path.at(-1)
      const place = parent ? `${parent.place}/${name}` : name
      path.push({ name, place })
      counts.set(place, (counts.get(place) ?? 0) + 1)
      isLeaf = true
      text = ''
      if (empty) close()
    }
  }
  if (root === '' || path.length > 0) throw new Error('the response is truncated')
  return {
    root,
    namespace,
    text(place) {
      const names = place.split('/')
      const places = names.map((_name, at) => names.slice(0, at + 1).join('/'))
      const repeated = places.find((one) => (counts.get(one) ?? 0) > 1)
      if (repeated) throw new Error(`the response has several elements ${repeated}`)
      return texts.get(place)
    },
  }
}

/** XML 1.0 §2.3, "White Space": `trim` would remove more, such as a byte order mark. */
const isBlank = (text: string): boolean => /^[ \t\r\n]*$/.test(text)

const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

/** XML 1.0 §4.1 and §4.6: the five names, and numbers of characters. */
function decoded(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&([^;]{0,10};?)/g, (_all, reference: string) => {
    const [, hex, digits, name = ''] = /^(?:#x([0-9A-Fa-f]{1,6})|#([0-9]{1,7})|([a-z]{2,4}));$/.exec(reference) ?? []
    const code = hex !== undefined ? Number.parseInt(hex, 16) : digits !== undefined ? Number(digits) : NAMED[name]?.charCodeAt(0)
    if (code === undefined || !isCharacter(code)) throw new Error('the response has an unknown entity')
    return String.fromCodePoint(code)
  })
}

/** XML 1.0 §2.2, "Char", within the basic plane: no value of AWS has others. */
const isCharacter = (code: number): boolean =>
  code === 9 || code === 10 || code === 13 || (code >= 0x20 && code <= 0xd7ff) || (code >= 0xe000 && code <= 0xfffd)
