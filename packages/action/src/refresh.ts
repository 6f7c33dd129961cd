/**
 * Runs beside the job: asks for the job's token again when half of the last one's life is over, and puts it into the file that
 * SDKs read. Ends with the folder, which the post step takes away; by itself when the job may not ask any more, or after a day.
 */
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fetchIdToken, lifeOf, NoToken } from './id-token.ts'
import { writeToken } from './token-file.ts'

const FALLBACK_LIFE_SECONDS = 240
const RETRY_SECONDS = 5
/** How soon it notices that the job is over. */
const LOOK_SECONDS = 2
const LONGEST_MS = 24 * 3600 * 1000

const [, , file = '', audience = ''] = process.argv
const end = Date.now() + LONGEST_MS
let wait = 0
while (Date.now() < end) {
  for (let left = wait; left > 0 && existsSync(file); left -= LOOK_SECONDS) await sleep(Math.min(left, LOOK_SECONDS) * 1000)
  if (!existsSync(file)) break
  try {
    const token = await fetchIdToken(process.env, audience, fetch)
    if (!existsSync(file)) break
    writeToken(file, token)
    wait = Math.max(1, (lifeOf(token)?.life ?? FALLBACK_LIFE_SECONDS) / 2)
  } catch (error) {
    if (error instanceof NoToken) break
    // The token at hand lives on for a while; there is nobody to tell.
    wait = RETRY_SECONDS
  }
}
