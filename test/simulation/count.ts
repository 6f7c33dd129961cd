/** How often each thing happened. */
export class Count {
  readonly all = new Map<string, number>()
  add(what: string, times = 1): void {
    this.all.set(what, (this.all.get(what) ?? 0) + times)
  }
  of(what: string): number {
    return this.all.get(what) ?? 0
  }
  merge(other: Iterable<readonly [string, number]>): void {
    for (const [what, times] of other) this.add(what, times)
  }
}
