import { fitsGlob, isGlob } from '@stint/core/config/matcher'
import { contextOf } from '@stint/iam/context'
import { compile, covers, matches } from '@stint/iam/pattern'
import { must, type Target } from '../engine.ts'

/** The definition, word for word; exponential, so only for short inputs. */
function naive(
  pattern: readonly string[],
  text: readonly string[],
  star: (word: string) => 'any' | 'segment' | undefined,
  one: string | undefined,
): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return text.length === 0
  const kind = star(first)
  if (kind) {
    for (let taken = 0; taken <= text.length; taken++) {
      if (kind === 'segment' && text.slice(0, taken).includes('/')) break
      if (naive(rest, text.slice(taken), star, one)) return true
    }
    return false
  }
  return text.length > 0 && (first === one || first === text[0]) && naive(rest, text.slice(1), star, one)
}

const SHORT = 14
const noContext = contextOf({})

/** `pattern\ntext`, or `wide\nnarrow\ntext` for covers. */
export const patterns: Target = {
  name: 'patterns',
  oracle:
    'Globs of claims and patterns of IAM match exactly what a naive matcher matches, and a pattern that covers another matches all that it matches.',
  seeds: ['a*b\naxxb', '**/x\na/b/x', 'a?c*\nabc', '*\n\n', 'refs/tags/*\nrefs/tags/v1', 's3:*Get*\ns3:Get*\ns3:Getx', 'a*b*\nab*\nab'],
  words: ['*', '**', '?', '/', 'a', 'b', '\n', 'ab', '*a'],
  run(input) {
    const [pattern = '', text = '', third] = Buffer.from(input).toString('utf8').split('\n')
    if ([...pattern].length > SHORT || [...text].length > SHORT) return 'long'
    const glob = fitsGlob(pattern, text)
    const parts = pattern.split(/(\*\*|\*)/).flatMap((part) => (part.startsWith('*') ? [part] : part.split('')))
    const star = (word: string) => (word === '**' ? 'any' : word === '*' ? 'segment' : undefined)
    must(glob === (isGlob(pattern) && naive(parts, text.split(''), star, undefined)), 'a glob and the naive matcher differ')
    const compiled = compile(pattern, { context: noContext, variables: false, wildcards: true })
    must(compiled !== undefined, 'a pattern without variables does not compile')
    const iam = matches(compiled, text)
    must(
      iam === naive([...pattern], [...text], (word) => (word === '*' ? 'any' : undefined), '?'),
      'a pattern of IAM and the naive matcher differ',
    )
    const covering = covers(pattern, text)
    if (covering && third !== undefined && [...third].length <= SHORT) {
      const of = (source: string) => matches(compile(source, { context: noContext, variables: false, wildcards: true }) ?? [], third)
      must(!of(text) || of(pattern), 'a pattern that covers another does not match what that one matches')
    }
    return `${glob} ${iam} ${covering} ${pattern.replace(/[^*?/]+/g, 'x').slice(0, 6)}`
  },
}
