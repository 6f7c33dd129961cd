/** Where `--from` points: a folder, a broker, or the buckets of a deployment. */
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { brokerFor } from '../broker/broker.ts'
import type { Context } from '../context.ts'
import { Failure } from '../frame/failure.ts'
import { fetchFor } from '../frame/proxied-fetch.ts'
import { folderSource, type LogSource, urlSource } from './sources.ts'

/** A folder, the URL of /audit/log, or the buckets of a deployment: `s3://LOG,EVENTS`. */
export async function sourceFrom(from: string, tokenFile: string | undefined, context: Context): Promise<LogSource> {
  const { env } = context.process
  const [, log, events] = /^s3:\/\/([a-z0-9.-]+)(?:,([a-z0-9.-]+))?\/?$/.exec(from) ?? []
  if (log !== undefined) return (await import('./aws.ts')).bucketSource(log, events, regionFrom(env), env)
  if (/^s3:/.test(from)) throw new Failure('usage', `Invalid --from '${from}'.`, { next: 'Use --from s3://LOG-BUCKET,EVENTS-BUCKET' })
  if (!/^https?:\/\//.test(from)) return folderSource(from)
  const token =
    tokenFile === undefined ? env.STINT_TOKEN || (await signedInToken(from, context)) : (await readFile(tokenFile, 'utf8')).trim()
  return urlSource(from, token || undefined, fetchFor(env), (ms) => sleep(ms))
}

/** The token of your sign-in to this broker. Without one the log may still be public. */
async function signedInToken(from: string, context: Context): Promise<string | undefined> {
  const url = from.replace(/\/audit\/log\/?$/, '')
  try {
    return await (await brokerFor(context, { url })).token()
  } catch (error) {
    if (error instanceof Failure && error.exit === 'signIn') return undefined
    throw error
  }
}

function regionFrom(env: NodeJS.ProcessEnv): string {
  const region = env.AWS_REGION ?? env.AWS_DEFAULT_REGION
  if (!region) throw new Failure('usage', 'The region of the buckets is unknown.', { next: 'Set AWS_REGION.' })
  return region
}
