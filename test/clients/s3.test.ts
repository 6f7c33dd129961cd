/**
 * S3 clients that we did not write, unmodified, with vended credentials: what each is used for every day, and how it can get the
 * credentials. Where a client is missing, its tests show as skipped; `npm run verify:all clients` installs it and prints a table.
 */
import { randomBytes } from 'node:crypto'
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { STINT } from '../support/cli.ts'
import { type CliUser, cliUser, spawned } from '../support/cli-user.ts'
import { type Client, clientPath, isOldBoto3, versionsOf } from '../support/client-tools.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { type Tool, testWith } from '../support/tools.ts'

const PROFILE = 'staging-power'
const [BUCKET, KEY, TEXT] = ['acme-staging-uploads', 'hello.txt', 'hello from staging\n']
const REGION = 'eu-central-1'

let sandbox: TestSandbox
let user: CliUser
let home: string
let host: string
/** Nothing of the machine's own settings, and no credentials. */
let base: Record<string, string>
/** `base` with the variables of `format: env`. */
let env: Record<string, string>
/** How many calls of AssumeRole wait, each until 3 s have passed. */
let toHold = 0
beforeAll(async () => {
  sandbox = await testSandbox({
    intercept: async (_service, action, next) => {
      if (action === 'AssumeRole' && toHold-- > 0) await sleep(3000)
      return next()
    },
  })
  user = cliUser(sandbox, 'developer')
  home = user.home
  host = new URL(sandbox.urls.aws).host
  base = { ...user.env, PATH: clientPath, AWS_REGION: REGION, AWS_DEFAULT_REGION: REGION, AWS_MAX_ATTEMPTS: '1', AWS_PAGER: '' }
  const { text } = await sandbox.vend(await sandbox.token('developer'), { profile: PROFILE, format: 'env' })
  env = { ...base, ...Object.fromEntries([...text.matchAll(/^export (\w+)='([^']*)'$/gm)].map(([, name, value]) => [name, value])) }
  // A tree with a file of several parts, and a name that must be encoded everywhere.
  mkdirSync(join(home, 'tree/sub'), { recursive: true })
  writeFileSync(join(home, 'tree/sub/large.bin'), large)
  writeFileSync(join(home, 'tree/ü &+ name.txt'), 'named\n')
})
afterAll(() => sandbox.close())
const large = randomBytes(12_000_000)

async function run(program: string, args: readonly string[], variables = env): Promise<string> {
  const { code, stdout, stderr } = await spawned(program, args, variables)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`)
  return stdout
}

/** Each version of a client that is here, or the one that is missing. */
async function clients(program: string, args: readonly string[], tool: Tool = program as Tool) {
  const found = await versionsOf(program, args)
  const withTool = found.length > 0 ? test : testWith(tool, { ...process.env, PATH: clientPath })
  const all: readonly Client[] = found.length > 0 ? found : [{ path: program, version: 'missing' }]
  return { withTool, all }
}

const aws = await clients('aws', ['--version'])
describe.each(aws.all)('AWS CLI $version', ({ path, version }) => {
  const call = (...args: string[]) => run(path, ['--endpoint-url', sandbox.urls.aws, ...args])
  const bucket = `cli-${version.replaceAll('.', '-')}`
  aws.withTool('makes a bucket, copies in parts, syncs, moves, presigns and removes', async () => {
    await call('s3', 'mb', `s3://${bucket}`)
    await call('s3', 'sync', join(home, 'tree'), `s3://${bucket}/tree`)
    await call('s3', 'mv', `s3://${bucket}/tree/sub/large.bin`, `s3://${bucket}/moved.bin`)
    await call('s3', 'cp', `s3://${bucket}/moved.bin`, join(home, 'got.bin'))
    expect(readFileSync(join(home, 'got.bin')).equals(large)).toBe(true)
    const url = (await call('s3', 'presign', `s3://${bucket}/tree/ü &+ name.txt`, '--expires-in', '60')).trim()
    expect(await (await fetch(url)).text()).toBe('named\n')
    await call('s3', 'rb', `s3://${bucket}`, '--force')
  })
  aws.withTool('tags an object, reads a range, and is told what is not played', async () => {
    const of = ['--bucket', BUCKET, '--key', KEY]
    await call('s3api', 'put-object-tagging', ...of, '--tagging', 'TagSet=[{Key=team,Value=dev}]')
    expect(JSON.parse(await call('s3api', 'get-object-tagging', ...of)).TagSet).toEqual([{ Key: 'team', Value: 'dev' }])
    await call('s3api', 'get-object', ...of, '--range', 'bytes=0-4', join(home, 'range.txt'))
    expect(readFileSync(join(home, 'range.txt'), 'utf8')).toBe('hello')
    await expect(call('s3api', 'get-object-acl', ...of)).rejects.toThrow('(NotImplemented)')
    expect(await call('s3api', 'get-object', ...of, join(home, 'whole.txt'))).toContain('ETag')
    expect(readFileSync(join(home, 'whole.txt'), 'utf8')).toBe(TEXT)
  })
})

