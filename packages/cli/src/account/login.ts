/** `stint login`, `logout` and `context`: which brokers you are signed in to. */

import { rm } from 'node:fs/promises'
import { defined } from '@stint/core/defined'
import { placeOf, sendFor } from '../broker/broker.ts'
import type { Context } from '../context.ts'
import { forgetCredentials } from '../credentials/cache.ts'
import { Failure } from '../frame/failure.ts'
import type { TalkFlags } from '../frame/flags.ts'
import { checkedUrl, type Env } from '../frame/http.ts'
import { jsonLine, shownLine } from '../output.ts'
import {
  accountOf,
  isName,
  type Named,
  nameFor,
  nameOf,
  profilesFileOf,
  readContexts,
  removeContexts,
  removeState,
  tokenFileOf,
  writeContexts,
} from '../sign-in/contexts.ts'
import { clientsOf, revoke, unverifiedClaims } from '../sign-in/issuer.ts'
import { signInWithBrowser, signInWithDevice } from '../sign-in/sign-in.ts'
import { tokenStore } from '../sign-in/token-store.ts'

type LoginFlags = TalkFlags & {
  readonly device: boolean
  readonly browser: boolean
  readonly again: boolean
  readonly issuer?: string
  readonly name?: string
}

export async function login(context: Context, flags: LoginFlags, given: string | undefined): Promise<void> {
  const { env, stdout, stderr } = context.process
  const send = sendFor(context)
  const url = given === undefined ? (await placeOf(context, {})).url : checkedUrl(given, 'the broker')
  if (flags.name !== undefined && !isName(flags.name))
    throw new Failure('usage', `Invalid name of a context: '${flags.name}'.`, {
      next: `Use letters, digits, dots and hyphens: stint login ${url} --name NAME`,
    })
  const named = chosen(await clientsOf(send, url), url, flags.issuer)
  const say = (line: string) => void stderr.write(`${line}\n`)
  const tokens = flags.device
    ? await signInWithDevice(send, named, say)
    : await signInWithBrowser(env, send, named, { browser: flags.browser, again: flags.again, say })
  const contexts = await readContexts(env)
  const name = flags.name ?? nameOf(contexts, url) ?? nameFor(url)
  if (contexts.contexts[name] !== undefined && contexts.contexts[name].url !== url)
    throw new Failure('usage', `The context '${name}' belongs to another broker: ${contexts.contexts[name].url}.`, {
      next: `Choose a name: stint login ${url} --name NAME`,
    })
  const store = await tokenStore(env, accountOf(name, named))
  const before = await store.read().catch(() => undefined)
  try {
    await store.write(tokens)
    // Credentials of an earlier sign-in may belong to another person.
    await forgetCredentials(env, url)
    await writeContexts(env, { current: name, contexts: { ...contexts.contexts, [name]: named } })
  } catch (error) {
    // A token that no context names could never be removed with `stint logout`.
    await (before ? store.write(before) : store.remove()).catch(() => {})
    if (tokens.refreshToken !== undefined) await revoke(send, named, tokens.refreshToken)
    throw error
  }
  const claims = unverifiedClaims(tokens.token)
  const who = typeof claims.name === 'string' ? claims.name : String(claims.sub ?? 'unknown')
  if (flags.json) stdout.write(jsonLine({ context: name, url, issuer: named.issuer, name: who, tokens: store.place }))
  else if (!flags.quiet)
    stderr.write(`Signed in to ${url} as ${shownLine(who)}.\nYour tokens are in ${store.place}.\nNext: stint profiles\n`)
}

