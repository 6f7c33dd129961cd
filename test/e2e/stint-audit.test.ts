/**
 * `stint audit` on copies of the buckets, as an auditor without any AWS access runs it: verify, receipt, export, and
 * CloudTrail held against the trail.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { ship } from '@stint/broker/log/ship'
import { checkReceipt } from '@stint/core/audit/receipt'
import { addUser, BROKER_ACCOUNT, brokerKey } from '@stint/sandbox/aws/world'
import { formatVkey, parseVkey } from '@stint/tlog/note'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { copyBuckets, stint } from '../support/cli.ts'
import { journalOf, newMemoryLog, shipperOf, systemJournal } from '../support/memory-log.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
let base: string
let log: string
let trail: string
let env: Record<string, string>
let dropNext = false
const ids: Record<string, string> = {}
const logs = { profile: 'logs-read', parameters: { bucket: 'acme-orders-logs' } }
const region = 'eu-central-1'

const s3 = (credentials: any) =>
  new S3Client({ endpoint: sandbox.urls.aws, region, forcePathStyle: true, credentials: { ...credentials, expiration: undefined } })
const ignore = (work: Promise<unknown>) => work.catch(() => undefined)

beforeAll(async () => {
  sandbox = await testSandbox({
    intercept: async (service, action, next) => {
      const answer = await next()
      if (!(dropNext && service === 'sts' && action === 'AssumeRole')) return answer
      dropNext = false
      return 'drop'
    },
  })
  base = mkdtempSync(join(tmpdir(), 'stint-audit-'))
  ;[log, trail] = [join(base, 'log'), join(base, 'trail')]
  env = { XDG_STATE_HOME: join(base, 'state') }
  await sandbox.sweep()
  const developer = await sandbox.token('developer')

  // What a session does: reads, is denied, writes.
  const reader = (await sandbox.vend(developer, logs)).json
  ids.reader = reader.id
  const own = s3(reader.credentials)
  await own.send(new ListObjectsV2Command({ Bucket: 'acme-orders-logs' }))
  await own.send(new GetObjectCommand({ Bucket: 'acme-orders-logs', Key: '2026/11/24/orders.log' }))
  await ignore(own.send(new GetObjectCommand({ Bucket: 'acme-customers', Key: 'customers.csv' })))
  const power = (await sandbox.vend(developer, { profile: 'staging-power' })).json
  ids.power = power.id
  await s3(power.credentials).send(new PutObjectCommand({ Bucket: 'acme-staging-uploads', Key: 'x', Body: 'y' }))
  // AWS made a session whose answer was lost: the second send brought the one that left.
  dropNext = true
  ids.twice = (await sandbox.vend(developer, { profile: 'staging-power' })).json.id
  ids.quiet = (await sandbox.vend(await sandbox.token('tool'), { profile: 'report-export' })).json.id
  await sandbox.ship()
  copyBuckets(sandbox.aws.world, ['stint-log', 'stint-events'], log)
  sandbox.aws.server.trail.deliver()
  copyBuckets(sandbox.aws.world, ['acme-cloudtrail'], trail)
})
afterAll(async () => {
  await sandbox.close()
  rmSync(base, { recursive: true })
})

describe('verify', () => {
  test('the first time: proved, and the key is said to be the log’s own', async () => {
    const { code, stdout, stderr } = await stint(['audit', 'verify', '--from', log], env)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain(`${sandbox.rules.log?.origin}\n`)
    expect(stdout).toMatch(/sessions {3}4 issued, 0 failed, 0 abandoned, 0 open/)
    expect(stdout).toContain('not verified here before')
    expect(stdout).toContain('The key was taken from the log itself')
    expect(stdout).toMatch(/Nothing is missing or altered/)
  })
  test('the next time it must continue what was seen', async () => {
    const { code, stdout } = await stint(['audit', 'verify', '--from', log, '--vkey', sandbox.logVkey], env)
    expect([code, /continues the \d+ entries verified before/.test(stdout), stdout.includes('taken from the log itself')]).toEqual([
      0,
      true,
      false,
    ])
  })
  test('as JSON', async () => {
    const { code, stdout } = await stint(['audit', 'verify', '--from', log, '--json'], env)
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { faultCount: 0, keyUntrusted: false, counts: { 'session.issued': 4 } }])
  })
  test('over HTTP, with the token in a file', async () => {
    const file = join(base, 'token')
    writeFileSync(file, `${await sandbox.token('auditor')}\n`)
    const { code, stdout } = await stint(['audit', 'verify', '--from', `${sandbox.urls.broker}/audit/log`, '--token-file', file], env)
    expect([code, /Nothing is missing/.test(stdout)]).toEqual([0, true])
  })

  test('what was changed is named, exits with 1, and is not remembered', async () => {
    const path = join(log, 'events', '000')
    const before = readFileSync(path)
    writeFileSync(path, String(before).replace('127.0.0.1', '127.0.0.2'))
    const { code, stdout } = await stint(['audit', 'verify', '--from', log], env)
    writeFileSync(path, before)
    expect([code, /^ {2}event req_\w{26}\/\d \(entry \d+\): not the event that the log commits to$/m.test(stdout)]).toEqual([1, true])
    expect(stdout).toContain('Keep this copy')
    expect((await stint(['audit', 'verify', '--from', log], env)).code).toBe(0)
  })

  test('another log where one was verified before is not believed, whatever it calls itself', async () => {
    const other = newMemoryLog()
    await ship(shipperOf(other), [systemJournal(), journalOf(1)])
    const place = join(base, 'place')
    copyBuckets(sandbox.aws.world, ['stint-log', 'stint-events'], place)
    expect((await stint(['audit', 'verify', '--from', place], env)).code).toBe(0)
    rmSync(place, { recursive: true })
    for (const [path, bytes] of [...other.log.objects, ...other.events.objects]) {
      mkdirSync(join(place, path, '..'), { recursive: true })
      writeFileSync(join(place, path), bytes)
    }
    const key = formatVkey(shipperOf(other).signer.key)
    const { code, stdout } = await stint(['audit', 'verify', '--from', place, '--vkey', key], env)
    expect([code, stdout]).toEqual([
      1,
      expect.stringMatching(/another log: sandbox-\w{8}\/log was verified here before, but this log is log\.test\/stint/),
    ])
  })

  test('a copy of a public log, without events, is judged by its entries alone, and the report says so', async () => {
    const rules = sandbox.rules as { log?: object }
    const before = rules.log
    rules.log = { ...before, publicLog: true }
    const tiles = join(base, 'tiles')
    const copied = await stint(['audit', 'copy', '--from', `${sandbox.urls.broker}/audit/log`, '--to', tiles], env)
    rules.log = before as object
    expect([copied.code, copied.stderr]).toEqual([0, ''])
    const { code, stdout } = await stint(['audit', 'verify', '--from', tiles, '--tiles-only', '--vkey', sandbox.logVkey], env)
    expect([code, /The content of the events was not checked/.test(stdout)]).toEqual([0, true])
    expect((await stint(['audit', 'verify', '--from', tiles, '--vkey', sandbox.logVkey], env)).code).toBe(1)
  })

  test.each<[string, string[], number, RegExp]>([
    ['a folder that is none', ['--from', '/nowhere'], 5, /There is no log to verify/],
    ['an address where nobody answers', ['--from', 'http://127.0.0.1:1/audit/log'], 5, /127\.0\.0\.1:1/],
    ['no place', [], 2, /--from/],
    ['a key that is none', ['--from', 'LOG', '--vkey', 'x'], 2, /not a valid vkey/],
    [
      'the key of another log',
      ['--from', 'LOG', '--vkey', 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'],
      1,
      /from another log/,
    ],
    ['a witness that is missed', ['--from', 'LOG', '--quorum', '1'], 1, /signed by 0 of the/],
    ['a table without a region', ['--from', 'LOG', '--table', 'stint'], 2, /--region/],
    ['an unknown flag', ['--from', 'LOG', '--x'], 2, /--x/],
  ])('%s', async (_what, args, exit, words) => {
    const { code, stdout, stderr } = await stint(['audit', 'verify', '--forget', ...args.map((arg) => (arg === 'LOG' ? log : arg))], env)
    expect(`${stdout}${stderr}`).toMatch(words)
    expect(code).toBe(exit)
  })
})

describe('verify --table', () => {
  const withTable = () => {
    const key = addUser(sandbox.aws.world, `arn:aws:iam::${BROKER_ACCOUNT}:user/auditor`, [
      { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'dynamodb:Scan', Resource: '*' } },
    ])
    const aws = {
      AWS_ENDPOINT_URL_DYNAMODB: sandbox.urls.aws,
      AWS_ACCESS_KEY_ID: key.accessKeyId,
      AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    }
    return stint(['audit', 'verify', '--from', log, '--table', 'stint', '--region', region], { ...env, ...aws })
  }
  const table = (operation: string, input: object) => sandbox.aws.dynamo.direct(operation, { TableName: 'stint', ...input })
  const item = async (id: string | undefined) =>
    (await table('GetItem', { Key: { pk: { S: `REQ#${id?.slice(0, 30)}` } }, ConsistentRead: true })).Item as Record<string, any>

  test('table and log tell one story', async () => {
    const { code, stdout } = await withTable()
    expect([code, /table {6}\d+ journals compared, 0 events not in the log yet/.test(stdout)]).toEqual([0, true])
  })

  test.each<[string, (stored: Record<string, any>) => object | undefined, RegExp]>([
    [
      'an event changed',
      (stored) => ({ ...stored, events: { L: [...stored.events.L.slice(0, -1), stored.events.L[0]] } }),
      /its events in the table differ from those in the log/,
    ],
    [
      'an event taken away',
      (stored) => ({ ...stored, events: { L: stored.events.L.slice(0, -1) } }),
      /2 events in the table, 3 in the log/,
    ],
    [
      'an event put in and never shipped',
      (stored) => ({ ...stored, events: { L: [...stored.events.L, aged(stored.events.L[2])] } }),
      /still not in the log/,
    ],
    ['an item deleted', () => undefined, /missing from the table without being retired/],
  ])('%s: exit 7, and the request is named', async (_what, change, words) => {
    const stored = await item(ids.quiet)
    const changed = change(stored)
    await (changed ? table('PutItem', { Item: changed }) : table('DeleteItem', { Key: { pk: stored.pk } }))
    const { code, stdout } = await withTable()
    await table('PutItem', { Item: stored })
    expect([code, stdout]).toEqual([7, expect.stringMatching(words)])
    expect(stdout).toContain(ids.quiet?.slice(0, 30))
  })
  /** An event of last year. */
  const aged = (entry: any) => ({ M: { ...entry.M, event: { S: entry.M.event.S.replace(/"at":"2026/, '"at":"2025') } } })
})

describe('copy', () => {
  test.each<[string, () => Promise<string>, number, RegExp]>([
    ['no token', async () => '', 4, /The Authorization header .*\(token-missing, .*\n {2}Run stint login http:\S+\n$/],
    [
      'a token that is none',
      async () => 'x',
      4,
      /\(token-invalid, .*\n {2}Run stint login http:\S+, or get a new token for \$STINT_TOKEN\.\n$/,
    ],
    [
      'the token of somebody who is no auditor',
      () => sandbox.token('developer'),
      3,
      /Only auditors can read the log\. \(not-eligible, .*\n {2}Ask the owners of stint\.config\.ts/,
    ],
  ])('over HTTP with %s', async (_what, token, exit, words) => {
    const args = ['audit', 'copy', '--from', `${sandbox.urls.broker}/audit/log`, '--to', join(base, 'refused')]
    const ran = await stint(args, { ...env, STINT_TOKEN: await token() })
    expect([ran.code, ran.stderr]).toEqual([exit, expect.stringMatching(words)])
  })
  test('with --json, what was copied; a fault as JSON on stderr', async () => {
    const to = join(base, 'copy')
    const { code, stdout, stderr } = await stint(['audit', 'copy', '--from', log, '--to', to, '--json'], env)
    const copied = JSON.parse(stdout)
    expect([code, stderr, copied]).toEqual([0, '', { to, size: expect.any(Number), fetched: expect.any(Number), kept: 0 }])
    const again = JSON.parse((await stint(['audit', 'copy', '--from', log, '--to', to, '--json'], env)).stdout)
    expect(again.fetched + again.kept).toBe(copied.fetched)
    const failed = await stint(['audit', 'copy', '--from', join(base, 'none'), '--to', join(base, 'copy2'), '--json'], env)
    expect([failed.code, failed.stdout, JSON.parse(failed.stderr)]).toEqual([
      5,
      '',
      { error: { exit: 5, message: expect.stringContaining('checkpoint') } },
    ])
  })
})

describe('receipt', () => {
  const fetchReceipt = async () => (await sandbox.get(`/sessions/${ids.reader}/receipt`, await sandbox.token('developer'))).text
  test('is proved offline, from a file or from stdin', async () => {
    const file = join(base, 'a.tlog-proof')
    writeFileSync(file, await fetchReceipt())
    const { code, stdout } = await stint(['audit', 'receipt', file, '--vkey', sandbox.logVkey], env)
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^Verified: entry \d+ of \d+ in sandbox-\w{8}\/log\.\n\n\{\n/)])
    const piped = await stint(['audit', 'receipt', '-', '--vkey', sandbox.logVkey, '--json'], env, await fetchReceipt())
    expect(JSON.parse(piped.stdout)).toMatchObject({ event: { type: 'session.issued', session: ids.reader } })
  })
  test('one that was touched is not', async () => {
    const { code, stderr } = await stint(
      ['audit', 'receipt', '-', '--vkey', sandbox.logVkey],
      env,
      (await fetchReceipt()).replace('index ', 'index 1'),
    )
    expect([code, stderr]).toEqual([1, 'stint: Not verified. The entry is not in the log at this position.\n'])
  })
  test('a receipt that is not verified, as JSON', async () => {
    const { code, stdout, stderr } = await stint(['audit', 'receipt', '-', '--vkey', sandbox.logVkey, '--json'], env, 'no receipt')
    expect([code, stdout, JSON.parse(stderr).error]).toEqual([1, '', { exit: 1, message: expect.stringMatching(/^Not verified\. /) }])
  })
  test('without a key nothing is proved', async () => expect((await stint(['audit', 'receipt', '-'], env)).code).toBe(2))
})

describe('export', () => {
  const keys = () => [parseVkey(sandbox.logVkey) as NonNullable<ReturnType<typeof parseVkey>>]
  test('NDJSON: each line proves itself', async () => {
    const { code, stdout } = await stint(['audit', 'export', '--from', log], env)
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect([code, lines.filter(({ event }) => event.type === 'session.issued').length]).toEqual([0, 4])
    for (const { id, receipt, event } of lines) {
      const checked = checkReceipt(receipt, keys())
      if (typeof checked === 'string') throw new Error(checked)
      expect([`${checked.entry.request}/${checked.entry.seq}`, JSON.parse(checked.event)]).toEqual([id, event])
    }
  })
  test('CSV: the same, for a spreadsheet', async () => {
    const out = join(base, 'out.csv')
    expect((await stint(['audit', 'export', '--from', log, '--format', 'csv', '--out', out], env)).code).toBe(0)
    const [head = '', ...rows] = readFileSync(out, 'utf8').trim().split('\r\n')
    expect(head.split(',').slice(0, 7)).toEqual(['id', 'index', 'at', 'type', 'issuer', 'subject', 'name'])
    const receipt = Buffer.from(rows[0]?.split(',').at(-1) ?? '', 'base64').toString('utf8')
    expect(checkReceipt(receipt, keys())).toMatchObject({ index: 0 })
    expect((await stint(['audit', 'export', '--from', log, '--out', out], env)).code).toBe(2) // it overwrites nothing
  })
  test('what does not prove itself is not given out', async () => {
    const path = join(log, 'events', '000')
    const before = readFileSync(path)
    writeFileSync(path, String(before).replace('127.0.0.1', '127.0.0.2'))
    const { code, stderr } = await stint(['audit', 'export', '--from', log], env)
    writeFileSync(path, before)
    expect([code, stderr]).toEqual([
      5,
      expect.stringMatching(/Entry \d+ does not prove its event: The entry does not commit to this event/),
    ])
    expect((await stint(['audit', 'export', '--from', log], { XDG_STATE_HOME: join(base, 'nothing') })).code).toBe(2)
  })
  test('with --json, a file’s summary on stdout; with --quiet, nothing on stderr', async () => {
    const out = join(base, 'summary.ndjson')
    const { stdout, stderr } = await stint(['audit', 'export', '--from', log, '--out', out, '--json', '--quiet'], env)
    const events = readFileSync(out, 'utf8').trim().split('\n').length
    expect([JSON.parse(stdout), stderr]).toEqual([{ out, size: events, events, erased: 0 }, ''])
    expect((await stint(['audit', 'export', '--from', log, '--quiet'], env)).stderr).toBe('')
    const csv = await stint(['audit', 'export', '--from', log, '--format', 'csv', '--json'], env)
    expect([csv.code, JSON.parse(csv.stderr).error.message]).toEqual([2, expect.stringContaining('CSV needs a file')])
  })
  test('a period', async () => {
    expect((await stint(['audit', 'export', '--from', log, '--until', '2020-01-01'], env)).stdout).toBe('')
    expect((await stint(['audit', 'export', '--from', log, '--since', 'yesterday'], env)).code).toBe(2)
  })
})

describe('reconcile', () => {
  const run = async (folder: string, more: string[] = []) => {
    const { code, stdout, stderr } = await stint(['audit', 'reconcile', '--from', log, '--trail', folder, '--json', ...more], env)
    return { code, stderr, ...(stdout ? JSON.parse(stdout) : {}) }
  }

  test('every entry is known, and what was done with it is told', async () => {
    const { code, findings, matched, dropped, activity } = await run(trail)
    expect([code, findings, matched, dropped]).toEqual([0, [], 4, 1])
    const of = (id: string | undefined) => activity.find(({ session }: any) => session === id)
    expect(of(ids.reader)).toMatchObject({ services: { s3: 3 }, reads: 3, writes: 0, denied: 1, chained: [], console: false })
    expect(of(ids.power)).toMatchObject({ services: { s3: 1 }, writes: 1, denied: 0 })
    expect(of(ids.quiet)).toBeUndefined()
  })
  test('in words', async () => {
    const { stdout } = await stint(['audit', 'reconcile', '--from', log, '--trail', trail], env)
    expect(stdout).toMatch(/matched {4}4 sessions; AWS created 1 more that Stint never issued/)
    expect(stdout).toMatch(
      / {2}req_\w{26}\n {4}Dana=20Developer-req_\w{26}\.\w{8} \(ASIA\w+\)\n {6}s3 3; 3 reads, 0 writes, 1 denied; eu-central-1\n/,
    )
  })

  test('without records of an account, or of any, nothing is judged', async () => {
    const empty = mkdtempSync(join(base, 'empty-'))
    const misspelled = await stint(['audit', 'reconcile', '--from', log, '--trail', empty, '--role', 'role/New'], env)
    expect([misspelled.code, misspelled.stderr]).toEqual([2, expect.stringContaining("Invalid --role: 'role/New'")])
    const { code, stdout } = await stint(['audit', 'reconcile', '--from', log, '--trail', empty], env)
    expect([code, stdout]).toEqual([9, expect.stringMatching(/Not judged: there are no CloudTrail records in these folders\.\n$/)])
    cpSync(join(trail, 'AWSLogs/111122223333'), join(empty, 'AWSLogs/111122223333'), { recursive: true })
    const some = await stint(['audit', 'reconcile', '--from', log, '--trail', empty], env)
    expect(some.stdout).toMatch(/not judged 444455556666, 777788889999: there are no records of these accounts/)
    expect([some.code, some.stdout]).toEqual([9, expect.stringMatching(/Not judged: some accounts with target roles have no records/)])
  })

  test('who goes around, and who pretends, is found', async () => {
    const target = sandbox.rules.targets['prod-readonly']
    if (!target) throw new Error('no target')
    const sts = new STSClient({ endpoint: sandbox.urls.aws, region, credentials: brokerKey(sandbox.aws.world, 'vend') })
    const assume = (more: object) =>
      sts.send(
        new AssumeRoleCommand({
          RoleArn: target.roleArn,
          RoleSessionName: 'mallory',
          ExternalId: target.externalId,
          Tags: [{ Key: 'stint:session', Value: 'x' }],
          ...more,
        }),
      )
    const known = (await sandbox.get(`/sessions/${ids.reader}`, await sandbox.token('developer'))).json
    await assume({})
    await assume({ RoleSessionName: known.sessionName, SourceIdentity: 'somebody' })
    await assume({ RoleSessionName: known.sessionName, SourceIdentity: known.sourceIdentity })
    await ignore(assume({ ExternalId: 'wrong' }))
    sandbox.aws.server.trail.deliver()
    const later = join(base, 'later')
    copyBuckets(sandbox.aws.world, ['acme-cloudtrail'], later)
    const { code, findings, deniedAttempts } = await run(later)
    expect([code, deniedAttempts]).toEqual([1, 1])
    expect(findings.map(({ kind, what }: any) => [kind, what])).toEqual([
      ['around', expect.stringMatching(/stint-vend assumed .*\/ReadOnly as mallory by AssumeRole, but the audit log has no such session$/)],
      ['mismatch', expect.stringContaining(`but the intent has source identity ${known.sourceIdentity}, not somebody`)],
      ['unexplained', expect.stringContaining('more sessions than Stint requested (1)')],
    ])
  })

  test('a session that AWS never saw is found, where its account’s trail is at hand', async () => {
    const cut = join(base, 'cut')
    copyBuckets(sandbox.aws.world, ['acme-cloudtrail'], cut)
    const { accessKeyId } = (await sandbox.get(`/sessions/${ids.quiet}`, await sandbox.token('tool'))).json.issued
    for (const name of readdirSync(cut, { recursive: true, encoding: 'utf8' }).filter((one) => one.endsWith('.gz'))) {
      const { Records } = JSON.parse(gunzipSync(readFileSync(join(cut, name))).toString('utf8'))
      const without = Records.filter((record: any) => record.responseElements?.credentials?.accessKeyId !== accessKeyId)
      // Something later, so that it was time for it to be delivered.
      const end = { ...Records[0], eventID: `end ${name}`, sharedEventID: undefined, eventName: 'Other', eventTime: '2099-01-01T00:00:00Z' }
      writeFileSync(join(cut, name), gzipSync(JSON.stringify({ Records: [...without, end] })))
    }
    const { findings } = await run(cut)
    // The account has other records only if something else happened there; then its silence says something.
    expect(findings.filter(({ kind }: any) => kind === 'unseen').map(({ what }: any) => what)).toEqual([
      expect.stringContaining(`session ${ids.quiet} (${accessKeyId}) was issued, but CloudTrail of 777788889999 does not have it`),
    ])
  })

  test('a name is good for its own attempt: long after it, or in another role, it is somebody else’s', async () => {
    const odd = mkdtempSync(join(base, 'later-'))
    const known = (await sandbox.get(`/sessions/${ids.reader}`, await sandbox.token('developer'))).json
    const record = (more: object, parameters: object = {}) => ({
      eventID: Math.random().toString(),
      eventTime: new Date(Date.parse(known.reservedAt)).toISOString(),
      eventSource: 'sts.amazonaws.com',
      eventName: 'AssumeRole',
      userIdentity: { arn: 'arn:aws:iam::1:user/x' },
      requestParameters: {
        roleArn: known.roleArn,
        roleSessionName: known.sessionName,
        sourceIdentity: known.sourceIdentity,
        ...parameters,
      },
      responseElements: { credentials: { accessKeyId: 'ASIAOTHER' } },
      recipientAccountId: '111122223333',
      ...more,
    })
    const Records = [
      record({ eventTime: '2027-06-01T00:00:00Z' }),
      record({}, { roleArn: 'arn:aws:iam::444455556666:role/stint/PowerUser' }),
      record({ eventName: 'AssumeRoleWithWebIdentity' }),
    ]
    writeFileSync(join(odd, 'a.json.gz'), gzipSync(JSON.stringify({ Records })))
    const { findings, silent } = await run(odd)
    const said = findings.map(({ kind, what }: any) => `${kind}: ${what}`).join('\n')
    expect(said).toMatch(/^around: .* by AssumeRoleWithWebIdentity, but the audit log has no such session$/m)
    expect(said).toMatch(/^mismatch: .*, long before or after$/m)
    expect(said).toMatch(/^mismatch: .*PowerUser as .*, but the intent has role 111122223333\/ReadOnly$/m)
    expect(silent).toEqual(['444455556666', '777788889999'])
  })

  test('files that are no CloudTrail are said, not passed over', async () => {
    writeFileSync(join(base, 'odd.json'), '{"Records":7}')
    const odd = mkdtempSync(join(base, 'odd-'))
    writeFileSync(join(odd, 'a.json.gz'), 'no gzip')
    expect(await run(odd)).toMatchObject({ code: 5, stderr: expect.stringContaining('a.json.gz is not a CloudTrail file') })
  })
})
