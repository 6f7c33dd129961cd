/**
 * `npm run bench`: what `vend` costs, cold and warm, beside a hand-written floor and a handler that does nothing. All in
 * one run against one upstream, in turns, with the floor twice (A/A) to show the machine's own spread.
 *
 *   cold   a new process: load the bundle, init, one vend. CPU above the bare handler, as a ratio to the floor's
 *   warm   CPU per vend in a process that has made some hundreds, as a ratio to the floor's
 *
 * Measurements are printed, never asserted. Three upstream calls per vend are: more or fewer end the run.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildFunction } from '@stint/broker/build/build'
import { loadConfig } from '@stint/broker/build/config-file'
import { packRules } from '@stint/core/config/rules'
import { build } from 'esbuild'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

const COLD_RUNS = Number(process.env.COLD_RUNS ?? 25)
const WARM_RUNS = Number(process.env.WARM_RUNS ?? 7)
const WARM_CALLS = 1500
const WARM_UP_CALLS = 500

const here = fileURLToPath(new URL('.', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'stint-bench-'))
let upstream: ChildProcess | undefined

try {
  await main()
} finally {
  upstream?.kill()
  rmSync(folder, { recursive: true })
}

async function main(): Promise<void> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] })
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=127.0.0.1',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-keyout',
      key,
      '-out',
      cert,
    ],
    { stdio: 'ignore' },
  )
  upstream = spawn(process.execPath, [join(here, 'upstream.ts'), key, cert, jwks], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(upstream.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  const url = `https://127.0.0.1:${line.toString().trim()}`

  const issuer = 'https://login.bench.example'
  const checked = await loadConfig(join(here, '../../stint.config.ts'), {
    PEOPLE_ISSUER: issuer,
    PEOPLE_JWKS: `${url}/jwks`,
    TOOLS_JWKS: `${url}/jwks`,
    ACTIONS_JWKS: `${url}/jwks`,
  })
  if (!checked.ok) throw new Error('the config is faulty')
  // One issuer, as the floor has: warm-up fetches the keys of each.
  const rules = {
    ...checked.rules,
    issuers: { people: checked.rules.issuers.people as NonNullable<(typeof checked.rules.issuers)[string]> },
  }
  const token = await new SignJWT({ name: 'Dana', groups: ['developers'] })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'at+jwt' })
    .setIssuer(issuer)
    .setSubject('dana')
    .setAudience('https://stint.acme.example')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey)
  const event = JSON.stringify({
    version: '2.0',
    routeKey: 'POST /sessions',
    rawPath: '/sessions',
    rawQueryString: '',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', host: 'stint.example' },
    requestContext: {
      accountId: '1',
      apiId: 'a',
      domainName: 'stint.example',
      domainPrefix: 's',
      http: { method: 'POST', path: '/sessions', protocol: 'HTTP/1.1', sourceIp: '203.0.113.7', userAgent: 'bench' },
      requestId: 'r',
      routeKey: 'POST /sessions',
      stage: '$default',
      time: '',
      timeEpoch: 0,
    },
    body: '{"profile":"logs-read","parameters":{"bucket":"acme-orders-logs"},"duration":"15m"}',
    isBase64Encoded: false,
  })

  const vend = await buildFunction('vend', folder)
  writeFileSync(join(folder, 'vend', 'config.json'), packRules(rules))
  const small = async (name: string) => {
    const outfile = join(folder, `${name}.js`)
    await build({
      entryPoints: [join(here, `${name}.ts`)],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      minify: true,
      logLevel: 'error',
    })
    return outfile
  }
  const bundles = { bare: await small('bare'), floor: await small('floor'), floorAgain: await small('floor'), vend: vend.file }
  const env = {
    PATH: process.env.PATH,
    NODE_EXTRA_CA_CERTS: cert,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'ASIABENCH',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 't'.repeat(400),
    AWS_ENDPOINT_URL_STS: url,
    AWS_ENDPOINT_URL_DYNAMODB: url,
    STINT_TABLE: 'stint',
    STINT_SIDE_TABLE: 'stint-side',
    STINT_BUILD: 'bench',
    STINT_BENCH_JWKS: `${url}/jwks`,
  }
  const run = (bundle: string, calls: number, warmUp: number): Measured => {
    const ran = spawnSync(process.execPath, [join(here, 'runner.cjs'), bundle, String(calls), String(warmUp)], {
      env,
      input: event,
      stdio: ['pipe', 'ignore', 'inherit', 'pipe'],
    })
    if (ran.status !== 0) throw new Error(`${bundle} died`)
    return JSON.parse(String(ran.output[3])) as Measured
  }

  await countCalls('floor', url, () => run(bundles.floor, 10, 0))
  await countCalls('vend', url, () => run(bundles.vend, 10, 0))

  const names = Object.keys(bundles) as (keyof typeof bundles)[]
  const cold = Object.fromEntries(names.map((name) => [name, [] as Measured[]])) as Record<keyof typeof bundles, Measured[]>
  for (let round = -1; round < COLD_RUNS; round++) {
    for (const name of rotated(names, round)) {
      const measured = run(bundles[name], 1, 0)
      if (round >= 0) cold[name].push(measured) // the first round warms the disk's cache
    }
  }
  const warm = { floor: [] as Measured[], floorAgain: [] as Measured[], vend: [] as Measured[] }
  const warmNames = Object.keys(warm) as (keyof typeof warm)[]
  for (let round = 0; round < WARM_RUNS; round++) {
    for (const name of rotated(warmNames, round)) warm[name].push(run(bundles[name], WARM_CALLS, WARM_UP_CALLS))
  }
  report(vend.bytes, cold, warm)
}

type Measured = { readonly cpu: number; readonly wall: number; readonly rss: number }

/** Ten vends must be ten times reserve, assume, record, and nothing else but what init does. */
async function countCalls(name: string, url: string, ten: () => Measured): Promise<void> {
  const counts = (): Promise<Record<string, number>> =>
    new Promise((resolve, reject) => {
      get(`${url}/counts`, { rejectUnauthorized: false }, (response) => {
        let text = ''
        response.on('data', (part) => void (text += part))
        response.on('end', () => resolve(JSON.parse(text)))
      }).on('error', reject)
    })
  const before = await counts()
  ten()
  const after = await counts()
  const made = Object.fromEntries(Object.entries(after).map(([kind, count]) => [kind, count - (before[kind] ?? 0)]))
  const expected = { jwks: 1, GetItem: 1, UpdateItem: 20, AssumeRole: 10, BatchGetItem: 10 }
  for (const [kind, count] of Object.entries(expected))
    if (made[kind] !== count) throw new Error(`${name} made ${JSON.stringify(made)}, not ${JSON.stringify(expected)}`)
  console.log(`${name.padEnd(5)} 10 vends: ${JSON.stringify(made)} = 3 upstream calls in a row each, one beside the first, and 2 in init`)
}

