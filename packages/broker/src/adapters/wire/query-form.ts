/** The body of a call in AWS's Query protocol, with the parameters in the given order. */
export function queryForm(
  action: string,
  version: string,
  fields: readonly (readonly [name: string, value: string | number | undefined])[],
): string {
  const sent = fields.filter(([, value]) => value !== undefined).map(([name, value]) => `&${name}=${escaped(String(value))}`)
  return `Action=${action}&Version=${version}${sent.join('')}`
}

/** RFC 3986 §2.3: everything but unreserved characters is escaped. */
const escaped = (value: string): string =>
  encodeURIComponent(value).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