const python = await clients('python3', ['-c', 'import boto3; print(boto3.__version__)'], 'boto3')
describe.each(python.all)('boto3 $version', ({ path, version }) => {
  const script = (body: string) => `
import boto3, io, json, os, urllib.request
s3 = boto3.client('s3', endpoint_url='${sandbox.urls.aws}')
bucket = 'boto3-${version.replaceAll('.', '-')}'
${body}`
  python.withTool('uploads in parts with tags and metadata, lists pages, presigns and deletes many', async () => {
    const body = `
s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={'LocationConstraint': '${REGION}'})
s3.upload_file('${home}/tree/sub/large.bin', bucket, 'large', ExtraArgs={'Metadata': {'a': 'b'}, 'Tagging': 'k=v'})
back = io.BytesIO()
s3.download_fileobj(bucket, 'large', back)
for n in range(5): s3.put_object(Bucket=bucket, Key=f'n/{n}', Body=b'x')
pages = s3.get_paginator('list_objects_v2').paginate(Bucket=bucket, Prefix='n/', PaginationConfig={'PageSize': 2})
keys = [one['Key'] for page in pages for one in page['Contents']]
head = s3.head_object(Bucket=bucket, Key='large')
url = s3.generate_presigned_url('get_object', Params={'Bucket': bucket, 'Key': 'n/1'}, ExpiresIn=60)
linked = urllib.request.urlopen(url).read().decode()
s3.delete_objects(Bucket=bucket, Delete={'Objects': [{'Key': key} for key in keys + ['large']]})
s3.delete_bucket(Bucket=bucket)
print(json.dumps([back.getvalue() == open('${home}/tree/sub/large.bin', 'rb').read(), keys, head['Metadata'], head['ResponseMetadata']['HTTPHeaders']['x-amz-tagging-count'], linked]))`
    const printed = await run(path, ['-c', script(body)])
    expect(JSON.parse(printed)).toEqual([true, ['n/0', 'n/1', 'n/2', 'n/3', 'n/4'], { a: 'b' }, '1', 'x'])
  })
  python.withTool('is refused a bucket without a location, as by the endpoint of a region', async () => {
    await expect(run(path, ['-c', script('s3.create_bucket(Bucket=bucket)')])).rejects.toThrow('IllegalLocationConstraintException')
  })
})

const s3cmd = await clients('s3cmd', ['--version'])
describe.each(s3cmd.all)('s3cmd $version', ({ path, version }) => {
  const call = (...args: string[]) =>
    run(path, ['--config=/dev/null', `--host=${host}`, `--host-bucket=${host}`, '--no-ssl', `--region=${REGION}`, ...args])
  const bucket = `s3cmd-${version.replaceAll('.', '-')}`
  s3cmd.withTool('makes a bucket, puts in parts, copies, gets, syncs and deletes', async () => {
    await call('mb', `s3://${bucket}`)
    await call('put', '--multipart-chunk-size-mb=5', join(home, 'tree/sub/large.bin'), `s3://${bucket}/large.bin`)
    await call('cp', `s3://${bucket}/large.bin`, `s3://${bucket}/copy.bin`)
    await call('get', '--force', `s3://${bucket}/copy.bin`, join(home, 's3cmd.bin'))
    expect(readFileSync(join(home, 's3cmd.bin')).equals(large)).toBe(true)
    await call('sync', `${join(home, 'tree')}/`, `s3://${bucket}/tree/`)
    expect(await call('ls', '--recursive', `s3://${bucket}`)).toContain('ü &+ name.txt')
    await call('del', '--recursive', '--force', `s3://${bucket}`)
    await call('rb', `s3://${bucket}`)
  })
})

