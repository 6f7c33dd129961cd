/** What a function costs that does nothing: Node itself, and the harness. */
export const handler = async () => ({ statusCode: 201, body: '{}' })
