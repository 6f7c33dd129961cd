/** The body of a call in AWS's JSON protocols: an object, or undefined for anything else. */
export function jsonObject(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const input: unknown = JSON.parse(body.toString('utf8'))
    return typeof input === 'object' && input !== null && !Array.isArray(input) ? (input as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
