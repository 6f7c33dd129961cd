/** CI jobs: their tokens can be used once, and they try more often. */
import { type Actor, approve } from './actor.ts'
import { JOB, jobToken } from './people.ts'
import type { VendCall } from './schedule.ts'

/** A CI job, whose token can be used once, and which tries again; or one that renews, or asks. */
export async function once(actor: Actor): Promise<void> {
  const { dice } = actor
  const [who, way] = [dice.pick(['77', '78']), dice.int(10)]
  if (way < 2) return renewByJob(actor, who)
  if (way < 4) return askByJob(actor)
  const token = newJobToken(actor, who)
  await actor.crowd(2 + dice.int(3), dice.pick([5, 500, 100_000]), () => runJob(actor, who, 'plain', token))
}

type JobToken = { readonly once: string; readonly token: string }
function newJobToken({ dice, now, schedule }: Actor, who: string): JobToken {
  const once = `job-${dice.int(1e9)}`
  const made = { once, actor: who, token: jobToken(once, who, now) }
  schedule.jobTokens.push(made)
  return made
}
const tokenOfAnotherRun = (once: string, who: string, now: number): JobToken => ({ once, token: jobToken(once, who, now, '2') })

export function runJob(
  actor: Actor,
  who: string,
  profile: string,
  { once, token } = newJobToken(actor, who),
  more: Partial<VendCall> = {},
) {
  const call = { subject: JOB, issuer: 'ci', profile, by: 'sessions', actor: who, once, ...more } as const
  const body = { profile, justification: 'nightly', ...(more.requestId === undefined ? {} : { requestId: more.requestId }) }
  return actor.schedule.vend(actor.by, call, token, more.renews === undefined ? body : {})
}

/** One token starts the session. Several attempts at a renewal share another one, and each later renewal has its own. */
async function renewByJob(actor: Actor, who: string): Promise<void> {
  const started = await runJob(actor, who, 'long')
  if (started?.status !== 201) return
  await runJob(actor, who, 'long', tokenOfAnotherRun(`run-${actor.name}`, who, actor.now), {
    renews: started.json.id,
    attack: 'the session of another run',
  })
  const token = newJobToken(actor, who)
  await actor.crowd(2 + actor.dice.int(2), actor.dice.pick([5, 500, 100_000]), () =>
    runJob(actor, who, 'long', token, { renews: started.json.id }),
  )
  await actor.crowd(6, actor.moreDice.pick([5000, 100_000]), () => runJob(actor, who, 'long', undefined, { renews: started.json.id }))
}

/** Dana's job asks. Neither of her identities can approve it. */
async function askByJob(actor: Actor): Promise<void> {
  const { dice } = actor
  const isMany = actor.moreDice.chance(0.5)
  const profile = isMany ? 'many' : 'one'
  const asked = await runJob(actor, '77', profile)
  const requestId = asked?.json.requestId as string | undefined
  if (requestId === undefined) return
  if (isMany) for (const who of ['avery', 'bob', 'ria']) await approve(actor, requestId, who)
  await actor.crowd(3, dice.pick([50, 5000]), async (at) => {
    const who = at === 0 ? 'dana-admin' : dice.pick(['dana', 'dana-admin', 'avery', 'bob'])
    await approve(actor, requestId, who)
  })
  const token = actor.moreDice.chance(0.5) ? newJobToken(actor, '77') : undefined
  await actor.crowd(2, 5000, () => runJob(actor, '77', profile, token ?? newJobToken(actor, '77'), { requestId }))
}
