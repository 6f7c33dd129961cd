/**
 * The Deny that stops a session from creating access that outlives it. It names only actions that the session's Allows could
 * match, so that a small policy stays small. If the Allows are not known, it names every minting action.
 */
import { actionMatches } from '../action.ts'
import type { StatementJson } from '../policy.ts'
import { remembering } from '../remembered.ts'
import { mintingPatterns, openedBy } from './actions.ts'

/** Longest Deny, in characters of its JSON, for a session that may mint nothing: STS takes 2,048 for the whole policy. */
export const MAX_MINTING_DENY_CHARACTERS = 1250

type Minting = {
  /** Minting actions that the session can use, spelled as in the catalogue. */
  readonly mints: readonly string[]
  /** The session also has managed policies, whose Allows are not known here. */
  readonly managed: boolean
}

/** The statement to add to these, or undefined if they allow no minting action outside `mints`. */
export function mintingDeny(statements: readonly StatementJson[], { mints, managed }: Minting): StatementJson | undefined {
  const allows = statements.filter(({ Effect }) => Effect === 'Allow')
  const question = JSON.stringify([mints, managed || allows.map(({ Action, NotAction }) => [Action ?? 0, NotAction ?? 0])])
  const names = remembered(question, () => namesFor(allows, mints, managed))
  return names.length === 0 ? undefined : { Effect: 'Deny', Action: names, Resource: '*' }
}

/** Most profiles allow the same actions at each call, and hundreds of names are compared with them. */
const remembered = remembering<readonly string[]>(256)

function namesFor(allows: readonly StatementJson[], mints: readonly string[], managed: boolean): readonly string[] {
  const open = openedBy(mints)
  const reached = (action: string) => managed || allows.some((allow) => namesAction(allow, action))
  return mintingPatterns.flatMap(({ pattern, actions }) => {
    const denied = actions.filter((action) => !open.has(action) && reached(action))
    // A pattern would also deny the open action among them, so the others are named one by one.
    return denied.length > 0 && !actions.some((action) => open.has(action)) ? [pattern] : denied
  })
}

/** Whether a statement covers the action, regardless of resource and condition. */
export function namesAction({ Action, NotAction }: StatementJson, action: string): boolean {
  const names = [Action ?? NotAction ?? []].flat()
  return names.some((name) => actionMatches(name, action)) !== (Action === undefined)
}
