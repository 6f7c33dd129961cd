/**
 * DynamoDB's condition and update expressions, as far as Stint's adapters use them, evaluated over attribute values. As strict as the
 * service: a placeholder that is not defined, or defined and not used, is an error, and so are two updates of one path.
 * Source: Amazon DynamoDB Developer Guide, "Comparison operator and function reference", "Update expressions".
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'

export type Item = Readonly<Record<string, AttributeValue>>
export class Validation extends Error {
  override readonly name = 'ValidationException'
}
type Placeholders = { readonly names?: Record<string, string> | undefined; readonly values?: Item | undefined }

/** Steps as written: `#name` stands for a name, `[1]` for a place in a list. */
type Path = { readonly kind: 'path'; readonly steps: readonly string[] }
type Operand =
  | Path
  | { readonly kind: 'value'; readonly name: string }
  | { readonly kind: 'call'; readonly name: 'if_not_exists' | 'list_append' | 'size'; readonly args: readonly Operand[] }
  | { readonly kind: 'sum'; readonly sign: '+' | '-'; readonly left: Operand; readonly right: Operand }
type Condition =
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'not'; readonly inner: Condition }
  | { readonly kind: 'test'; readonly name: 'attribute_exists' | 'attribute_not_exists'; readonly path: Path }
  | { readonly kind: 'contains' | 'begins_with'; readonly path: Operand; readonly value: Operand }
  | { readonly kind: 'compare'; readonly operator: string; readonly left: Operand; readonly right: Operand }
  | { readonly kind: 'in'; readonly left: Operand; readonly list: readonly Operand[] }
  | { readonly kind: 'between'; readonly left: Operand; readonly low: Operand; readonly high: Operand }
type Update = {
  readonly set: readonly (readonly [Path, Operand])[]
  readonly remove: readonly Path[]
  readonly add: readonly (readonly [Path, Operand])[]
}

// ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const TOKEN = /\s*(<>|<=|>=|[=<>+\-(),.]|\[\d+\]|[#:]?[A-Za-z0-9_]+)/y

class Reader {
  readonly #tokens: string[] = []
  #at = 0
  readonly #used = new Set<string>()

  constructor(text: string) {
    TOKEN.lastIndex = 0
    while (TOKEN.lastIndex < text.trimEnd().length) {
      const from = TOKEN.lastIndex
      const token = TOKEN.exec(text)?.[1]
      if (token === undefined) throw new Validation(`cannot read ${text.slice(from, from + 20)}`)
      this.#tokens.push(token)
    }
  }
  get used(): ReadonlySet<string> {
    return this.#used
  }
  get next(): string | undefined {
    return this.#tokens[this.#at]
  }
  take(expected?: string): string {
    const token = this.#tokens[this.#at++]
    if (token === undefined || (expected !== undefined && token !== expected)) throw new Validation(`expected ${expected}, not ${token}`)
    return token
  }
  end(): void {
    if (this.next !== undefined) throw new Validation(`unexpected ${this.next}`)
  }

