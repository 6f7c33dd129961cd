/**
 * Maps a path in the config to its source line, and finds the exceptions in comments. The file is parsed, not run:
 * `defineConfig({…})` is followed through constants, spreads and arguments of helpers, as far as they are literals. A computed value
 * has the line of the expression that computes it.
 */
import { tsPlugin } from '@sveltejs/acorn-typescript'
import { type AnyNode, type Comment, type ObjectExpression, Parser, type Program } from 'acorn'
import { type RuleId, ruleIds } from './catalogue.ts'

export type Location = { readonly line: number; readonly column: number }
/** An exception. It applies to what begins on its own line or on the next line with code. */
export type Ignore = { readonly rule: string; readonly reason: string; readonly line: number; readonly holdsFor: number }

export type Source = {
  /** The location of this path, and of each of its ancestors from `profiles.x` down. */
  readonly locate: (path: string) => { readonly at: Location; readonly lines: readonly number[] } | undefined
  readonly ignores: readonly Ignore[]
}

const TypeScript = Parser.extend(tsPlugin() as never)

export function readSource(text: string): Source {
  const comments: Comment[] = []
  const codeLines = new Set<number>()
  const program = TypeScript.parse(text, {
    ecmaVersion: 'latest',
    sourceType: 'module',
    locations: true,
    onComment: comments,
    onToken: ({ loc }) => void codeLines.add(loc?.start.line ?? 0),
  })
  const constants = constantsOf(program)
  const root = rootOf(program, constants)

  return {
    locate(path) {
      const segments = path.replaceAll(/\[(\d+)\]/g, '.$1').split('.')
      const lines: number[] = []
      let at: Location | undefined
      let node: AnyNode | undefined = root
      for (let taken = 0; taken < segments.length && node; ) {
        const step = descend(node, segments.slice(taken), constants)
        if (!step) {
          // A computed value has no line of its own. Its exception is above the expression that computes it.
          if (at && lines.length === 0 && objectOf(node, constants) === undefined) lines.push(at.line)
          break
        }
        taken += step.taken
        node = step.value
        at = step.at
        // An exception above `profiles:` would apply to all profiles.
        if (taken >= 2 || segments.length === 1) lines.push(step.at.line)
      }
      return at && { at, lines }
    },
    ignores: comments.flatMap(({ value, loc }) => {
      const rest = /^[\s*]*stint-lint-ignore(.*)$/s.exec(value)?.[1]
      if (rest === undefined || !loc) return []
      const [, rule = '', reason = ''] = /^\s+([\w-]+)\s*:(.*)$/s.exec(rest) ?? [undefined, rest.trim()]
      const { line } = loc.start
      const holdsFor = codeLines.has(line) ? line : Math.min(...[...codeLines].filter((code) => code > loc.end.line))
      return [{ rule, reason: reason.replaceAll(/[\s*]+/g, ' ').trim(), line, holdsFor }]
    }),
  }
}

/** The fault of an exception itself, if it has one. */
export function ignoreFault({ rule, reason }: Ignore): string | undefined {
  if (!ruleIds.includes(rule as RuleId)) return `Unknown rule '${rule}'. Write // stint-lint-ignore RULE: reason`
  if (rule === 'config' || rule === 'ignore') return `'${rule}' cannot be silenced.`
  // At least one word, so that a reviewer can ask about it later.
  return /\p{L}{3}/u.test(reason) ? undefined : `The reason is missing. Write // stint-lint-ignore ${rule}: reason`
}

// ── The tree ─────────────────────────────────────────────────────────────────────────────────────────────────────────

type Constants = ReadonlyMap<string, AnyNode>
/** Marks imports from `stint`: only these helpers are known to return their argument. */
const HELPER = 'stint '

function constantsOf(program: Program): Constants {
  const found = new Map<string, AnyNode>()
  for (const statement of program.body)
    if (statement.type === 'ImportDeclaration' && statement.source.value === 'stint')
      for (const { local } of statement.specifiers) found.set(`${HELPER}${local.name}`, statement)
  for (const statement of program.body) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
    if (declaration?.type !== 'VariableDeclaration') continue
    for (const { id, init } of declaration.declarations) if (id.type === 'Identifier' && init) found.set(id.name, init)
  }
  return found
}

const rootOf = (program: Program, constants: Constants): AnyNode | undefined => {
  const exported = program.body.find((statement) => statement.type === 'ExportDefaultDeclaration')
  return exported ? objectOf(exported.declaration as AnyNode, constants) : undefined
}

/** The object or list behind an expression: through a constant, or the argument of a helper. */
function objectOf(node: AnyNode, constants: Constants, depth = 0): AnyNode | undefined {
  if (depth > 8) return undefined
  if (node.type === 'ObjectExpression' || node.type === 'ArrayExpression') return node
  if (node.type === 'Identifier') {
    const init = constants.get(node.name)
    return init && objectOf(init, constants, depth + 1)
  }
  if (node.type === 'CallExpression') {
    if (node.callee.type !== 'Identifier' || !constants.has(`${HELPER}${node.callee.name}`)) return undefined
    const [argument] = node.arguments
    return argument && objectOf(argument, constants, depth + 1)
  }
  if (node.type === 'ParenthesizedExpression' || isTyped(node)) return objectOf(node.expression, constants, depth + 1)
  return undefined
}

/** `x as T` and `x satisfies T`, which acorn's types lack. */
const isTyped = (node: AnyNode | { type: string }): node is AnyNode & { readonly expression: AnyNode } =>
  node.type === 'TSAsExpression' || node.type === 'TSSatisfiesExpression'

type Step = { readonly taken: number; readonly value: AnyNode; readonly at: Location }

/** One step down the path. The name of a claim can contain dots, so the longest matching key wins. */
function descend(from: AnyNode, segments: readonly string[], constants: Constants): Step | undefined {
  const node = objectOf(from, constants)
  if (node?.type === 'ArrayExpression') {
    const element = elementsOf(node.elements, constants)[Number(segments[0])]
    return element ? { taken: 1, value: element, at: start(element) } : undefined
  }
  if (node?.type !== 'ObjectExpression') return undefined
  for (let taken = segments.length; taken > 0; taken--) {
    const name = segments.slice(0, taken).join('.')
    const property = propertyOf(node, name, constants)
    if (property) return { taken, ...property }
  }
  return undefined
}

/** The items of a list, including spreads, up to the spread of a computed value. */
function elementsOf(elements: readonly (AnyNode | null)[], constants: Constants): readonly AnyNode[] {
  const found: AnyNode[] = []
  for (const element of elements) {
    if (!element) return found
    if (element.type !== 'SpreadElement') {
      found.push(element)
      continue
    }
    const spread = objectOf(element.argument, constants)
    if (spread?.type !== 'ArrayExpression') return found
    found.push(...elementsOf(spread.elements, constants))
  }
  return found
}

function propertyOf(node: ObjectExpression, name: string, constants: Constants): Omit<Step, 'taken'> | undefined {
  for (const property of node.properties.toReversed()) {
    if (property.type === 'SpreadElement') {
      const spread = objectOf(property.argument, constants)
      const found = spread?.type === 'ObjectExpression' ? propertyOf(spread, name, constants) : undefined
      if (found) return found
      continue
    }
    const { key } = property
    const said = key.type === 'Identifier' && !property.computed ? key.name : key.type === 'Literal' ? String(key.value) : undefined
    if (said === name) return { value: property.value, at: start(property) }
  }
  return undefined
}

const start = (node: AnyNode): Location => ({ line: node.loc?.start.line ?? 1, column: (node.loc?.start.column ?? 0) + 1 })
