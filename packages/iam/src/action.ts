/** Names of actions, such as `s3:GetObject`. */
import { contextOf } from './context.ts'
import { compile, matches } from './pattern.ts'

const noContext = contextOf({})

/** Actions are compared without regard to case. Wildcards are allowed on both sides of the colon. */
export function actionMatches(pattern: string, action: string): boolean {
  const compiled = compile(pattern.toLowerCase(), { context: noContext, variables: false, wildcards: true })
  return compiled !== undefined && matches(compiled, action.toLowerCase())
}
