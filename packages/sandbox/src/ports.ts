/** The ports of the sandbox, all derived from the first one. */

export const HOST = '127.0.0.1'
export type Ports = { readonly broker: number; readonly issuer: number; readonly aws: number; readonly slack: number }
export const portsFrom = (first: number): Ports => ({ broker: first, issuer: first + 1, aws: first + 2, slack: first + 3 })
export const urlOf = (port: number): string => `http://${HOST}:${port}`
