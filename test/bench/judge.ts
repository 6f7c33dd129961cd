/** What the gate says of its measurements. Pure. */
export type Judgement = {
  /** `not judged`: a ratio is above its limit, on a machine that was busy in every round. */
  readonly outcome: 'passed' | 'over' | 'not judged'
  /** The ratios that are above their limit, or were not measured. */
  readonly over: readonly string[]
  readonly best: (name: string) => number
}

type Round = { readonly [name: string]: number }

/**
 * Each ratio is the best of all rounds. A difference of two measurements can be negative or 0 / 0 on a busy machine, so a round with a
 * ratio that is not finite and positive is dropped. `waiting` above `mostWaiting` is a busy machine.
 */
export function judge(rounds: readonly Round[], limits: Round, mostWaiting: number): Judgement {
  const names = Object.keys(limits)
  const measured = rounds.filter((ratios) => names.every((name) => Number.isFinite(ratios[name]) && (ratios[name] ?? 0) > 0))
  const best = (name: string) => Math.min(...measured.map((ratios) => ratios[name] ?? Number.NaN))
  // Not `>`, which is false for what was not measured.
  const over = names.filter((name) => measured.length === 0 || !(best(name) <= (limits[name] ?? 0)))
  const isBusy = rounds.length > 0 && rounds.every(({ waiting = 1 }) => waiting > mostWaiting)
  return { outcome: over.length === 0 ? 'passed' : isBusy ? 'not judged' : 'over', over, best }
}
