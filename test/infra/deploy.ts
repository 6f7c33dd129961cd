/**
 * Runs the app as a deploy would, against mocks in the engine's place: the real `sst.config.ts`, SST's real components and
 * Pulumi's real SDK, each resource caught as it is registered. What AWS would make up (ARNs, ids) is made up here.
 */
import { generateKeyPairSync } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { build, type Plugin } from 'esbuild'
import { alone, installPlatform, platform, root } from './platform.ts'

export const ACCOUNT = '123456789012'
export const REGION = 'eu-central-1'

/** Whatever a provider takes. */
export type Inputs = Record<string, any>
export type Options = { readonly protect: boolean; readonly retainOnDelete: boolean; readonly ignoreChanges?: readonly string[] }
export type Resource = {
  readonly type: string
  readonly name: string
  readonly inputs: Inputs
  readonly options: Options
}

export type Deployed = {
  readonly resources: readonly Resource[]
  /** What is not made but looked up or taken over: the ID in AWS, by the name of the resource. */
  readonly found: Readonly<Record<string, string>>
  readonly outputs: Inputs
  /** What the app says of itself: removal, protection. */
  readonly app: Inputs
  readonly of: (type: string) => readonly Resource[]
  /** The one of this type and name. */
  readonly one: (type: string, name: string) => Resource
  readonly logPublicKey: Uint8Array
  /** The folder of the functions that were built. A copy: another test may deploy the stage meanwhile. */
  readonly bundles: string
}

const CONCURRENCY = 1000
const SECRETS = { SlackToken: 'xoxb-1', SlackSigningSecrets: 's'.repeat(32), DirectoryTokens: '{"people":"t"}', SignInSecrets: '{}' }

/**
 * `settings`: in place of what `prod` has. `isExample`: the config's hosts and accounts are those of an example, as they are in the
 * repository's own; without it they are taken for a company's. `folder`: whose app it is, if not the repository's.
 */
export async function deploy(stage: string, settings?: object, where: Where = {}): Promise<Deployed> {
  await installPlatform()
  // Two deployments of one stage would write the same files.
  return alone(`deploy-${stage}`, () => deployAlone(stage, settings, where))
}

type Where = { readonly isExample?: boolean; readonly folder?: string }

async function deployAlone(stage: string, settings: object | undefined, { isExample = false, folder = root }: Where): Promise<Deployed> {
  const rpc = await answerSst(folder)
  const work = join(root, `.sst/test-${stage}`)
  mkdirSync(work, { recursive: true })
  Object.assign(process.env, {
    SST_SERVER: `http://127.0.0.1:${rpc.port}`,
    SST_AWS_REGION: REGION,
    ...Object.fromEntries(Object.entries(SECRETS).map(([name, value]) => [`SST_SECRET_${name}`, value])),
  })
  const globals = globalThis as Inputs
  // SST's modules look at it while they load; what the config says of it comes after.
  globals.$app = { name: 'stint', stage }
  globals.$dev = false
  globals.$cli = { command: 'deploy', rpc: '', paths: { home: work, root: folder, work, platform }, state: { version: {} } }

  const require = createRequire(join(platform, 'package.json'))
  const pulumi = require('@pulumi/pulumi')
  const { resources, found, options, logPublicKey, mocks } = recorder()
  await pulumi.runtime.setMocks(mocks, 'stint', stage, false)

  const file = await bundled(stage, folder, [...(settings ? [settingsAs(settings, work)] : []), ...(isExample ? [] : [realNames(work)])])
  // A test may deploy a stage twice.
  delete require.cache[file]
  const { load, run } = require(file)
  const config = (await load()).default
  const app = await config.app({ stage })
  globals.$app = { ...app, stage }
  let outputs: Inputs = {}
  let fault: unknown
  await pulumi.runtime.runInPulumiStack(() =>
    run(async () => {
      // After SST's own, which set what is kept.
      pulumi.runtime.registerStackTransformation(({ type, name, opts }: { type: string; name: string; opts: Partial<Options> }) => {
        options.set(`${type} ${name}`, {
          protect: opts.protect ?? false,
          retainOnDelete: opts.retainOnDelete ?? false,
          ...(opts.ignoreChanges ? { ignoreChanges: opts.ignoreChanges } : {}),
        })
        return undefined
      })
      try {
        outputs = (await config.run()) ?? {}
      } catch (error) {
        // Pulumi's stack would hold a rejected promise that nobody awaits.
        fault = error
      }
      return outputs
    }),
  )
  if (fault !== undefined) {
    rpc.close()
    throw Object.assign(fault as Error, { resources })
  }
  await settled(resources, () => pulumi.runtime.waitForRPCs())
  rpc.close()
  const seen = Object.fromEntries(
    await Promise.all(Object.entries(outputs).map(async ([name, value]) => [name, await pulumi.output(value).promise()])),
  )
  const bundles = mkdtempSync(join(tmpdir(), 'stint-bundles-'))
  process.on('exit', () => rmSync(bundles, { recursive: true, force: true }))
  cpSync(join(folder, 'dist', stage), bundles, { recursive: true, filter: (path) => !path.endsWith('.map') })
  const of = (type: string) => resources.filter((resource) => resource.type === type)
  return {
    resources,
    found,
    outputs: seen,
    app,
    of,
    one(type, name) {
      const found = of(type).filter((resource) => resource.name === name)
      if (found.length !== 1 || !found[0])
        throw new Error(
          `${found.length} of ${type} ${name}; there are ${of(type)
            .map((one) => one.name)
            .join(', ')}`,
        )
      return found[0]
    },
    logPublicKey,
    bundles,
  }
}