const rclone = await clients('rclone', ['version'])
const rcloneConfig = () => ({
  RCLONE_CONFIG: '/dev/null',
  RCLONE_CONFIG_SB_TYPE: 's3',
  RCLONE_CONFIG_SB_PROVIDER: 'Other',
  RCLONE_CONFIG_SB_ENV_AUTH: 'true',
  RCLONE_CONFIG_SB_ENDPOINT: sandbox.urls.aws,
  RCLONE_CONFIG_SB_REGION: REGION,
  RCLONE_CONFIG_SB_LOCATION_CONSTRAINT: REGION,
})
describe.each(rclone.all)('rclone $version', ({ path, version }) => {
  const bucket = `rclone-${version.replaceAll('.', '-')}`
  rclone.withTool('syncs in parts, checks, moves, sets times and purges, with both lists', async () => {
    for (const list of ['1', '2']) {
      const call = (...args: string[]) =>
        run(path, ['--retries', '1', '--low-level-retries', '1', ...args], {
          ...env,
          ...rcloneConfig(),
          RCLONE_CONFIG_SB_LIST_VERSION: list,
        })
      await call('mkdir', `sb:${bucket}`)
      await call('sync', join(home, 'tree'), `sb:${bucket}/tree`, '--s3-upload-cutoff', '5Mi', '--s3-chunk-size', '5Mi')
      await call('check', join(home, 'tree'), `sb:${bucket}/tree`, '--download')
      await call('moveto', `sb:${bucket}/tree/sub/large.bin`, `sb:${bucket}/moved.bin`)
      await call('touch', `sb:${bucket}/moved.bin`)
      expect(await call('cat', `sb:${bucket}/tree/ü &+ name.txt`, '--offset', '2', '--count', '2')).toBe('me')
      expect((await call('lsf', '-R', `sb:${bucket}`)).split('\n').sort()).toEqual(['', 'moved.bin', 'tree/', 'tree/ü &+ name.txt'])
      await call('purge', `sb:${bucket}`)
    }
  })
})

const restic = await clients('restic', ['version'])
describe.each(restic.all)('restic $version', ({ path, version }) => {
  restic.withTool('backs up, checks every pack, restores and prunes', async () => {
    const repository = `s3:${sandbox.urls.aws}/restic-${version.replaceAll('.', '-')}`
    const set = { ...env, RESTIC_REPOSITORY: repository, RESTIC_PASSWORD: 'of a test', RESTIC_CACHE_DIR: join(home, 'restic') }
    const call = (...args: string[]) => run(path, ['-o', `s3.region=${REGION}`, ...args], set)
    await call('init')
    await call('backup', join(home, 'tree'))
    expect(await call('check', '--read-data')).toContain('no errors were found')
    await call('restore', 'latest', '--target', join(home, 'restored'))
    expect(readFileSync(join(home, 'restored', home, 'tree/sub/large.bin')).equals(large)).toBe(true)
    writeFileSync(join(home, 'tree/sub/more.txt'), 'more\n')
    await call('backup', join(home, 'tree'))
    await call('forget', '--keep-last', '1', '--prune')
    expect((await call('snapshots', '--json')).match(/"short_id"/g)).toHaveLength(1)
  })
})

describe('Net::Amazon::S3', () => {
  testWith('net-amazon-s3', { ...process.env, PATH: clientPath })('reads, writes and lists, with a signed Date header', async () => {
    const script = `
use Net::Amazon::S3; use Net::Amazon::S3::Signature::V4;
my $s3 = Net::Amazon::S3->new(aws_access_key_id => $ENV{AWS_ACCESS_KEY_ID}, aws_secret_access_key => $ENV{AWS_SECRET_ACCESS_KEY},
  aws_session_token => $ENV{AWS_SESSION_TOKEN}, host => '${host}', secure => 0, retry => 0, use_virtual_host => 0,
  authorization_method => 'Net::Amazon::S3::Signature::V4');
my $bucket = $s3->bucket({ bucket => '${BUCKET}', region => '${REGION}' });
print $bucket->get_key('${KEY}')->{value};
$bucket->add_key('perl.txt', 'from perl') or die $s3->errstr;
print join(' ', map { $_->{key} } @{ $bucket->list_all->{keys} });
$bucket->delete_key('perl.txt') or die $s3->errstr;`
    expect(await run('perl', ['-e', script])).toBe(`${TEXT}${KEY} perl.txt`)
  })
})

