/** Time that passes only while everything waits: a pause of ten minutes takes as long as the work that others do meanwhile. */
type Sleeper = { readonly at: number; readonly wake: () => void }

export function virtualTime(start: number) {
  let now = start
  let running = false
  const sleepers: Sleeper[] = []

  /** Wakes the next sleeper once nothing else can go on. Work here never waits for real input or output. */
  async function run(): Promise<void> {
    running = true
    for (;;) {
      await new Promise(setImmediate)
      const next = sleepers.reduce<Sleeper | undefined>((first, one) => (!first || one.at < first.at ? one : first), undefined)
      if (!next) break
      now = next.at
      for (const sleeper of sleepers.filter(({ at }) => at <= now)) {
        sleepers.splice(sleepers.indexOf(sleeper), 1)
        sleeper.wake()
      }
    }
    running = false
  }

  return {
    now: () => now,
    sleep: (milliseconds: number): Promise<void> =>
      new Promise((resolve) => {
        sleepers.push({ at: now + milliseconds, wake: resolve })
        if (!running) void run()
      }),
  }
}
