/** Names of actions, such as `s3:GetObject`. */
import { contextOf } from './context.ts'
import { compile, matches } from './pattern.ts'

const noContext = contextOf({})

/** Actions are compared without regard to case. Wildcards are allowed on both sides of the colon. */
export function actionMatches(pattern: string, action: string): boolean {
  // Most patterns name another service, which is seen without compiling them.
  const service = pattern.slice(0, pattern.indexOf(':') + 1)
  if (!/[*?]/.test(service) && service.toLowerCase() !== action.slice(0, service.length).toLowerCase()) return false
  const compiled = compile(pattern.toLowerCase(), { context: noContext, variables: false, wildcards: true })
  return compiled !== undefined && matches(compiled, action.toLowerCase())
}
