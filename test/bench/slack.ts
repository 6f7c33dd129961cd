/**
 * `node test/bench/slack.ts`: from a click on Approve to the durable decision, to Slack's answer, and to the message that
 * shows it, with latencies put before every call of AWS and of Slack's Web API. The stream's own delay is not in it: here the
 * notifier is called at once. Printed: times, and how many calls were made in that time.
 */
import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { slackLab, textOf } from '../support/slack.ts'

const CLICKS = Number(process.env.CLICKS ?? 30)
const scenarios = [
  { name: 'no latency', aws: 0, slack: 0 },
  { name: 'no latency again', aws: 0, slack: 0 },
  { name: 'as in a region', aws: 8, slack: 150 },
  { name: 'Slack slow', aws: 8, slack: 1000 },
  { name: 'Slack not answering', aws: 8, slack: Number.POSITIVE_INFINITY },
] as const

let latency: { readonly aws: number; readonly slack: number } = scenarios[0]
const calls = { aws: 0, slack: 0 }
let [decidedAt, updatedAt] = [0, 0]
const it = await slackLab({
  async intercept(_service, action, next, request) {
    calls.aws++
    if (latency.aws > 0) await sleep(latency.aws)
    const answer = await next()
    // The write that decides is the one that names an agreement.
    if (action === 'UpdateItem' && request.body.includes('approval.given')) decidedAt = performance.now()
    return answer
  },
})

try {
  for (const name of ['oncall', 'approver'] as const) await it.link(name)
  it.sandbox.advance(601_000)
  console.log(`Node ${process.version}, ${cpus().length} cores, ${CLICKS} clicks each; latencies in ms before each call\n`)
  console.log(
    'scenario              AWS  Slack    click to decision   to Slack’s answer   its message changed   all of it told    AWS / Slack calls to the answer',
  )
  await run(scenarios[0], 3)
  for (const scenario of scenarios) {
    const { decided, answered, updated, shown, aws, slack } = await run(scenario, scenario.slack > 500 ? 5 : CLICKS)
    const cell = (times: readonly number[]) => (times.length === 0 ? '–' : `${at(times, 0.5)} (p99 ${at(times, 0.99)})`)
    console.log(
      `${scenario.name.padEnd(20)} ${String(scenario.aws).padStart(4)} ${String(scenario.slack).padStart(6).replace('Infinity', '     ∞')}   ${cell(decided).padStart(18)}  ${cell(answered).padStart(18)}  ${cell(updated).padStart(18)}  ${cell(shown).padStart(18)}    ${aws} / ${slack}`,
    )
  }
} finally {
  it.slack.intercept = undefined
  await it.close()
}

function at(times: readonly number[], share: number): string {
  const sorted = times.toSorted((a, b) => a - b)
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(0)
}

async function run(scenario: { readonly aws: number; readonly slack: number }, clicks: number) {
  const [decided, answered, updated, shown]: [number[], number[], number[], number[]] = [[], [], [], []]
  const counts = { aws: 0, slack: 0 }
  for (let click = 0; click < clicks; click++) {
    latency = { aws: 0, slack: 0 }
    it.slack.intercept = undefined
    const id = await it.ask('oncall', `click ${click}`)
    await it.slack.notify()
    const root = it.root(id)
    if (!root) throw new Error('the request is not shown')

    latency = scenario
    updatedAt = 0
    it.slack.intercept = async (method) => {
      calls.slack++
      if (latency.slack === Number.POSITIVE_INFINITY) return 'hang'
      if (latency.slack > 0) await sleep(latency.slack)
      if (method === 'chat.update') updatedAt ||= performance.now()
      return undefined
    }
    Object.assign(calls, { aws: 0, slack: 0 })
    const clicked = performance.now()
    const sent = await it.at('approver').press(root, 'approve')
    answered.push(performance.now() - clicked)
    decided.push(decidedAt - clicked)
    Object.assign(counts, calls)
    if (sent.status !== 200) throw new Error(`answered ${sent.status}`)
    if (Number.isFinite(scenario.slack)) {
      await it.slack.notify()
      if (!/approved/.test(textOf(root.blocks))) throw new Error('the message is not what the request is')
      updated.push(updatedAt - clicked)
      shown.push(performance.now() - clicked)
    }
    it.sandbox.advance(3_700_000)
  }
  return { decided, answered, updated, shown, aws: counts.aws, slack: counts.slack }
}
