/** The findings of a verification. Faults above a limit are only counted. */

/** The class of a fault: the log was changed, breaks a rule, differs from the table, or is unreadable. */
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
    // The first fault of each class is always reported, because the most severe class decides the exit code.
    if (this.faults.length < this.#most || !this.faults.some((other) => other.class === fault.class)) this.faults.push(fault)
    return this
  }
}
