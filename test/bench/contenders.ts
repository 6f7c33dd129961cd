/**
 * What `npm run bench` and the gate compare: `vend` as it is deployed, beside a hand-written floor (floor.ts) and a handler that does
 * nothing (bare.ts), each in a process of its own, against one upstream with three hosts (upstream.ts).
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadConfig } from '@stint/broker/build/config-file'
import { buildFunction } from '@stint/broker/build/functions'
import { packRules } from '@stint/core/config/rules'
import type { Issuer, Profile, Rules } from '@stint/core/config/shape'
import { build } from 'esbuild'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

/** CPU and wall time in milliseconds, memory in MB: the most that was resident, and the heap at the end, without garbage if the run `collects`. */
export type Measured = { readonly cpu: number; readonly wall: number; readonly rss: number; readonly heap?: number }
type Runs = { readonly calls: number; readonly warmUp: number; readonly together?: number; readonly collects?: true }
export const COLD: Runs = { calls: 1, warmUp: 0 }

export type Contenders = {
  /** Of vend's bundle. */
  readonly bytes: number
  readonly run: (name: string, runs: Runs) => Measured
  /** What ten calls of a contender send, by kind. */
  readonly tenCalls: (name: string) => Promise<Readonly<Record<string, number>>>
  readonly close: () => void
}

const here = fileURLToPath(new URL('.', import.meta.url))
const ISSUER = 'https://login.bench.example'

/** `vend` has one issuer and ten profiles; `vend-3-issuers`, `vend-10000-profiles` and so on have more. */
export async function contenders(variants: readonly string[]): Promise<Contenders> {
  const folder = mkdtempSync(join(tmpdir(), 'stint-bench-'))
  let upstream: ChildProcess | undefined
  const close = () => {
    upstream?.kill()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    return await prepared(folder, variants, close, (started) => {
      upstream = started
    })
  } catch (error) {
    close()
    throw error
  }
}

async function prepared(
  folder: string,
  variants: readonly string[],
  close: () => void,
  onStart: (upstream: ChildProcess) => void,
): Promise<Contenders> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] })
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  execFileSync('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  const upstream = spawn(process.execPath, [join(here, 'upstream.ts'), key, cert, jwks], { stdio: ['ignore', 'pipe', 'inherit'] })
  onStart(upstream)
  const died = once(upstream, 'exit').then(([code]) => Promise.reject(new Error(`the upstream died with ${code}`)))
  const [line] = (await Promise.race([once(upstream.stdout as NodeJS.ReadableStream, 'data'), died])) as [Buffer]
  const [issuer = '', sts = '', dynamodb = ''] = line
    .toString()
    .trim()
    .split(' ')
    .map((port) => `https://127.0.0.1:${port}`)

  const rules = await exampleRules(`${issuer}/jwks`)
  const vend = await buildFunction('vend', folder)
  const files: Record<string, string> = { vend: vend.file }
  writeFileSync(join(folder, 'vend', 'config.json'), packRules(withMore(rules, 1, 10)))
  for (const name of variants) {
    const [, count = '', kind] = /^vend-(\d+)-(issuers|profiles)$/.exec(name) ?? []
    cpSync(dirname(vend.file), join(folder, name), { recursive: true })
    const [issuers, profiles] = kind === 'issuers' ? [Number(count), 10] : [1, Number(count)]
    writeFileSync(join(folder, name, 'config.json'), packRules(withMore(rules, issuers, profiles)))
    files[name] = join(folder, name, 'index.js')
  }
  for (const [name, source] of Object.entries({ bare: 'bare', floor: 'floor', floorAgain: 'floor' })) {
    files[name] = join(folder, `${name}.js`)
    await build({
      entryPoints: [join(here, `${source}.ts`)],
      outfile: files[name],
      bundle: true,
      platform: 'node',
      format: 'cjs',
      minify: true,
      logLevel: 'error',
    })
  }
  const env = {
    PATH: process.env.PATH,
    NODE_EXTRA_CA_CERTS: cert,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'ASIABENCH',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 't'.repeat(400),
    AWS_ENDPOINT_URL_STS: sts,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
    STINT_TABLE: 'stint',
    STINT_SIDE_TABLE: 'stint-side',
    STINT_BUILD: 'bench',
    STINT_BENCH_JWKS: `${issuer}/jwks`,
  }
  const event = eventOf(await tokenOf(privateKey))
  const run: Contenders['run'] = (name, { calls, warmUp, together = 1, collects }) => {
    const args = [
      ...(collects ? ['--expose-gc'] : []),
      join(here, 'runner.cjs'),
      files[name] ?? '',
      String(calls),
      String(warmUp),
      String(together),
    ]
    const ran = spawnSync(process.execPath, args, { env, input: event, stdio: ['pipe', 'ignore', 'inherit', 'pipe'] })
    if (ran.status !== 0) throw new Error(`${name} died`)
    return JSON.parse(String(ran.output[3])) as Measured
  }
  return {
    bytes: vend.bytes,
    run,
    async tenCalls(name) {
      const before = await countsOf(issuer)
      run(name, { calls: 10, warmUp: 0 })
      const after = await countsOf(issuer)
      return Object.fromEntries(Object.entries(after).map(([kind, count]) => [kind, count - (before[kind] ?? 0)]))
    },
    close,
  }
}

async function exampleRules(jwksUri: string): Promise<Rules> {
  const bindings = { PEOPLE_ISSUER: ISSUER, PEOPLE_JWKS: jwksUri, TOOLS_JWKS: jwksUri, ACTIONS_JWKS: jwksUri }
  const checked = await loadConfig(join(here, '../../stint.config.ts'), bindings)
  if (!checked.ok) throw new Error('the config is faulty')
  return checked.rules
}

/** The same rules with this many issuers, each with a key endpoint, and this many profiles. The presented issuer comes first. */
function withMore(rules: Rules, issuers: number, profiles: number): Rules {
  const people = rules.issuers.people as Issuer
  const more = Array.from({ length: issuers - 1 }, (_, at): [string, Issuer] => [
    `more-${at}`,
    { ...people, url: `https://more-${at}.example`, key: `m${at}`, jwksUri: `${people.jwksUri}?${at}` },
  ])
  const profile = rules.profiles.find('logs-read') as Profile
  const ids = Array.from({ length: profiles }, (_, at) => (at === profiles >> 1 ? 'logs-read' : `team-${String(at).padStart(6, '0')}-read`))
  return {
    ...rules,
    issuers: { people, ...Object.fromEntries(more) },
    profiles: { ids, find: () => profile, first: () => profile },
  }
}

const tokenOf = (key: CryptoKey): Promise<string> =>
  new SignJWT({ name: 'Dana', groups: ['developers'] })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'at+jwt' })
    .setIssuer(ISSUER)
    .setSubject('dana')
    .setAudience('https://stint.acme.example')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(key)

const eventOf = (token: string): string =>
  JSON.stringify({
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

const countsOf = (url: string): Promise<Record<string, number>> =>
  new Promise((resolve, reject) => {
    get(`${url}/counts`, { rejectUnauthorized: false, agent: false }, (response) => {
      let text = ''
      response.on('data', (part) => void (text += part))
      response.on('end', () => resolve(JSON.parse(text)))
    }).on('error', reject)
  })

/** The list, beginning further back each time, so that no contender always follows the same other. */
export const rotated = <T>(list: readonly T[], by: number): T[] => list.map((_, index) => list[(index + Math.abs(by)) % list.length] as T)
