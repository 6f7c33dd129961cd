/** The XML of AWS is read, and nothing else: the paths, the texts, and what is refused. */
import { describe, expect, test } from 'vitest'
import { readXml } from './xml.ts'

const doc = (inside: string) => `<R xmlns="urn:x">${inside}</R>`

test.each<[string, string, string, string | undefined]>([
  ['a text', doc('<A>1</A>'), 'R/A', '1'],
  ['a text deeper down', doc('<A><B>1</B></A>'), 'R/A/B', '1'],
  ['an empty text', doc('<A></A>'), 'R/A', ''],
  ['an element that is empty', doc('<A/>'), 'R/A', ''],
  ['an element that is absent', doc('<A>1</A>'), 'R/B', undefined],
  ['an element with elements', doc('<A><B/></A>'), 'R/A', undefined],
  ['the first of two names that begin alike', doc('<A>1</A><AB>2</AB>'), 'R/A', '1'],
  ['a name elsewhere', doc('<A><B>1</B></A><B>2</B>'), 'R/B', '2'],
  ['line breaks between elements', doc('\n <A>1</A>\r\n\t'), 'R/A', '1'],
  ['whitespace within a text', doc('<A> 1 </A>'), 'R/A', ' 1 '],
  ['entities', doc('<A>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;</A>'), 'R/A', '<>&"\'AB'],
  ['an entity behind an entity', doc('<A>&amp;lt;</A>'), 'R/A', '&lt;'],
  ['a declaration', `<?xml version="1.0"?>\n${doc('<A>1</A>')}\n`, 'R/A', '1'],
])('reads %s', (_name, xml, path, expected) => {
  const read = readXml(xml)
  expect([read.root, read.namespace, read.text(path)]).toEqual(['R', 'urn:x', expected])
})

describe('refuses', () => {
  test.each<[string, string]>([
    ['nothing', ''],
    ['a text alone', 'x'],
    ['a root that is not closed', '<R>'],
    ['an element that is not closed', doc('<A>')],
    ['an end without a start', '</R>'],
    ['elements that cross', doc('<A><B></A></B>')],
    ['two roots', '<R></R><R></R>'],
    ['a text after the root', '<R></R>x'],
    ['a text before the root', 'x<R></R>'],
    ['a byte order mark', `\uFEFF${doc('')}`],
    ['a text between elements', doc('<A>1</A>x<B>2</B>')],
    ['a text before elements', doc('<A>x<B>2</B></A>')],
    ['a comment', doc('<!-- x -->')],
    ['CDATA', doc('<A><![CDATA[1]]></A>')],
    ['a DOCTYPE', `<!DOCTYPE R>${doc('')}`],
    ['a processing instruction', doc('<?x?>')],
    ['a second declaration', `<?xml version="1.0"?><?xml version="1.0"?>${doc('')}`],
    ['an attribute', doc('<A b="c">1</A>')],
    ['a namespace at an end', '<R></R xmlns="x">'],
    ['a prefix', '<x:R></x:R>'],
    ['an unknown entity', doc('<A>&nbsp;</A>')],
    ['an ampersand alone', doc('<A>a & b</A>')],
    ['an ampersand at the end', doc('<A>a&</A>')],
    ['an entity without an end', doc('<A>&lt</A>')],
    ['the character 0', doc('<A>&#0;</A>')],
    ['half a surrogate pair', doc('<A>&#xD800;</A>')],
    ['a character beyond Unicode', doc('<A>&#x110000;</A>')],
    ['a name with an inherited property', doc('<A>&constructor;</A>')],
    ['more than 16 levels', `${'<A>'.repeat(17)}${'</A>'.repeat(17)}`],
  ])('%s', (_name, xml) => expect(() => readXml(xml)).toThrow())
})

test.each<[string, string, string]>([
  ['an element', doc('<A>1</A><A>1</A>'), 'R/A'],
  ['an element around it', doc('<A><B>1</B></A><A/>'), 'R/A/B'],
])('does not choose if %s occurs twice', (_name, xml, path) => {
  const { text } = readXml(xml)
  expect(() => text(path)).toThrow()
})

test('reads a document with 5000 elements', () => {
  const { text } = readXml(doc(Array.from({ length: 5000 }, (_, at) => `<A${at}>&amp;${at}</A${at}>`).join('')))
  expect([text('R/A0'), text('R/A4999')]).toEqual(['&0', '&4999'])
})