/**
 * Every resource that the app has made is registered, whatever its inputs wait for, and no other has come for a while: some are made only
 * once the outputs of others are known.
 */
async function settled(resources: readonly Resource[], allRegistered: () => Promise<void>): Promise<void> {
  for (let [before, still] = [-1, 0]; still < 8; still = resources.length === before ? still + 1 : 0) {
    before = resources.length
    await allRegistered()
    await sleep(250)
  }
}

/** The config and the app, with SST's globals put in as SST's own build does. */
async function bundled(stage: string, folder: string, plugins: Plugin[]): Promise<string> {
  const outfile = join(platform, `stint-${stage}.cjs`)
  await build({
    stdin: {
      // The providers and SST itself, under the names by which an `sst.config.ts` knows them.
      contents: `
        import * as aws from '@pulumi/aws'
        import * as random from '@pulumi/random'
        import * as sst from './src/components/index.ts'
        Object.assign(globalThis, { aws, random, sst })
        export { run } from './src/auto/run.ts'
        export const load = () => import(${JSON.stringify(join(folder, 'sst.config.ts'))})`,
      resolveDir: platform,
    },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
    mainFields: ['module', 'main'],
    external: ['@pulumi/*', '@pulumiverse/*', 'esbuild', 'archiver', 'glob', '@aws-sdk/*', 'undici'],
    inject: [join(platform, 'src/shim/run.js')],
    plugins,
    logOverride: { 'empty-import-meta': 'silent' },
  })
  return outfile
}

/** The settings file with other settings in it, which no stage has. */
function settingsAs(settings: object, work: string): Plugin {
  const [real, file] = [join(root, 'infra/settings.ts'), join(work, 'settings.ts')]
  const text = `import { settingsOf as real } from ${JSON.stringify(real)}\nexport * from ${JSON.stringify(real)}\nexport const settingsOf = () => ({ ...real({}, 'prod'), ...${JSON.stringify(settings)} })\n`
  writeFileSync(file, text)
  return {
    name: 'settings',
    setup({ onResolve }) {
      onResolve({ filter: /settings\.ts$/ }, ({ importer }) => ({ path: importer === file ? real : file }))
    },
  }
}

/** The build's manifest of a config without an example's names. */
function realNames(work: string): Plugin {
  const [real, file] = [join(root, 'infra/built.ts'), join(work, 'built.ts')]
  writeFileSync(
    file,
    `import { built as real } from ${JSON.stringify(real)}\nexport * from ${JSON.stringify(real)}\nexport const built = (bindings) => ({ ...real(bindings), placeholders: [] })\n`,
  )
  return {
    name: 'real-names',
    setup({ onResolve }) {
      onResolve({ filter: /\/built\.ts$/ }, ({ importer }) => ({ path: importer === file ? real : file }))
    },
  }
}

