/**
 * The container credentials protocol on loopback, for one command, an IDE or a container: unmodified SDKs read credentials here, and
 * read them again before they expire. The address alone is not enough: every call needs the random token, and a loopback Host, so that
 * no web page can read them (DNS rebinding).
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Failure } from '../frame/failure.ts'
import { type Obtained, spareOf } from './obtain.ts'

export type Endpoint = {
  readonly variables: Readonly<Record<string, string>>
  readonly close: () => void
}

export async function startEndpoint(first: Obtained, renew: (last: Obtained) => Promise<Obtained>, port = 0): Promise<Endpoint> {
  const token = randomBytes(24).toString('base64url')
  const current = renewing(first, renew)
  const server = createServer((request, response) => {
    const send = (status: number, body: object) =>
      void response
        .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
        .end(JSON.stringify(body))
    if (!isLoopback(request.headers.host)) return send(403, { Code: 'Forbidden', Message: 'The Host header is not a loopback address.' })
    if (request.url !== PATH || request.method !== 'GET') return send(404, { Code: 'NotFound', Message: 'Not found.' })
    if (!same(request.headers.authorization ?? '', token))
      return send(401, { Code: 'Unauthorized', Message: 'The authorization token is missing or wrong.' })
    current().then(
      ({ credentials }) =>
        send(200, {
          AccessKeyId: credentials.accessKeyId,
          SecretAccessKey: credentials.secretAccessKey,
          Token: credentials.sessionToken,
          Expiration: credentials.expiration,
        }),
      (error: unknown) => send(error instanceof Failure && error.exit !== 'unreachable' ? 403 : 503, problemOf(error)),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new Failure(
          'failed',
          error.code === 'EADDRINUSE' ? `Port ${port} is already in use.` : `Port ${port} cannot be used: ${error.message}.`,
          {
            next: 'Choose another, or leave --port out for a free one: stint serve --help',
          },
        ),
      ),
    )
    server.listen(port, '127.0.0.1', resolve)
  })
  const { port: bound } = server.address() as AddressInfo
  return {
    variables: {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${bound}${PATH}`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: token,
    },
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

const PATH = '/credentials'

const isLoopback = (host: string | undefined): boolean => /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host ?? '')

function same(given: string, token: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(token)]
  return left.length === right.length && timingSafeEqual(left, right)
}

const problemOf = (error: unknown) =>
  error instanceof Failure
    ? { Code: error.facts.code ?? 'Failed', Message: `${error.message} ${error.facts.next ?? ''}`.trim() }
    : { Code: 'Failed', Message: 'stint failed.' }

/** Credentials that are replaced before they expire, once for all who ask meanwhile. While the old ones work, a failure is not shown. */
export function renewing(
  first: Obtained,
  renew: (last: Obtained) => Promise<Obtained>,
  now: () => number = Date.now,
): () => Promise<Obtained> {
  let current = first
  let lifeMs = Date.parse(first.credentials.expiration) - now()
  let under: Promise<Obtained> | undefined
  /** These are the last credentials of a session that ends: more would expire at the same time. */
  let areLast = false
  return async () => {
    const expiresAtMs = Date.parse(current.credentials.expiration)
    if (expiresAtMs - (areLast ? 0 : spareOf(lifeMs)) > now()) return current
    under ??= renew(current)
      .then((fresh) => {
        areLast = Date.parse(fresh.credentials.expiration) <= expiresAtMs
        current = fresh
        lifeMs = Date.parse(fresh.credentials.expiration) - now()
        return fresh
      })
      .finally(() => {
        under = undefined
      })
    return under.catch((error: unknown) => {
      if (expiresAtMs > now()) return current
      throw error
    })
  }
}
