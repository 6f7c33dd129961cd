/**
 * Runs beside the job: asks for the job's token again when half of the last one's life is over, and puts it into the file that
 * SDKs read. Ends with the job; when the folder is gone, at once.
 */
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fetchIdToken, lifeOf } from './id-token.ts'
import { writeToken } from './token-file.ts'

const FALLBACK_SECONDS = 120
const RETRY_SECONDS = 5

const [, , file = '', audience = ''] = process.argv
let wait = 0
while (existsSync(file)) {
  await sleep(wait * 1000)
  if (!existsSync(file)) break
  try {
    const token = await fetchIdToken(process.env, audience, fetch)
    if (existsSync(file)) writeToken(file, token)
    wait = Math.max(1, (lifeOf(token)?.life ?? 2 * FALLBACK_SECONDS) / 2)
  } catch {
    // The token at hand lives on for a while; there is nobody to tell.
    wait = RETRY_SECONDS
  }
}
