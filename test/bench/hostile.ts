/**
 * `node test/bench/hostile.ts`: what strangers cost honest callers. One broker in the sandbox, its issuers' key endpoints
 * counted; honest vends go one after the other while strangers send tokens all the time, several at once. Printed: fetches of
 * keys, and the honest latency as a ratio to a quiet run (twice, A/A, to show the machine's own spread).
 *
 *   junk kids        good issuer, a kid that nobody has, a new one each time
 *   unknown issuers  a new issuer each time
 *   forged           a known kid, a signature that does not hold
 *   dead endpoint    another issuer's keys cannot be had; strangers use that issuer
 *   own endpoint     the honest callers' own issuer is dead; their keys are at hand
 */
import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { LAB_CONFIG, type Lab, labKey, startLab } from '../support/lab.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const HONEST = Number(process.env.HONEST ?? 200)
const STRANGERS = Number(process.env.STRANGERS ?? 4)

const lab = await startLab()
const elsewhere = await startLab()
const sandbox = await testSandbox({
  config: LAB_CONFIG,
  bindings: { ...lab.bindings, TOOLS_ISSUER: `${elsewhere.url}/lab`, TOOLS_JWKS: `${elsewhere.url}/jwks` },
})

type Scenario = { readonly name: string; readonly token?: (index: number) => string; readonly before?: () => void }

/** Put together, not signed: a stranger spends nothing on a token that is refused anyway. */
const like = (good: string) => {
  const [header = '', payload = '', signature = ''] = good.split('.')
  const parsed = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  const text = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const flipped = `${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}`
  return (more: object, claims: object = {}) =>
    `${text({ ...parsed(header), ...more })}.${text({ ...parsed(payload), ...claims })}.${flipped}`
}
const forged = like(await lab.token())
const ofTools = like(await elsewhere.token({ iss: `${elsewhere.url}/lab` }, { alg: 'RS256' }, await labKey('k1', 'RS256')))
const kill = (dead: Lab) => () => {
  dead.state.status = 500
}

const scenarios: readonly Scenario[] = [
  { name: 'quiet' },
  { name: 'quiet again' },
  { name: 'junk kids', token: (index) => forged({ kid: `junk-${index}` }) },
  { name: 'unknown issuers', token: (index) => forged({}, { iss: `https://issuer-${index}.example` }) },
  { name: 'forged', token: () => forged({}) },
  { name: 'dead endpoint', token: (index) => ofTools({ kid: `k-${index}` }), before: kill(elsewhere) },
  { name: 'own endpoint', token: (index) => forged({ kid: `junk-${index}` }), before: kill(lab) },
]

try {
  await run(sandbox, { name: 'warm-up' })
  console.log(`Node ${process.version}, ${cpus().length} cores, ${HONEST} honest vends each, ${STRANGERS} strangers at once\n`)
  console.log('scenario          honest p50 ms   p99 ms   ratio to quiet   strangers   their answers          key fetches   seconds')
  let quiet: number | undefined
  for (const scenario of scenarios) {
    const ran = await run(sandbox, scenario)
    quiet ??= ran.p50
    console.log(
      `${scenario.name.padEnd(16)} ${ran.p50.toFixed(1).padStart(14)} ${ran.p99.toFixed(1).padStart(8)} ${(ran.p50 / quiet).toFixed(2).padStart(16)} ${String(ran.sent).padStart(11)}   ${ran.answers.padEnd(21)} ${String(ran.fetches).padStart(13)} ${ran.seconds.toFixed(1).padStart(9)}`,
    )
  }
} finally {
  await sandbox.close()
  await lab.close()
  await elsewhere.close()
}

async function run(broker: TestSandbox, { token, before }: Scenario) {
  // What was learned of failures in the scenario before is forgotten: keys are fresh, endpoints well.
  lab.state.status = 200
  elsewhere.state.status = 200
  broker.advance(61_000)
  await broker.vend(await lab.token(), { profile: 'lab' })
  before?.()
  const fetchesBefore = lab.state.fetches + elsewhere.state.fetches
  const codes = new Map<string, number>()
  let [sent, going] = [0, true]
  const strangers = token
    ? Array.from({ length: STRANGERS }, async () => {
        while (going) {
          const answer = await broker.vend(token(++sent), { profile: 'lab' })
          const code = String(answer.json.code)
          codes.set(code, (codes.get(code) ?? 0) + 1)
        }
      })
    : []
  const started = performance.now()
  const times: number[] = []
  for (let index = 0; index < HONEST; index++) {
    const good = await lab.token({ sub: `dana-${index % 50}` })
    const begun = performance.now()
    const answer = await broker.vend(good, { profile: 'lab' })
    times.push(performance.now() - begun)
    if (answer.status !== 201) throw new Error(`an honest vend was answered ${answer.status} ${answer.text}`)
    await sleep(0)
  }
  const seconds = (performance.now() - started) / 1000
  going = false
  await Promise.all(strangers)
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
  return {
    p50: at(0.5),
    p99: at(0.99),
    sent,
    answers: [...codes].map(([code, count]) => `${count} ${code}`).join(', ') || '–',
    fetches: lab.state.fetches + elsewhere.state.fetches - fetchesBefore,
    seconds,
  }
}