function rotated<T>(list: readonly T[], by: number): T[] {
  return list.map((_, index) => list[(index + Math.abs(by)) % list.length] as T)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

function spread(values: readonly number[]): string {
  return `${median(values).toFixed(1).padStart(8)}  (${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)})`
}

function report(
  bytes: number,
  cold: Record<'bare' | 'floor' | 'floorAgain' | 'vend', Measured[]>,
  warm: Record<'floor' | 'floorAgain' | 'vend', Measured[]>,
): void {
  const [cpu] = cpus()
  console.log(`\nNode ${process.version}, ${cpus().length} × ${cpu?.model.trim()}; vend ${(bytes / 1000).toFixed(0)} KB\n`)
  console.log(`Cold, ${COLD_RUNS} runs each, in turns: median (least to most)`)
  for (const [name, list] of Object.entries(cold)) {
    console.log(
      `  ${name.padEnd(11)} CPU ms ${spread(list.map((one) => one.cpu))}   wall ms ${spread(list.map((one) => one.wall))}   RSS MB ${median(list.map((one) => one.rss)).toFixed(0)}`,
    )
  }
  const above = (name: keyof typeof cold) => median(cold[name].map((one) => one.cpu)) - median(cold.bare.map((one) => one.cpu))
  console.log(`  CPU above bare: floor ${above('floor').toFixed(1)} ms, vend ${above('vend').toFixed(1)} ms`)
  console.log(
    `  ratio vend / floor ${(above('vend') / above('floor')).toFixed(2)}   A/A floor / floor ${(above('floorAgain') / above('floor')).toFixed(2)}\n`,
  )

  console.log(`Warm, ${WARM_RUNS} runs of ${WARM_CALLS} vends after ${WARM_UP_CALLS}, in turns: CPU ms per vend`)
  const perCall = (name: keyof typeof warm) => warm[name].map((one) => one.cpu / WARM_CALLS)
  for (const name of Object.keys(warm) as (keyof typeof warm)[]) {
    const values = perCall(name)
    console.log(
      `  ${name.padEnd(11)} ${median(values).toFixed(3)}  (${Math.min(...values).toFixed(3)} to ${Math.max(...values).toFixed(3)})   wall ms per vend ${median(warm[name].map((one) => one.wall / WARM_CALLS)).toFixed(3)}`,
    )
  }
  console.log(
    `  ratio vend / floor ${(median(perCall('vend')) / median(perCall('floor'))).toFixed(2)}   A/A floor / floor ${(median(perCall('floorAgain')) / median(perCall('floor'))).toFixed(2)}`,
  )
}
