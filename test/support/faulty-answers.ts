/** The faults that any service behind HTTP can have, for `faultyServer`, and the answers that they are made of. */
import type { Fault, PassedAnswer } from './faulty-server.ts'

export const answer = (status: number, type: string, body: string | Buffer, more: Record<string, string> = {}): PassedAnswer => ({
  status,
  headers: { 'content-type': type, 'x-amzn-requestid': 'aws-request-1', ...more },
  body: Buffer.from(body),
})
export const GATEWAY_PAGE =
  '<html><head><title>503 Service Temporarily Unavailable</title></head><body><center>nginx</center></body></html>'

export const instead = (other: PassedAnswer): Fault => ({ how: 'answer', when: 'before', answer: other })
export const afterTheCall = (other: PassedAnswer): Fault => ({ how: 'answer', when: 'after', answer: other })
export const change = (of: (body: string, whole: PassedAnswer) => string | Buffer | PassedAnswer): Fault => ({
  how: 'change',
  change: (whole) => {
    const changed = of(whole.body.toString('utf8'), whole)
    return typeof changed === 'string' || Buffer.isBuffer(changed) ? { ...whole, body: Buffer.from(changed) } : changed
  },
})

/** `acts`: the service does what it was asked; only its answer is lost or unreadable. */
export type Named = { readonly name: string; readonly fault: Fault; readonly acts: boolean }
export const CALM = { acts: false } as const
export const ACTS = { acts: true } as const
export const HUGE = 5 * 1024 * 1024

export const common: readonly Named[] = [
  { name: 'resets the connection before it gets the call', fault: { how: 'reset', when: 'before' }, ...CALM },
  { name: 'resets the connection after it did the call', fault: { how: 'reset', when: 'after' }, ...ACTS },
  { name: 'closes the connection in the body', fault: { how: 'reset', when: 'body' }, ...ACTS },
  { name: 'hangs before it gets the call', fault: { how: 'hang', when: 'before' }, ...CALM },
  { name: 'hangs after it did the call', fault: { how: 'hang', when: 'after' }, ...ACTS },
  { name: 'hangs in the body', fault: { how: 'hang', when: 'body' }, ...ACTS },
  { name: 'answers with a page of a gateway', fault: instead(answer(503, 'text/html', GATEWAY_PAGE)), ...CALM },
  { name: 'answers with a page of a gateway, with status 200', fault: instead(answer(200, 'text/html', GATEWAY_PAGE)), ...CALM },
  { name: 'answers with a page of a gateway after it did the call', fault: afterTheCall(answer(502, 'text/html', GATEWAY_PAGE)), ...ACTS },
  { name: 'answers with an empty body', fault: change(() => ''), ...ACTS },
  { name: 'answers with bytes that are not UTF-8', fault: change(() => Buffer.from([0xff, 0xfe, 0x00, 0x80])), ...ACTS },
  { name: 'answers with half of the body', fault: change((body) => body.slice(0, body.length >> 1)), ...ACTS },
  { name: 'answers with an endless body', fault: change((body) => body + ' '.repeat(HUGE)), ...ACTS },
]

/** For `test.each`. */
export const rows = (list: readonly Named[]) => list.map((row) => [row.name, row] as const)