/**
 * Programs in `test/clients`, one for each SDK: `version`; `read ENDPOINT BUCKET KEY`, which prints the object;
 * `together ENDPOINT BUCKET KEY COUNT`, which prints it once for each of COUNT clients that read at the same time, each with its own
 * credentials; and `use ENDPOINT BUCKET`, which makes the bucket and does with it what `used` says.
 */
const sdks = await Promise.all(
  (['go', 'java', 'rust', 'ruby'] as const).map(async (language) => ({ language, ...(await clients(`s3-${language}`, ['version'])) })),
)
const sdkClients = sdks.flatMap(({ language, withTool, all }) =>
  all.map((client) => ({ ...client, withTool, name: `AWS SDK for ${language[0]?.toUpperCase()}${language.slice(1)}`, language })),
)
/** Metadata, a range of an object, 10 MiB in two parts read back, pages of two keys, and a URL whose object must be served. */
const used = ['metadata b', 'range ell', 'large true', 'listed copy | large | ü &+ name']
describe.each(sdkClients)('$name $version', ({ withTool, path, language }) => {
  withTool('makes a bucket, puts in parts, tags, reads a range, copies, lists pages and presigns', async () => {
    const printed = (await run(path, ['use', sandbox.urls.aws, `sdk-${language}`])).trim().split('\n')
    expect(printed.slice(0, -1)).toEqual(used)
    expect(await (await fetch(printed.at(-1)?.replace('url ', '') ?? '')).text()).toBe('hello')
  })
})

const terraform = await clients('terraform', ['version'])
/** The first with a lock in S3 that is not an experiment. */
const hasLock = (version: string) => !/^1\.(\d|10)\./.test(version)

