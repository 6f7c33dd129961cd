/**
 * The outbound calls that are not AWS's SDK: for an issuer's keys, to the console sign-in, to a witness. Bounded in
 * size and time, no redirects, https only (http for loopback, which the config check lets through for the sandbox).
 * Over node:https, since `fetch` would load undici into a cold start.
 */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'

const MAX_BYTES = 256 * 1024
const TIMEOUT_MS = 3000

/** The body of a GET that was answered with 200. */
export async function getBytes(url: string): Promise<Uint8Array> {
  const { status, body } = await exchange(url, { method: 'GET', headers: { accept: 'application/json' } })
  if (status !== 200) throw new Error(`answered ${status}`)
  return body
}

/** Posts a form. */
export async function postForm(url: string, form: string): Promise<{ status: number; body: string }> {
  const { status, body } = await exchange(
    url,
    { method: 'POST', headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' } },
    form,
  )
  return { status, body: body.toString('utf8') }
}

/** Posts a text. */
export async function postText(url: string, text: string): Promise<{ status: number; type: string; body: string }> {
  const { status, type, body } = await exchange(url, { method: 'POST', headers: { 'content-type': 'text/plain; charset=utf-8' } }, text)
  return { status, type, body: body.toString('utf8') }
}

function exchange(url: string, options: RequestOptions, body?: string): Promise<{ status: number; type: string; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const request = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, options, (response: IncomingMessage) => {
      const parts: Buffer[] = []
      let size = 0
      response.on('data', (part: Buffer) => {
        size += part.length
        if (size > MAX_BYTES) request.destroy(new Error('answered more than 256 KB'))
        else parts.push(part)
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', body: Buffer.concat(parts) }),
      )
      response.on('error', reject)
    })
    const deadline = setTimeout(() => request.destroy(new Error('did not answer in time')), TIMEOUT_MS)
    request.on('error', reject)
    request.on('close', () => clearTimeout(deadline))
    request.end(body)
  })
}
