/** What a page's form carries, and how a route gets it. */
import type { Caller } from '@stint/core/identity/caller'
import type { Ctx } from '../http/context.ts'
import type { SignedIn } from './sign-in.ts'

/** The sealed state in a page's form. */
export type Grant = SignedIn & {
  readonly to: string
  readonly browser: string
  /** Names the cookie that holds `browser`. Each page has its own cookie, so a second tab does not affect the first. */
  readonly tab: string
  readonly version?: number
  readonly slack?: { readonly team: string; readonly user: string }
}

/** Answers a form, for the person who sent it. */
export type WithGrant = (c: Ctx, answer: (grant: Grant, caller: Caller, form: URLSearchParams) => Promise<Response>) => Promise<Response>
