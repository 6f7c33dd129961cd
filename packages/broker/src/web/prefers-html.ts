/** Whether the client names HTML in `Accept`, and not JSON with a higher weight (RFC 9110 §12.5.1). Clients of the API send a wildcard. */
export function prefersHtml(accept = ''): boolean {
  const weights = new Map(
    accept.split(',').map((range) => {
      const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
      const weight = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1)
      return [type, Number.isNaN(weight) ? 0 : weight]
    }),
  )
  const of = (...types: string[]) => Math.max(0, ...types.map((type) => weights.get(type) ?? 0))
  const html = of('text/html', 'application/xhtml+xml')
  return html > 0 && html >= of('application/json', 'application/problem+json')
}
