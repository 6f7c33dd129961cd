/**
 * Outbound calls that do not use the AWS SDK: for an issuer's keys, to a directory, to the console sign-in, to a witness. Bounded in size
 * and time, without redirects, over https only (http for loopback, which the config check accepts for the sandbox). Uses node:https,
 * because `fetch` would load undici in a cold start.
 */

import { lookup } from 'node:dns'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { isLoopback } from '@stint/core/loopback'
import { inCidr, parseIp } from '@stint/iam/ip'

const MAX_BYTES = 256 * 1024
const TIMEOUT_MS = 3000

export type GetOptions = {
  /** private: the host may have an address in your own network. */
  readonly network?: 'private'
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * The body of a GET with status 200. Unless `network` says otherwise, the host must be public: a name that resolves to an address inside
 * your network is refused, so that a DNS record cannot direct the call there.
 */
export async function getBytes(url: string, { network, headers }: GetOptions = {}): Promise<Uint8Array> {
  const options = network === 'private' || isLoopback(url) ? {} : publicOnly(url)
  const { status, body } = await exchange(url, { method: 'GET', headers: { accept: 'application/json', ...headers }, ...options })
  if (status !== 200) throw new Error(`answered ${status}`)
  return body
}

/**
 * IANA IPv4 and IPv6 Special-Purpose Address Registries: addresses that are not globally reachable. A BlockList of node:net would do, and
 * takes 2 ms of a cold start.
 */
const special = [
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.168.0.0/16',
  '192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3 168.63.129.16/32', // the last is Azure's own
  '::/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16',
  'fc00::/7 fe80::/9 ff00::/8',
].flatMap((line) => line.split(' '))

/** An IPv4 address inside an IPv6 one (`::ffff:10.0.0.1`) is treated as the IPv4 address. A string that is not an address counts as private. */
export const isPrivate = (address: string): boolean => !parseIp(address) || special.some((block) => inCidr(address, block))

/** All addresses must be public, because Node decides which of them is used. */
export function publicOnly(url: string, resolve: typeof lookup = lookup): RequestOptions {
  const { protocol, hostname } = new URL(url)
  const literal = hostname.replace(/^\[|\]$/g, '')
  if (protocol !== 'https:') throw new Error('does not use https')
  if (isIP(literal) && isPrivate(literal)) throw new Error('has a private address')
  const check: LookupFunction = (host, options, done) =>
    resolve(host, { ...options, all: true }, (error, found) => {
      const refusal = error ?? (found.some(({ address }) => isPrivate(address)) ? new Error('has a private address') : undefined)
      if (refusal) done(refusal, '', 0)
      else if (options.all) done(null, found)
      else done(null, found[0]?.address ?? '', found[0]?.family)
    })
  return { lookup: check }
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

/** Only the sandbox speaks http, and node:http takes 1 ms of a cold start. */
const requestOver = (url: string) => (url.startsWith('https:') ? httpsRequest : process.getBuiltinModule('node:http').request)

function exchange(url: string, options: RequestOptions, body?: string): Promise<{ status: number; type: string; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const request = requestOver(url)(url, options, (response: IncomingMessage) => {
      const parts: Buffer[] = []
      let size = 0
      if (Number(response.headers['content-length'] ?? 0) > MAX_BYTES) request.destroy(new Error('returned more than 256 KB'))
      // No content encoding was requested, and none is decoded.
      else if (!['', 'identity'].includes(response.headers['content-encoding'] ?? ''))
        request.destroy(new Error('returned an encoded body'))
      response.on('data', (part: Buffer) => {
        size += part.length
        if (size > MAX_BYTES) request.destroy(new Error('returned more than 256 KB'))
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
