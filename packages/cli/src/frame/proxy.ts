/** Which proxy a call goes through, by the variables that curl and other tools read: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY. */

type Env = { readonly [name: string]: string | undefined }
export type ProxyServer = { readonly url: URL; readonly authorization?: string }

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/

/** Undefined: connect directly. A loopback address never goes through a proxy. */
export function proxyFor(target: URL, env: Env): ProxyServer | undefined {
  const set = (name: string) => env[name.toLowerCase()] || env[name] || undefined
  if (LOOPBACK.test(target.hostname) || isExcluded(target, set('NO_PROXY') ?? '')) return undefined
  // Upper-case HTTP_PROXY can come from a request header in CGI ("httpoxy"). The command line never runs as CGI.
  const given = (target.protocol === 'https:' ? set('HTTPS_PROXY') : set('HTTP_PROXY')) ?? set('ALL_PROXY')
  if (given === undefined) return undefined
  const url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `http://${given}`)
  if (!['http:', 'https:'].includes(url.protocol)) throw new RangeError(`Unsupported proxy protocol '${url.protocol}'. Use an HTTP proxy.`)
  if (url.username === '') return { url }
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  return { url, authorization: `Basic ${Buffer.from(user).toString('base64')}` }
}

/** NO_PROXY: hosts separated by commas or spaces, each with its subdomains, with an optional port; `*` means all. */
function isExcluded({ hostname, port, protocol }: URL, list: string): boolean {
  const number = port || (protocol === 'https:' ? '443' : '80')
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true
      const [, host = entry, only] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? []
      const bare = host.replace(/^\*?\./, '')
      return (only === undefined || only === number) && (hostname === bare || hostname.endsWith(`.${bare}`))
    })
}
