/**
 * A reader of `.tfvars` files. Such a file has assignments of literal values, so this needs no evaluation and no library: strings, numbers,
 * `true`, `false`, `null`, lists, objects and comments. Everything else is refused with its line.
 *
 * Source: Terraform, "Variable definitions (.tfvars) files"; HCL Native Syntax Specification (github.com/hashicorp/hcl, hclsyntax/spec.md).
 */
import type { Json } from '@stint/core/json'

type Tfvars = { readonly ok: true; readonly value: { readonly [name: string]: Json } } | { readonly ok: false; readonly fault: string }

/** Deeper than any configuration of SSO Elevator. */
const MAX_DEPTH = 20

class Fault extends Error {}

export function parseTfvars(text: string): Tfvars {
  try {
    return { ok: true, value: fileOf(text) }
  } catch (error) {
    if (error instanceof Fault) return { ok: false, fault: error.message }
    throw error
  }
}

type Token = { readonly kind: 'word' | 'string' | 'number' | 'sign' | 'line' | 'end'; readonly text: string; readonly at: number }

const skipped = /(?:[ \t\r]+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y
const word = /[A-Za-z_][\w-]*/y
const number = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const string = /"((?:[^"\\\n]|\\.)*)"/y

function fileOf(text: string): { [name: string]: Json } {
  let at = text.startsWith('\uFEFF') ? 1 : 0
  let token = next()
  const file = new Map<string, Json>()
  for (skipLines(); token.kind !== 'end'; skipLines()) {
    const name = token
    if (name.kind !== 'word') throw wrong(name, 'expected NAME = VALUE')
    advance()
    if (token.text !== '=') throw wrong(token, 'expected = after the name. A .tfvars file has no blocks')
    advance()
    if (file.has(name.text)) throw wrong(name, `'${name.text}' is set twice`)
    file.set(name.text, value(0))
    if (!isOver()) throw wrong(token, ONLY_LITERALS)
  }
  return Object.fromEntries(file)

  function value(depth: number): Json {
    const first = token
    if (depth > MAX_DEPTH) throw wrong(first, 'values are nested too deeply')
    advance()
    if (first.kind === 'string') return first.text
    if (first.kind === 'number') return Number(first.text)
    if (first.kind === 'word' && ['true', 'false', 'null'].includes(first.text)) return first.text === 'null' ? null : first.text === 'true'
    if (first.text === '[') return listOf(depth)
    if (first.text === '{') return objectOf(depth)
    throw wrong(first, ONLY_LITERALS)
  }

  function listOf(depth: number): Json[] {
    const items: Json[] = []
    for (;;) {
      skipLines()
      if (taken(']')) return items
      items.push(value(depth + 1))
      skipLines()
      if (token.text !== ']' && !taken(',')) throw wrong(token, 'expected , or ]')
    }
  }

  function objectOf(depth: number): Json {
    const items = new Map<string, Json>()
    for (;;) {
      skipLines()
      if (taken('}')) return Object.fromEntries(items)
      const key = token
      if (key.kind !== 'word' && key.kind !== 'string') throw wrong(key, 'expected the name of a property')
      advance()
      if (!taken('=') && !taken(':')) throw wrong(token, 'expected = or : after the name')
      skipLines()
      if (items.has(key.text)) throw wrong(key, `'${key.text}' is set twice`)
      items.set(key.text, value(depth + 1))
      if (token.kind !== 'line' && token.text !== '}' && !taken(',')) throw wrong(token, 'expected , or a new line')
    }
  }

  /** Whether the assignment ends here. */
  function isOver(): boolean {
    return token.kind === 'line' || token.kind === 'end'
  }
  function advance(): void {
    token = next()
  }
  function skipLines(): void {
    while (token.kind === 'line') advance()
  }
  /** Whether this sign was next. It is then behind us. */
  function taken(sign: string): boolean {
    if (token.kind !== 'sign' || token.text !== sign) return false
    advance()
    return true
  }

  function next(): Token {
    read(skipped)
    const from = at
    if (at >= text.length) return { kind: 'end', text: 'the end', at: from }
    if (text[at] === '\n') {
      at++
      return { kind: 'line', text: 'a new line', at: from }
    }
    const quoted = read(string)
    if (quoted) return { kind: 'string', text: unquoted(quoted[1] ?? '', from), at: from }
    const literal = read(number)
    if (literal) return { kind: 'number', text: literal[0], at: from }
    const name = read(word)
    if (name) return { kind: 'word', text: name[0], at: from }
    at++
    return { kind: 'sign', text: text[from] ?? '', at: from }
  }
  function read(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found) at += found[0].length
    return found
  }
  function unquoted(inner: string, from: number): string {
    if (/(?<![$%])(\$\$|%%)*[$%]\{/.test(inner)) throw wrong({ at: from }, `"${inner}" has a template. ${ONLY_LITERALS}`)
    return inner
      .replaceAll(/\\(?:([nrt"\\])|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/g, (_all, simple?: string, short?: string, long?: string) => {
        if (simple !== undefined) return { n: '\n', r: '\r', t: '\t' }[simple] ?? simple
        const point = Number.parseInt(short ?? long ?? 'z', 16)
        if (!(point <= 0x10ffff)) throw wrong({ at: from }, 'the string has an invalid escape')
        return String.fromCodePoint(point)
      })
      .replaceAll(/([$%])\1\{/g, '$1{')
  }
  function wrong({ at: place }: { readonly at: number }, why: string): Fault {
    return new Fault(`line ${text.slice(0, place).split('\n').length}: ${why}.`)
  }
}

const ONLY_LITERALS = 'Only literal values can be read: strings, numbers, true, false, null, lists and objects'
