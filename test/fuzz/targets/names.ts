import { joinedName, roleSessionName, sourceIdentity } from '@stint/core/identity/name'
import { tagText } from '@stint/core/tag-value'
import { must, type Target } from '../engine.ts'

/** AWS STS API Reference, AssumeRole: RoleSessionName, SourceIdentity; Tag. */
const NAME = /^[\w+=,.@-]{2,64}$/
const TAG = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

/** What was made of which input. Old ones are forgotten. */
const MOST = 50_000
function injective(what: string): (made: string, from: string) => void {
  const sources = new Map<string, string>()
  return (made, from) => {
    const known = sources.get(made)
    must(known === undefined || known === from, `two inputs have one ${what}`)
    if (known === undefined && sources.size < MOST) sources.set(made, from)
  }
}
const [identities, tags, joined] = [injective('source identity'), injective('tag value'), injective('joined name')]
const decoded = (text: string) => {
  const bytes = Buffer.from(text).toString('latin1')
  const plain = bytes.replace(/=([0-9A-F]{2})/g, (_all, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(plain, 'latin1').toString('utf8')
}

export const names: Target = {
  name: 'names',
  oracle: "Each name that AWS is given has AWS's alphabet and length, and two identities never have one name.",
  seeds: ['dana@acme.example', 'a=b', 'a==b', '', 'repo:acme/web:ref', 'é', '🚀', 'x'.repeat(70), 'a:b\nc', 'a\n\nb', 'aws:x', '=41'],
  words: ['=', '==', '=3D', '%', '%25', ':', '\n', 'é', '🚀', 'aws:', 'A', 'x'.repeat(60)],
  run(input) {
    const text = Buffer.from(input).toString('utf8')
    if (text === '') return 'empty'
    const identity = sourceIdentity('acme', text)
    must(NAME.test(identity), 'a source identity that AWS refuses')
    identities(identity, text)
    const isLong = identity.includes('==')
    if (!isLong) must(decoded(identity.slice('acme.'.length)) === text, 'a source identity does not decode to the identity')
    const session = roleSessionName(text, 'req0123456789abcdefghijklm.1'.slice(0, 28).replace('.', '-'))
    must(NAME.test(session), 'a session name that AWS refuses')
    const tag = tagText(text)
    must(TAG.test(tag) && !/^aws:/i.test(tag), 'a tag value that AWS refuses')
    tags(tag, text)
    must(decoded(tag) === text, 'a tag value does not decode to the text')
    const parts = text.split('\n').map((part) => (part === '\u0000' ? undefined : part))
    const name = joinedName(parts)
    must([...name].length <= 128, 'a joined name is too long')
    joined(name, JSON.stringify(parts.map((part) => part ?? null)))
    return `${isLong} ${tag === text} ${parts.length > 3 ? 'many' : parts.length} ${name.includes('==')}`
  },
}