describe('ways to get the credentials', () => {
  const container = async (more: Record<string, string>) => {
    // The container endpoint has a limit for each minute, which all of these clients together would reach.
    sandbox.advance(15_000)
    return {
      ...base,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${sandbox.urls.broker}/credentials/${PROFILE}`,
      ...more,
    }
  }
  const bearer = async () => `Bearer ${await sandbox.token('developer')}`
  const ways: Record<string, () => Promise<Record<string, string>>> = {
    env: async () => env,
    process: async () => {
      const bin = join(home, 'bin')
      mkdirSync(bin, { recursive: true })
      writeFileSync(join(bin, 'stint'), `#!/bin/sh\nexec '${process.execPath}' '${STINT}' "$@"\n`)
      chmodSync(join(bin, 'stint'), 0o755)
      expect((await user.run(['login', sandbox.urls.broker])).code).toBe(0)
      const config = `[profile staging]\nregion = ${REGION}\ncredential_process = ${join(bin, 'stint')} credential-process ${PROFILE}\n`
      writeFileSync(join(home, 'aws-config'), config)
      return { ...base, AWS_CONFIG_FILE: join(home, 'aws-config'), AWS_PROFILE: 'staging', AWS_SDK_LOAD_CONFIG: '1' }
    },
    token: async () => container({ AWS_CONTAINER_AUTHORIZATION_TOKEN: await bearer() }),
    'token file': async () => {
      writeFileSync(join(home, 'token'), await bearer())
      return container({ AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(home, 'token') })
    },
  }
  /** Debian's SDK for Ruby is older than AWS_CONTAINER_CREDENTIALS_FULL_URI in it. */
  const isOldRuby = (version: string) => /^3\.(\d\d|1[0-6]\d)\./.test(version)
  type Reader = readonly [
    name: string,
    withTool: typeof aws.withTool,
    program: string,
    args: () => readonly string[],
    lacks: { readonly ways: RegExp; readonly says: RegExp },
  ]
  // The ways that a client does not have, and what it says without credentials. Any other error is a fault.
  const none = { ways: /^$/, says: /^$/ }
  const noToken = /Error when retrieving credentials from container-role: .*"token-missing"/
  const noProvider = /NoCredentialProviders|failed to (refresh cached|retrieve) credentials/
  const noRuby = /unable to sign request without credentials set/
  const noConfig = /Configuration file not available/
  const readers: readonly Reader[] = [
    ...aws.all.map(({ path, version }): Reader => {
      const args = () => ['--endpoint-url', sandbox.urls.aws, 's3', 'cp', `s3://${BUCKET}/${KEY}`, '-']
      // Debian's build of version 2 is older than the token file.
      return [
        `AWS CLI ${version}`,
        aws.withTool,
        path,
        args,
        /^2\.(\d|1[0-2])\./.test(version) ? { ways: /^token file$/, says: noToken } : none,
      ]
    }),
    ...python.all.map(({ path, version }): Reader => {
      const read = () =>
        `import boto3; print(boto3.client('s3', endpoint_url='${sandbox.urls.aws}').get_object(Bucket='${BUCKET}', Key='${KEY}')['Body'].read().decode(), end='')`
      return [
        `boto3 ${version}`,
        python.withTool,
        path,
        () => ['-c', read()],
        isOldBoto3(version) ? { ways: /^token file$/, says: noToken } : none,
      ]
    }),
    ...sdkClients.map(({ name, language, version, withTool, path }): Reader => {
      const args = () => ['read', sandbox.urls.aws, BUCKET, KEY]
      const isOld = language === 'ruby' && isOldRuby(version)
      return [`${name} ${version}`, withTool, path, args, isOld ? { ways: /^token/, says: noRuby } : none]
    }),
    ...rclone.all.map(
      ({ path, version }): Reader => [
        `rclone ${version}`,
        rclone.withTool,
        path,
        () => ['cat', `sb:${BUCKET}/${KEY}`],
        { ways: /^token file$/, says: noProvider },
      ],
    ),
    ...s3cmd.all.map(({ path, version }): Reader => {
      const args = () => [
        '--config=/dev/null',
        `--host=${host}`,
        `--host-bucket=${host}`,
        '--no-ssl',
        `--region=${REGION}`,
        'get',
        `s3://${BUCKET}/${KEY}`,
        '-',
      ]
      return [`s3cmd ${version}`, s3cmd.withTool, path, args, { ways: /^(process|token|token file)$/, says: noConfig }]
    }),
  ]
  describe.each(readers)('%s', (_name, withTool, program, args, lacks) => {
    for (const [way, prepared] of Object.entries(ways)) {
      const cannot = lacks.ways.test(way)
      withTool(cannot ? `cannot: ${way}` : way, async () => {
        const reading = run(program, args(), { ...(await prepared()), ...rcloneConfig() })
        if (cannot) await expect(reading).rejects.toThrow(lacks.says)
        else expect(await reading).toContain(TEXT)
      })
    }
  })

  // What a client does that retries much, and what many clients in one process need: AWS SDK for Java gives up after one second, and
  // begins six times in all.
  describe.each(sdkClients.filter(({ language, version }) => language !== 'ruby' || !isOldRuby(version)))(
    '$name $version',
    ({ withTool, path }) => {
      withTool('token: six clients at the same time', async () => {
        const prepared = await ways.token?.()
        expect(await run(path, ['together', sandbox.urls.aws, BUCKET, KEY, '6'], prepared)).toBe(TEXT.repeat(6))
      })
      withTool('token: the first answer comes late', async () => {
        const prepared = await ways.token?.()
        toHold = 1
        expect(await run(path, ['read', sandbox.urls.aws, BUCKET, KEY], prepared)).toBe(TEXT)
        expect(toHold).toBeLessThanOrEqual(0)
      })
    },
  )

  describe.each(terraform.all.filter(({ version }) => hasLock(version)))('Terraform $version, state in S3', ({ path }) => {
    /** A folder of its own for each way: Terraform remembers the backend of a folder. */
    async function inFolder(name: string, prepared: Record<string, string>) {
      const folder = join(home, `terraform-${name}`)
      cpSync(fileURLToPath(new URL('terraform', import.meta.url)), folder, { recursive: true })
      const call = (...args: string[]) => run(path, [`-chdir=${folder}`, ...args], { ...prepared, CHECKPOINT_DISABLE: '1' })
      const backend = { region: REGION, endpoints: `{s3="${sandbox.urls.aws}",sts="${sandbox.urls.aws}"}` }
      await call('init', '-input=false', ...Object.entries(backend).map(([key, value]) => `-backend-config=${key}=${value}`))
      return call
    }
    terraform.withTool('writes the state under a lock', async () => {
      const call = await inFolder('first', env)
      await call('apply', '-input=false', '-auto-approve')
      expect(await call('state', 'list')).toBe('')
    })
    for (const [way, prepared] of Object.entries(ways))
      terraform.withTool(way, async () => {
        const call = await inFolder(way, await prepared())
        expect(await call('output', '-raw', 'text')).toBe(TEXT)
      })
  })
})
