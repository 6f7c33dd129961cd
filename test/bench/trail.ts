/**
 * `node test/bench/trail.ts [MILLIONS]`: reconciles that many CloudTrail records (10 million without an argument) and prints time and peak
 * memory. The records are one compressed part, repeated, as gzip allows.
 */
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { reconcile } from '@stint/cli/audit/trail/reconcile'
import { readTrail } from '@stint/cli/audit/trail/records'
import { Sessions } from '@stint/cli/audit/trail/sessions'

const PART = 50_000
const millions = Number(process.argv[2] ?? 10)
const folder = mkdtempSync(join(tmpdir(), 'stint-trail-bench-'))
const line = (at: number) =>
  JSON.stringify({
    eventVersion: '1.11',
    userIdentity: {
      type: 'AssumedRole',
      principalId: `AROAEXAMPLE:Dana-req_${String(at % 1000).padStart(26, '0')}.00000000`,
      arn: `arn:aws:sts::111122223333:assumed-role/ReadOnly/Dana-req_${String(at % 1000).padStart(26, '0')}.00000000`,
      accountId: '111122223333',
      accessKeyId: `ASIA${String(at).padStart(16, '0')}`,
      sessionContext: { attributes: { creationDate: '2026-11-24T10:00:00Z', mfaAuthenticated: 'false' }, sourceIdentity: 'acme.dana' },
    },
    eventTime: '2026-11-24T10:05:00Z',
    eventSource: 's3.amazonaws.com',
    eventName: 'GetObject',
    awsRegion: 'eu-central-1',
    requestParameters: { bucketName: 'acme-orders-logs', key: `2026/11/24/${at}.log` },
    responseElements: null,
    readOnly: true,
    eventID: `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`,
    recipientAccountId: '111122223333',
  })
const part = gzipSync(`${Array.from({ length: PART }, (_, at) => line(at)).join('\n')}\n`)
for (let written = 0; written < millions * 1_000_000; written += PART) appendFileSync(join(folder, 'trail.ndjson.gz'), part)

const sessions = new Sessions()
for (let at = 0; at < 1000; at++)
  sessions.take({
    type: 'session.reserved',
    request: `req_${String(at).padStart(26, '0')}`,
    session: `${at}`,
    at: '2026-11-24T10:00:00Z',
    role: 'arn:aws:iam::111122223333:role/stint/ReadOnly',
    sessionName: `Dana-req_${String(at).padStart(26, '0')}.00000000`,
    sourceIdentity: 'acme.dana',
    expiresAt: '2026-11-24T11:00:00Z',
  } as never)

const started = performance.now()
let most = 0
const watching = setInterval(() => {
  most = Math.max(most, process.memoryUsage.rss())
}, 100)
const { records, activity, findings } = await reconcile(sessions, readTrail([folder]))
clearInterval(watching)
rmSync(folder, { recursive: true })
const seconds = (performance.now() - started) / 1000
console.log(
  `${records.toLocaleString('en-US')} records, ${activity.length} sessions, ${findings.length} findings: ${seconds.toFixed(0)} s, at most ${Math.round(most / 1e6)} MB resident`,
)
