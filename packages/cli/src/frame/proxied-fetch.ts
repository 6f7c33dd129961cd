/**
 * `fetch` that goes through the proxy of the environment: for code that takes a `fetch`, such as the GitHub Action. Node's own does so
 * only if that is set before it starts. Without a proxy for a URL, it is Node's own.
 */
import { type Env, sender } from './http.ts'
import { proxyFor } from './proxy.ts'

/** The caller bounds time and size more tightly. */
const MAX_BYTES = 64 * 1024 * 1024
const TIMEOUT_MS = 120_000

export const fetchFor =
  (env: Env): typeof fetch =>
  async (input, init = {}) => {
    const url = String(input)
    if (!proxyFor(new URL(url), env)) return fetch(input, init)
    const { status, headers, bytes } = await sender(env)(url, {
      method: init.method ?? 'GET',
      headers: Object.fromEntries(new Headers(init.headers)),
      ...(typeof init.body === 'string' ? { body: init.body } : {}),
      ...(init.signal ? { signal: init.signal } : {}),
      maxBytes: MAX_BYTES,
      timeoutMs: TIMEOUT_MS,
    })
    return new Response([204, 304].includes(status) ? null : Buffer.from(bytes), { status, headers })
  }