function chosen(clients: readonly Named[], url: string, issuer: string | undefined): Named {
  const fitting = issuer === undefined ? clients : clients.filter((one) => one.issuer === issuer)
  const [first] = fitting
  if (first !== undefined && fitting.length === 1) return first
  const list = clients.map((one) => one.issuer).join(', ')
  throw new Failure(
    'usage',
    first !== undefined
      ? 'The broker has several issuers for people.'
      : issuer === undefined
        ? 'The broker has no sign-in for the command line.'
        : `The broker has no sign-in at ${issuer}.`,
    {
      next:
        clients[0] === undefined
          ? 'Ask your operators: the config needs a client for the command line (signIn.ISSUER.cli).'
          : `Choose one with --issuer: ${list}. For example: stint login ${url} --issuer ${clients[0].issuer}`,
    },
  )
}

type LogoutFlags = TalkFlags & { readonly context?: string; readonly all: boolean }

/** Leaves nothing of a context on this machine. */
export async function logout(context: Context, flags: LogoutFlags): Promise<void> {
  const { env, stdout, stderr } = context.process
  const { current, contexts } = await readContexts(env)
  const names = flags.all ? Object.keys(contexts) : [flags.context ?? current ?? '']
  const send = sendFor(context)
  const left: object[] = []
  for (const name of names) {
    const named = contexts[name]
    if (!named) {
      if (flags.context === undefined) continue
      throw new Failure('usage', `There is no context '${name}'.`, { next: 'List them: stint context' })
    }
    const revoked = await forget(env, name, named, (token) => revoke(send, named, token))
    left.push({ context: name, url: named.url, revoked })
    const words = revoked ? 'The sign-in was revoked at the issuer.' : 'The issuer did not revoke the sign-in; it ends on its own.'
    if (!flags.json && !flags.quiet) stderr.write(`Signed out of ${named.url}. ${words}\n`)
  }
  const remaining = Object.fromEntries(Object.entries(contexts).filter(([name]) => !names.includes(name)))
  const next = current !== undefined && remaining[current] ? current : Object.keys(remaining)[0]
  if (next === undefined) await removeContexts(env)
  else if (left.length > 0) await writeContexts(env, { current: next, contexts: remaining })
  if (flags.all) await removeState(env)
  if (flags.json) return void stdout.write(jsonLine({ signedOut: left, ...defined({ current: next }) }))
  if (flags.quiet) return
  if (left.length === 0) stderr.write('You are not signed in anywhere.\n')
  if (next !== undefined && next !== current)
    stderr.write(`The current context is now ${next} (${remaining[next]?.url}). To choose another: stint context NAME\n`)
}

async function forget(env: Env, name: string, named: Named, atIssuer: (token: string) => Promise<boolean>): Promise<boolean> {
  const account = accountOf(name, named)
  const store = await tokenStore(env, account)
  const tokens = await store.read().catch(() => undefined)
  const revoked = tokens?.refreshToken === undefined ? false : await atIssuer(tokens.refreshToken)
  await store.remove()
  await forgetCredentials(env, named.url)
  for (const path of [profilesFileOf(env, named.url), `${tokenFileOf(env, account)}.lock`]) await rm(path, { recursive: true, force: true })
  return revoked
}

export async function chooseContext(context: Context, flags: TalkFlags, name: string | undefined): Promise<void> {
  const { env, stdout, stderr } = context.process
  const { current, contexts } = await readContexts(env)
  if (name !== undefined) {
    if (!Object.hasOwn(contexts, name)) throw new Failure('usage', `There is no context '${name}'.`, { next: 'List them: stint context' })
    await writeContexts(env, { current: name, contexts })
    if (flags.json) stdout.write(jsonLine({ current: name }))
    else if (!flags.quiet) stderr.write(`The current context is ${name} (${contexts[name]?.url}).\n`)
    return
  }
  const rows = Object.entries(contexts).map(([one, { url, issuer }]) => ({ name: one, url, issuer, current: one === current }))
  if (flags.json) stdout.write(jsonLine({ contexts: rows }))
  else if (rows.length === 0) stderr.write('There are no contexts. Run stint login URL\n')
  else for (const row of rows) stdout.write(`${row.current ? '*' : ' '} ${row.name}  ${row.url}\n`)
}
