/** Who takes part in a schedule: dice of their own, and names for their calls. */
import { personToken } from './people.ts'
import type { Answer, Schedule, VendCall } from './schedule.ts'
import type { Dice } from './world.ts'

/** Longer than any caller goes on trying. */
export const MOST_TRIES = 4

export class Actor {
  readonly schedule: Schedule
  readonly name: string
  readonly dice: Dice
  /** For what was added later, so that it does not change what the others draw. */
  readonly moreDice: Dice
  #calls = 0
  constructor(schedule: Schedule, name: string) {
    this.schedule = schedule
    this.name = name
    this.dice = schedule.world.dice(name)
    this.moreDice = schedule.world.dice(`more of ${name}`)
  }
  get by(): string {
    return `${this.name}/${++this.#calls}`
  }
  wait(mostMs: number): Promise<void> {
    return this.schedule.world.sleep(1 + this.dice.int(mostMs))
  }
  get now(): number {
    return this.schedule.world.now
  }
  /** Several at about the same time. */
  async crowd(count: number, spreadMs: number, one: (at: number) => Promise<unknown>): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, async (_, at) => {
        await this.wait(spreadMs)
        await one(at)
      }),
    )
  }
  vendAs(subject: string, profile: string, more: Partial<VendCall> & { readonly body?: object } = {}): Promise<Answer | undefined> {
    const { body, ...call } = more
    const sent = { profile, justification: 'INC-1', ...body, ...(call.requestId === undefined ? {} : { requestId: call.requestId }) }
    return this.schedule.vend(this.by, { subject, issuer: 'lab', profile, by: 'sessions', ...call }, personToken(subject, this.now), sent)
  }
}

export const approve = ({ schedule, by }: Actor, id: string, who: string, limits: object = {}) =>
  schedule.api(by, 'POST', `/requests/${id}/approve`, who, limits)
