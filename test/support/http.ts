/** One HTTP exchange as the row wrote it: `fetch` would join doubled headers and refuse odd ones. */
import { request } from 'node:http'

export type Raw = { readonly method?: string; readonly path: string; readonly headers?: readonly string[]; readonly body?: string | Buffer }
export type RawAnswer = { readonly status: number; readonly headers: NodeJS.Dict<string | string[]>; readonly text: string }

export const exchange = (base: string, { method = 'GET', path, headers = [], body }: Raw): Promise<RawAnswer> =>
  new Promise((resolve, reject) => {
    const { hostname, port, host } = new URL(base)
    const sent = request(
      {
        hostname,
        port,
        path,
        method,
        headers: [
          ...(headers.includes('host') ? [] : ['host', host]),
          ...headers,
          ...(body === undefined ? [] : ['content-length', String(Buffer.byteLength(body))]),
        ] as never,
      },
      (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(parts).toString('utf8') }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
