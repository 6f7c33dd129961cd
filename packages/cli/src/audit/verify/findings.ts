/** What a verification finds, up to a number of faults; more are only counted. */

/** What a fault says of the log: it was changed; it breaks the rules; table and log differ; something is not there. */
export type FaultClass = 'tampered' | 'rules' | 'table' | 'unreadable'
export type Fault = { readonly class: FaultClass; readonly place: string; readonly what: string }

export class Findings {
  readonly faults: Fault[] = []
  readonly notices: string[] = []
  count = 0
  readonly #most: number
  constructor(most: number) {
    this.#most = most
  }
  add(fault: Fault): this {
    this.count++
    // The first of its class is told however many of others came before it: the gravest decides.
    if (this.faults.length < this.#most || !this.faults.some((other) => other.class === fault.class)) this.faults.push(fault)
    return this
  }
}
