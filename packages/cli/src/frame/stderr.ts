/**
 * What a command says on stderr quotes brokers, issuers and files, and a terminal executes control sequences. So commands get a stderr
 * that makes all text safe to show. Only ./terminal.ts, which draws prompts and the line of a wait, writes control sequences itself.
 */
import { forPeople } from '../output.ts'

const REAL = Symbol('the stream itself')
type Stream = NodeJS.WriteStream & { readonly [REAL]?: NodeJS.WriteStream }

/** The process, with a stderr that shows control and hidden characters as marks. */
export function withSafeStderr(process: NodeJS.Process): NodeJS.Process {
  const real = process.stderr
  const write = (text: string | Uint8Array) => real.write(typeof text === 'string' ? forPeople(text) : text)
  const stderr = overlaid(real, { write, [REAL]: real })
  return overlaid(process, { stderr })
}

/** The stream behind a safe one, for what controls the terminal. */
export const realStream = (stream: NodeJS.WriteStream): NodeJS.WriteStream => (stream as Stream)[REAL] ?? stream

/** The object with some members in place of its own. Methods run on the object itself, which can have private fields. */
function overlaid<T extends object>(object: T, members: Readonly<Record<string | symbol, unknown>>): T {
  return new Proxy(object, {
    get(target, name) {
      if (Object.hasOwn(members, name)) return members[name]
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  })
}
