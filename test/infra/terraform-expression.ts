/**
 * Evaluates Terraform's expressions, as many forms as the checks of infra/target/terraform use: comparison, logic, a few functions
 * and a list comprehension. Anything else is an error, so a check in a form that is not understood here cannot pass unseen.
 */
type Value = string | number | boolean | null | readonly Value[]
export type Scope = { readonly [variable: string]: Value | undefined }

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|(\d+)|([A-Za-z_][\w.]*)|(\|\||&&|==|!=|<=|>=|[<>!()[\],:]))/y

/** `expression` is what @cdktf/hcl2json makes of a condition: `${…}`. `scope` holds `var.name` and whatever else may be named. */
export function evaluateTerraform(expression: string, scope: Scope): Value {
  if (!expression.startsWith('${') || !expression.endsWith('}')) throw new Error(`not an expression: ${expression}`)
  const parser = new Parser(tokensOf(expression.slice(2, -1)))
  const result = parser.either()
  if (parser.next !== undefined) throw new Error(`not understood: ${parser.next} in ${expression}`)
  return result(scope)
}

function tokensOf(text: string): string[] {
  const tokens: string[] = []
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < text.trimEnd().length; ) {
    const at = TOKEN.lastIndex
    const found = TOKEN.exec(text)
    if (!found) throw new Error(`not understood: ${text.slice(at)}`)
    tokens.push(found[0].trim())
  }
  return tokens
}

type Node = (scope: Scope) => Value

/**
 * Recursive descent: `||`, then `&&`, then one comparison, then a single operand. Both sides of `||` and `&&` are evaluated, as
 * Terraform before 1.12 does: an error on the right is an error, whatever is on the left.
 */
class Parser {
  readonly #tokens: string[]
  constructor(tokens: string[]) {
    this.#tokens = tokens
  }
  get next(): string | undefined {
    return this.#tokens[0]
  }
  #take(expected?: string): string {
    const token = this.#tokens.shift()
    if (token === undefined || (expected !== undefined && token !== expected)) throw new Error(`expected ${expected}, found ${token}`)
    return token
  }

  either(): Node {
    const all = this.#separated('||', () => this.#both())
    return all.length === 1 ? (all[0] as Node) : (scope) => all.map((one) => truth(one(scope))).includes(true)
  }
  #both(): Node {
    const all = this.#separated('&&', () => this.#comparison())
    return all.length === 1 ? (all[0] as Node) : (scope) => !all.map((one) => truth(one(scope))).includes(false)
  }
  #separated(by: string, one: () => Node): readonly Node[] {
    const all = [one()]
    while (this.next === by) {
      this.#take()
      all.push(one())
    }
    return all
  }
  #comparison(): Node {
    const left = this.#operand()
    if (!/^([=!]=|[<>]=?)$/.test(this.next ?? '')) return left
    const [operator, right] = [this.#take(), this.#operand()]
    return (scope) => compare(left(scope), operator, right(scope))
  }
  #operand(): Node {
    const token = this.#take()
    if (token === '!') {
      const operand = this.#operand()
      return (scope) => !truth(operand(scope))
    }
    if (token === '(') return this.#until(this.either(), ')')
    if (token === '[') return this.#comprehension()
    if (token.startsWith('"')) return constant(JSON.parse(token))
    if (/^\d/.test(token)) return constant(Number(token))
    if (['null', 'true', 'false'].includes(token)) return constant(JSON.parse(token))
    if (this.next === '(') return this.#call(token)
    return (scope) => {
      const value = scope[token]
      if (value === undefined) throw new Error(`${token} is not in scope`)
      return value
    }
  }
  #until(node: Node, closing: string): Node {
    this.#take(closing)
    return node
  }
  #call(name: string): Node {
    this.#take('(')
    const args = this.#separated(',', () => this.either())
    this.#take(')')
    return (scope) => call(name, args, scope)
  }
  /** `[for name in list : expression]` */
  #comprehension(): Node {
    this.#take('for')
    const name = this.#take()
    this.#take('in')
    const list = this.either()
    this.#take(':')
    const body = this.#until(this.either(), ']')
    return (scope) => listOf(list(scope)).map((item) => body({ ...scope, [name]: item }))
  }
}

const constant = (value: Value): Node => {
  return () => value
}
const truth = (value: Value): boolean => {
  if (typeof value !== 'boolean') throw new Error(`not a bool: ${JSON.stringify(value)}`)
  return value
}
const listOf = (value: Value): readonly Value[] => {
  if (!Array.isArray(value)) throw new Error(`not a list: ${JSON.stringify(value)}`)
  return value
}

function compare(left: Value, operator: string, right: Value): boolean {
  if (operator === '==') return left === right
  if (operator === '!=') return left !== right
  if (typeof left !== 'number' || typeof right !== 'number') throw new Error(`not numbers: ${left} ${operator} ${right}`)
  if (operator === '<') return left < right
  if (operator === '<=') return left <= right
  return operator === '>' ? left > right : left >= right
}

function call(name: string, args: readonly Node[], scope: Scope): Value {
  const [first, second] = args
  if (!first) throw new Error(`${name} without arguments`)
  if (name === 'can') {
    try {
      first(scope)
      return true
    } catch {
      return false
    }
  }
  const value = first(scope)
  if (name === 'regex') {
    const text = second?.(scope)
    if (typeof value !== 'string' || typeof text !== 'string') throw new Error(`regex of ${JSON.stringify(text)}`)
    const found = new RegExp(value).exec(text)
    if (!found) throw new Error('regex: no match')
    return found[0]
  }
  if (name === 'length') return typeof value === 'string' ? [...value].length : listOf(value).length
  if (name === 'alltrue') return listOf(value).every(truth)
  if (name === 'distinct') return [...new Set(listOf(value))]
  if (name === 'floor' && typeof value === 'number') return Math.floor(value)
  throw new Error(`${name}: not understood here`)
}