/** What SST's command answers while a program runs. */
async function answerSst(folder: string): Promise<{ readonly port: number; readonly close: () => void }> {
  const answers: Record<string, (args: Inputs) => unknown> = {
    'Provider.Aws.Bootstrap': () => ({ asset: 'sst-asset', assetEcrRegistryId: '', assetEcrUrl: '', state: 'sst-state' }),
    'Runtime.Build': ({ bundle, handler }) => ({ out: join(folder, bundle), handler, errors: [], sourcemaps: [] }),
  }
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (part) => void (body += part))
    request.on('end', () => {
      const { method, params } = JSON.parse(body)
      const answer = answers[method]
      response.end(JSON.stringify(answer ? { result: answer(params[0]) } : { error: `rpc: can't find ${method}` }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, close: () => server.close() }
}

// ── In AWS's place ───────────────────────────────────────────────────────────────────────────────────────────────────

type Registered = { type: string; name: string; inputs: Inputs; id?: string }

function recorder() {
  const resources: Resource[] = []
  const found: Record<string, string> = {}
  const options = new Map<string, Options>()
  const { publicKey } = generateKeyPairSync('ed25519')
  const der = publicKey.export({ format: 'der', type: 'spki' })
  const calls: Record<string, (inputs: Inputs) => Inputs> = {
    'aws:index/getCallerIdentity:getCallerIdentity': () => ({
      accountId: ACCOUNT,
      arn: `arn:aws:iam::${ACCOUNT}:user/deployer`,
      userId: 'A',
    }),
    'aws:index/getRegion:getRegion': () => ({ region: REGION, name: REGION, id: REGION }),
    'aws:index/getPartition:getPartition': () => ({ partition: 'aws', dnsSuffix: 'amazonaws.com' }),
    'aws:servicequotas/getServiceQuota:getServiceQuota': () => ({ value: CONCURRENCY }),
    'aws:kms/getPublicKey:getPublicKey': () => ({ publicKey: der.toString('base64'), keySpec: 'ECC_NIST_EDWARDS25519' }),
    'aws:iam/getPolicyDocument:getPolicyDocument': (inputs) => ({ ...inputs, json: JSON.stringify(policyOf(inputs)) }),
  }
  const mocks = {
    newResource({ type, name, inputs, id }: Registered) {
      // One with an id is looked up or taken over, and not made.
      if (id) found[name] = id
      if (!id && !/^(sst|pulumi):/.test(type)) {
        resources.push({ type, name, inputs, options: options.get(`${type} ${name}`) ?? { protect: false, retainOnDelete: false } })
      }
      return { id: id || (inputs.name ?? inputs.bucket ?? name.toLowerCase()), state: { ...inputs, ...madeUp(type, name, inputs) } }
    },
    call({ token, inputs }: { token: string; inputs: Inputs }) {
      const answer = calls[token]
      if (!answer) throw new Error(`nothing answers ${token}`)
      return answer(inputs)
    },
  }
  return { resources, found, options, mocks, logPublicKey: new Uint8Array(der.subarray(-32)) }
}

function madeUp(type: string, name: string, inputs: Inputs): Inputs {
  const [, service = '', kind = ''] = /^aws:(\w+)\/(\w+):/.exec(type) ?? []
  const id = inputs.name ?? inputs.bucket ?? name.toLowerCase()
  const arn = (path: string, global = false) => `arn:aws:${service}:${global ? '' : REGION}:${service === 's3' ? '' : ACCOUNT}:${path}`
  const byKind: Record<string, Inputs> = {
    'dynamodb/table': { name: id, arn: arn(`table/${id}`), streamArn: arn(`table/${id}/stream/2026`) },
    's3/bucket': { bucket: id, arn: `arn:aws:s3:::${id}`, bucketRegionalDomainName: `${id}.s3.${REGION}.amazonaws.com` },
    'iam/role': { name: id, arn: arn(`role/${id}`, true) },
    'iam/policy': { name: id, arn: arn(`policy/${id}`, true) },
    'lambda/function': { name: id, arn: arn(`function:${id}`), qualifiedArn: arn(`function:${id}:1`), invokeArn: arn(`function:${id}`) },
    'kms/key': { keyId: name, arn: arn(`key/${name}`) },
    'sqs/queue': { name: id, url: `https://sqs/${id}`, arn: arn(id) },
    'sns/topic': { arn: arn(id) },
    'cloudwatch/logGroup': { name: id, arn: `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${id}` },
    'cloudwatch/eventRule': { name: id, arn: `arn:aws:events:${REGION}:${ACCOUNT}:rule/${id}` },
    'apigatewayv2/api': {
      apiEndpoint: `https://api.execute-api.${REGION}.amazonaws.com`,
      executionArn: `arn:aws:execute-api:${REGION}:${ACCOUNT}:api`,
    },
    'acm/certificate': {
      arn: arn(`certificate/${id}`),
      domainValidationOptions: [
        {
          domainName: inputs.domainName,
          resourceRecordName: `_x.${inputs.domainName}`,
          resourceRecordType: 'CNAME',
          resourceRecordValue: '_y',
        },
      ],
    },
    'acm/certificateValidation': { certificateArn: inputs.certificateArn },
    'apigatewayv2/domainName': { domainNameConfiguration: { ...inputs.domainNameConfiguration, targetDomainName: 'd', hostedZoneId: 'Z' } },
    'cognito/userPool': { arn: arn(`userpool/${id}`), endpoint: `cognito-idp.${REGION}.amazonaws.com/${id}` },
    'cognito/userPoolClient': { clientSecret: inputs.generateSecret ? 'made-up' : undefined },
  }
  if (type.startsWith('random:')) return { base64: Buffer.alloc(inputs.length ?? 32, 7).toString('base64'), hex: '07' }
  return byKind[`${service}/${kind}`] ?? { arn: arn(`${kind}/${id}`) }
}

function conditionsOf(conditions: readonly Inputs[]): Inputs {
  const all: Inputs = {}
  for (const { test, variable, values } of conditions) all[test] = { ...all[test], [variable]: values }
  return all
}

/** As the provider makes JSON of it. */
function policyOf({ statements = [] }: Inputs): object {
  return {
    Version: '2012-10-17',
    Statement: statements.map(({ sid, effect, actions, notActions, resources, principals, conditions }: Inputs) => ({
      ...(sid ? { Sid: sid } : {}),
      Effect: effect ?? 'Allow',
      ...(actions ? { Action: actions } : {}),
      ...(notActions ? { NotAction: notActions } : {}),
      ...(resources ? { Resource: resources } : {}),
      ...(principals
        ? {
            Principal: principals.some(({ type }: Inputs) => type === '*')
              ? '*'
              : Object.fromEntries(principals.map(({ type, identifiers }: Inputs) => [type, identifiers])),
          }
        : {}),
      ...(conditions?.length
        ? {
            Condition: conditionsOf(conditions),
          }
        : {}),
    })),
  }
}
