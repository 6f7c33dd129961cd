/**
 * HTTP as `vend` sees it: a plain request and a plain reply. No `Request`, `Response` or `fetch` here or behind it: their
 * mere touch loads undici, a third of a cold start.
 */
import { type Problem, type ProblemCode, problem, problemHeaders } from '@stint/core/problem'

export type VendRequest = {
  readonly method: string
  /** Decoded no further than the transport did: no query, no stage. */
  readonly path: string
  /** The raw query, without `?`. */
  readonly query: string
  /** Lower-case names, every value of its own: two Authorization headers are two. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly body: Uint8Array
  readonly sourceIp: string
}

export type VendReply = { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }

/** Largest body taken, in bytes. */
export const MAX_BODY_BYTES = 8192

export const header = (request: VendRequest, name: string): readonly string[] => request.headers.get(name) ?? []

export function problemReply(code: ProblemCode, detail: string, trace: string, extra?: { readonly [member: string]: unknown }): VendReply {
  const body: Problem = problem(code, detail, trace, extra)
  return { status: body.status, headers: { ...problemHeaders(code), 'stint-trace': trace }, body: JSON.stringify(body) }
}
