/**
 * Where the statements of a policy stand in its text, as the simulator reports them. Source: AWS IAM API Reference, Statement, Position and
 * the example of SimulatePrincipalPolicy. In that example, and in the answers that AWS CLI documents, a position is the place of a parser:
 * the column behind the character read last. So a single statement starts behind its `{`, the first of a list behind the `[`, any other
 * where the one before ends; and each ends behind its `}`. Lines and columns count from 1.
 */
type Position = { readonly line: number; readonly column: number }
export type Span = { readonly start: Position; readonly end: Position }

/** In the order of the statements. `text` is a policy that was parsed before. */
export function statementSpans(text: string): readonly Span[] {
  const spans: { start: number; end: number }[] = []
  let depth = 0
  let isNext = false // the token before was the name "Statement" of the policy
  let inside: number | undefined // the depth of the statements, while the parser is in them
  let start = 0
  for (const token of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],]/g)) {
    const [sign] = token
    const behind = token.index + sign.length
    if (isNext && (sign === '{' || sign === '[')) {
      inside = sign === '[' ? depth + 2 : depth + 1
      start = behind
      spans.length = 0 // JSON takes the last property of a name
    }
    isNext = depth === 1 && sign.startsWith('"') && JSON.parse(sign) === 'Statement'
    if (sign === '{' || sign === '[') depth++
    if (sign === '}' || sign === ']') {
      if (sign === '}' && depth === inside) {
        spans.push({ start, end: behind })
        start = behind
      }
      depth--
      if (depth <= 1) inside = undefined
    }
  }
  return spans.map((span) => ({ start: positionOf(text, span.start), end: positionOf(text, span.end) }))
}

function positionOf(text: string, index: number): Position {
  const before = text.slice(0, index).split('\n')
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 }
}
