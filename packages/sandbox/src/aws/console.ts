/**
 * Simulates the federation endpoint of the AWS console at `/federation`: sign-in tokens for temporary credentials, and a page that shows
 * which session a sign-in URL opens. There is no console behind it. Source: AWS IAM User Guide, "Enable custom identity broker access to the
 * AWS console".
 */
import { randomBytes } from 'node:crypto'
import { partitions } from '@stint/iam/partition'
import type { Identity, World } from './world.ts'

type Page = { readonly status: number; readonly type: 'application/json' | 'text/html; charset=utf-8'; readonly body: string }

type ConsoleSignIn = {
  /** Answers a request to `/federation`, with the parameters of its query or form. */
  readonly answer: (parameters: URLSearchParams) => Page
}

/** A sign-in token is valid for 15 minutes. */
const TOKEN_MS = 15 * 60_000
/** The oldest tokens are dropped beyond this number. */
const MOST_TOKENS = 1000
const CONSOLES = new RegExp(`^https://([a-z0-9-]+\\.)*(${partitions.map(({ console }) => console.replaceAll('.', '\\.')).join('|')})/`)

export function consoleSignIn(world: World): ConsoleSignIn {
  const tokens = new Map<string, { readonly identity: Identity; readonly expiresAtMs: number }>()

  return {
    answer(parameters) {
      const action = parameters.get('Action')
      if (action === 'getSigninToken') return issue(parameters)
      if (action === 'login') return signIn(parameters)
      return refused(`The action is ${action ?? 'missing'}. Use getSigninToken or login.`)
    },
  }

  function issue(parameters: URLSearchParams): Page {
    const identity = identityIn(world, parameters.get('Session'))
    if (!identity) return refused('The Session parameter does not contain valid temporary credentials.')
    // The console session of chained credentials cannot be longer than the credentials.
    if (parameters.has('SessionDuration') && identity.grant?.chained)
      return refused('SessionDuration is not allowed with these credentials.')
    const token = randomBytes(48).toString('base64url')
    tokens.set(token, { identity, expiresAtMs: world.clock() + TOKEN_MS })
    for (const oldest of tokens.keys()) {
      if (tokens.size <= MOST_TOKENS) break
      tokens.delete(oldest)
    }
    return { status: 200, type: 'application/json', body: JSON.stringify({ SigninToken: token }) }
  }

  function signIn(parameters: URLSearchParams): Page {
    const found = tokens.get(parameters.get('SigninToken') ?? '')
    const destination = parameters.get('Destination') ?? ''
    if (!found || world.clock() >= found.expiresAtMs) return refused('The sign-in token is invalid or expired.')
    if (!CONSOLES.test(destination)) return refused('The destination is not a page of the AWS console.')
    const { identity } = found
    const expiresAtMs = identity.grant?.expiresAt ?? identity.userSession?.expiresAt ?? 0
    const rows = [
      ['Signed in as', identity.principal.arn],
      ['Account', identity.principal.account],
      ['Expires at', new Date(expiresAtMs).toISOString()],
      ['Destination', destination],
      ['Issuer', parameters.get('Issuer') ?? ''],
    ]
    const body = rows.map(([name, value]) => `<dt>${name}</dt><dd>${html(value ?? '')}</dd>`).join('')
    return page(200, 'AWS console (sandbox)', `<p>The sandbox has no console. AWS would open the destination.</p><dl>${body}</dl>`)
  }
}

/** Temporary credentials as `{ sessionId, sessionKey, sessionToken }`. */
function identityIn(world: World, session: string | null): Identity | undefined {
  const { sessionId, sessionKey, sessionToken } = parsed(session ?? '')
  const identity = world.identities.get(String(sessionId))
  const expiresAtMs = identity?.grant?.expiresAt ?? identity?.userSession?.expiresAt
  if (!identity || expiresAtMs === undefined || world.clock() >= expiresAtMs) return undefined
  const { key } = identity
  return key.secretAccessKey === sessionKey && key.sessionToken === sessionToken ? identity : undefined
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

const refused = (why: string): Page => page(400, 'AWS sign-in (sandbox)', `<p>${html(why)}</p>`)

const page = (status: number, title: string, body: string): Page => ({
  status,
  type: 'text/html; charset=utf-8',
  body: `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1>${body}</html>\n`,
})

const html = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