  path(): Path {
    const steps = [this.#name(this.take())]
    for (;;) {
      if (this.next === '.') {
        this.take('.')
        steps.push(this.#name(this.take()))
      } else if (this.next?.startsWith('[')) steps.push(this.take())
      else break
    }
    return { kind: 'path', steps }
  }
  #name(token: string): string {
    if (token.startsWith('#')) this.#used.add(token)
    return token
  }
  operand(): Operand {
    let left = this.#term()
    while (this.next === '+' || this.next === '-') left = { kind: 'sum', sign: this.take() as '+' | '-', left, right: this.#term() }
    return left
  }
  #term(): Operand {
    const token = this.next ?? ''
    if (token.startsWith(':')) {
      this.#used.add(token)
      return { kind: 'value', name: this.take() }
    }
    if (token !== 'if_not_exists' && token !== 'list_append' && token !== 'size') return this.path()
    this.take()
    return { kind: 'call', name: token, args: this.#list(() => this.operand()) }
  }
  #list<T>(read: () => T): T[] {
    this.take('(')
    const list = [read()]
    while (this.next === ',') {
      this.take(',')
      list.push(read())
    }
    this.take(')')
    return list
  }

  condition(): Condition {
    let left = this.#and()
    while (this.next === 'OR') {
      this.take()
      left = { kind: 'or', left, right: this.#and() }
    }
    return left
  }
  #and(): Condition {
    let left = this.#not()
    while (this.next === 'AND') {
      this.take()
      left = { kind: 'and', left, right: this.#not() }
    }
    return left
  }
  #not(): Condition {
    if (this.next !== 'NOT') return this.#primary()
    this.take()
    return { kind: 'not', inner: this.#not() }
  }
  #primary(): Condition {
    const token = this.next
    if (token === '(') {
      this.take()
      const inner = this.condition()
      this.take(')')
      return inner
    }
    if (token === 'attribute_exists' || token === 'attribute_not_exists') {
      this.take()
      const [path] = this.#list(() => this.path())
      return { kind: 'test', name: token, path: path as Path }
    }
    if (token === 'contains' || token === 'begins_with') {
      this.take()
      const [path, value] = this.#list(() => this.operand())
      return { kind: token, path: path as Operand, value: value as Operand }
    }
    const left = this.operand()
    const operator = this.take()
    if (operator === 'BETWEEN') {
      const low = this.operand()
      this.take('AND')
      return { kind: 'between', left, low, high: this.operand() }
    }
    if (operator === 'IN') return { kind: 'in', left, list: this.#list(() => this.operand()) }
    if (!['=', '<>', '<', '<=', '>', '>='].includes(operator)) throw new Validation(`no comparison ${operator}`)
    return { kind: 'compare', operator, left, right: this.operand() }
  }

  update(): Update {
    const update = { set: [] as [Path, Operand][], remove: [] as Path[], add: [] as [Path, Operand][] }
    while (this.next !== undefined) {
      const clause = this.take()
      do {
        if (this.next === ',') this.take()
        const path = this.path()
        if (clause === 'SET') {
          this.take('=')
          update.set.push([path, this.operand()])
        } else if (clause === 'ADD') update.add.push([path, this.operand()])
        else if (clause === 'REMOVE') update.remove.push(path)
        else throw new Validation(`no clause ${clause}`)
      } while (this.next === ',')
    }
    return update
  }
}

type Parsed<T> = { readonly expression: T; readonly used: readonly string[] }

/** Parses each text once: Stint's adapters send the same few hundred again and again. */
function cached<T>(parse: (reader: Reader) => T): (text: string) => Parsed<T> {
  const known = new Map<string, Parsed<T>>()
  return (text) => {
    const found = known.get(text)
    if (found) return found
    const reader = new Reader(text)
    const expression = parse(reader)
    reader.end()
    const parsed = { expression, used: [...reader.used] }
    if (known.size >= MAX_CACHED) known.clear()
    known.set(text, parsed)
    return parsed
  }
}
const MAX_CACHED = 2000
const conditionOf = cached((reader) => reader.condition())
const updateOf = cached((reader) => reader.update())

// ── Evaluating ───────────────────────────────────────────────────────────────────────────────────────────────────────

type Scope = { readonly names: Readonly<Record<string, string>>; readonly values: Item }

const nameOf = (step: string, { names }: Scope): string => (step.startsWith('#') ? (names[step] as string) : step)

function at(item: Item | undefined, { steps }: Path, scope: Scope): AttributeValue | undefined {
  let found: AttributeValue | undefined = item?.[nameOf(steps[0] as string, scope)]
  for (let place = 1; place < steps.length && found; place++) {
    const step = steps[place] as string
    found = step.startsWith('[') ? found.L?.[Number(step.slice(1, -1))] : found.M?.[nameOf(step, scope)]
  }
  return found
}

function valueIn(operand: Operand, item: Item | undefined, scope: Scope): AttributeValue | undefined {
  if (operand.kind === 'path') return at(item, operand, scope)
  if (operand.kind === 'value') return scope.values[operand.name]
  if (operand.kind === 'sum') {
    const [left, right] = [valueIn(operand.left, item, scope)?.N, valueIn(operand.right, item, scope)?.N]
    if (left === undefined || right === undefined) throw new Validation('An operand in the update expression has an incorrect data type')
    return { N: String(operand.sign === '+' ? Number(left) + Number(right) : Number(left) - Number(right)) }
  }
  const [first, second] = operand.args as [Operand, Operand]
  if (operand.name === 'if_not_exists') return valueIn(first, item, scope) ?? valueIn(second, item, scope)
  const found = valueIn(first, item, scope)
  if (operand.name === 'size') {
    const size = found?.L?.length ?? found?.S?.length ?? found?.SS?.length ?? (found?.M && Object.keys(found.M).length)
    return size === undefined ? undefined : { N: String(size) }
  }
  const more = valueIn(second, item, scope)
  if (!found?.L || !more?.L) throw new Validation('The provided expression refers to an attribute that does not exist in the item')
  return { L: [...found.L, ...more.L] }
}

function holds(condition: Condition, item: Item | undefined, scope: Scope): boolean {
  switch (condition.kind) {
    case 'and':
      return holds(condition.left, item, scope) && holds(condition.right, item, scope)
    case 'or':
      return holds(condition.left, item, scope) || holds(condition.right, item, scope)
    case 'not':
      return !holds(condition.inner, item, scope)
    case 'test':
      return (at(item, condition.path, scope) !== undefined) === (condition.name === 'attribute_exists')
    case 'contains': {
      const [found, wanted] = [valueIn(condition.path, item, scope), valueIn(condition.value, item, scope)?.S]
      return wanted !== undefined && (found?.SS?.includes(wanted) ?? found?.S?.includes(wanted) ?? false)
    }
    case 'begins_with': {
      const [found, wanted] = [valueIn(condition.path, item, scope)?.S, valueIn(condition.value, item, scope)?.S]
      return found !== undefined && wanted !== undefined && found.startsWith(wanted)
    }
    case 'in':
      return condition.list.some((one) => compares('=', valueIn(condition.left, item, scope), valueIn(one, item, scope)))
    case 'between': {
      const value = valueIn(condition.left, item, scope)
      return compares('>=', value, valueIn(condition.low, item, scope)) && compares('<=', value, valueIn(condition.high, item, scope))
    }
    case 'compare':
      return compares(condition.operator, valueIn(condition.left, item, scope), valueIn(condition.right, item, scope))
  }
}

function compares(operator: string, left: AttributeValue | undefined, right: AttributeValue | undefined): boolean {
  if (!left || !right) return operator === '<>' && left !== right
  if (operator === '=' || operator === '<>') return isSame(left, right) === (operator === '=')
  if (left.N !== undefined) return right.N !== undefined && isInOrder(operator, Number(left.N), Number(right.N))
  return left.S !== undefined && right.S !== undefined && isInOrder(operator, left.S, right.S)
}

const isSame = (left: AttributeValue, right: AttributeValue): boolean =>
  left.S !== undefined || right.S !== undefined ? left.S === right.S : JSON.stringify(left) === JSON.stringify(right)

function isInOrder<T extends string | number>(operator: string, one: T, other: T): boolean {
  return operator === '<' ? one < other : operator === '<=' ? one <= other : operator === '>' ? one > other : one >= other
}

function put(item: Item, [step = '', ...rest]: readonly string[], value: AttributeValue | undefined): Item {
  if (rest.length > 0) {
    const inner = item[step]?.M
    if (!inner) throw new Validation('The document path provided in the update expression is invalid for update')
    return { ...item, [step]: { M: put(inner, rest, value) as Record<string, AttributeValue> } }
  }
  if (value !== undefined) return { ...item, [step]: value }
  const { [step]: _old, ...others } = item
  return others
}

function apply({ set, remove, add }: Update, before: Item | undefined, key: Item, scope: Scope): Item {
  const value = (operand: Operand): AttributeValue => {
    const found = valueIn(operand, before, scope)
    if (!found) throw new Validation('The provided expression refers to an attribute that does not exist in the item')
    return found
  }
  const stepsOf = ({ steps }: Path) => steps.map((step) => nameOf(step, scope))
  let after: Item = before ?? key
  for (const [path, operand] of set) after = put(after, stepsOf(path), value(operand))
  for (const [path, operand] of add) {
    const [old, more] = [at(before, path, scope), value(operand)]
    if (!more.SS) throw new Validation('only sets are added to')
    after = put(after, stepsOf(path), { SS: [...new Set([...(old?.SS ?? []), ...more.SS])] })
  }
  for (const path of remove) after = put(after, stepsOf(path), undefined)
  return after
}

/** Both expressions of one write together, because a placeholder can be in either. */
export function readWrite(conditionText: string | undefined, updateText: string | undefined, placeholders: Placeholders, strict = true) {
  const condition = conditionText === undefined ? undefined : conditionOf(conditionText)
  const update = updateOf(updateText ?? '')
  const scope: Scope = { names: placeholders.names ?? {}, values: placeholders.values ?? {} }
  checkPlaceholders(new Set([...(condition?.used ?? []), ...update.used]), scope, strict)
  const { set, add, remove } = update.expression
  const paths = [...set.map(([path]) => path), ...add.map(([path]) => path), ...remove].map(({ steps }) =>
    steps.map((step) => nameOf(step, scope)).join('.'),
  )
  if (new Set(paths).size < paths.length) throw new Validation('Two document paths overlap')
  return {
    /** The attributes that the update sets or adds to. */
    updated: [...set, ...add].map(([{ steps }]) => nameOf(steps[0] as string, scope)),
    holds: (item: Item | undefined) => condition === undefined || holds(condition.expression, item, scope),
    after: (before: Item | undefined, key: Item) => apply(update.expression, before, key, scope),
  }
}

function checkPlaceholders(used: ReadonlySet<string>, { names, values }: Scope, strict: boolean): void {
  for (const token of used) {
    if (token.startsWith('#') ? names[token] === undefined : !values[token])
      throw new Validation(`no ${token.startsWith('#') ? 'name' : 'value'} ${token}`)
  }
  const unused = [...Object.keys(names), ...Object.keys(values)].filter((name) => !used.has(name))
  if (strict && unused.length > 0) throw new Validation(`Value unused in expressions: ${unused.join(', ')}`)
}
