/**
 * Sessions as text. A script has these lines:
 *
 *     as NAME            the following commands run as this person, in their own home
 *     $ stint …          a command; {NAME} is replaced by what was captured, {URL} by the broker
 *     | text             a line of stdout      2| text    a line of stderr; {*} stands for anything within a line, {**} for any lines
 *     ? N                the exit code, if it is not 0
 *     = NAME             captures stdout
 *     # text             a comment
 */
export type Step = {
  readonly as: string
  readonly line: number
  readonly command: string
  readonly stdout: string[]
  readonly stderr: string[]
  code: number
  capture?: string
}

export function parseScript(text: string): readonly Step[] {
  const steps: Step[] = []
  let as = 'developer'
  text.split('\n').forEach((line, at) => {
    const step = steps.at(-1)
    const [, mark = '', rest = ''] = /^(as|\$|\||2\||\?|=|#)(?: (.*))?$/.exec(line) ?? []
    if (line === '' || mark === '#') return
    if (mark === 'as') as = rest
    else if (mark === '$') steps.push({ as, line: at + 1, command: rest, stdout: [], stderr: [], code: 0 })
    else if (!step) throw new SyntaxError(`line ${at + 1}: there is no command yet`)
    else if (mark === '|') step.stdout.push(rest)
    else if (mark === '2|') step.stderr.push(rest)
    else if (mark === '?') step.code = Number(rest)
    else if (mark === '=') step.capture = rest
    else throw new SyntaxError(`line ${at + 1}: ${line}`)
  })
  return steps
}

/** Splits as a shell would for plain words and quotes. */
export const wordsOf = (command: string): readonly string[] =>
  [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, plain]) => single ?? double ?? plain ?? '')

export const filled = (text: string, values: ReadonlyMap<string, string>): string =>
  text.replace(/\{([A-Z_]+)\}/g, (all, name: string) => values.get(name) ?? all)

/** The expected lines as a pattern. */
export function patternOf(lines: readonly string[], values: ReadonlyMap<string, string>): RegExp {
  const escaped = lines.map((line) =>
    filled(line, values)
      .split(/(\{\*\*?\})/)
      .map((part) => (part === '{**}' ? '[\\s\\S]*' : part === '{*}' ? '.*' : part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')))
      .join(''),
  )
  // A line that is only {**} may be no line at all.
  return new RegExp(`^${escaped.map((line) => (line === '[\\s\\S]*' ? line : `${line}\n`)).join('')}$`)
}
