/**
 * Runs in the background of the job: requests a new token at half of the lifetime of the last one, and writes it to the file that
 * SDKs read. It ends when the post step removes the folder, when the job can no longer request tokens, or after a day.
 */
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fetchFor } from '@stint/cli/frame/proxied-fetch'
import { fetchIdToken, lifeOf, NoToken } from './id-token.ts'
import { writeToken } from './token-file.ts'

const FALLBACK_LIFE_SECONDS = 240
const RETRY_SECONDS = 5
/** How often it checks whether the job is over. */
const LOOK_SECONDS = 2
const LONGEST_MS = 24 * 3600 * 1000

const [, , file = '', audience = ''] = process.argv
const end = Date.now() + LONGEST_MS
let wait = 0
while (Date.now() < end) {
  for (let left = wait; left > 0 && existsSync(file); left -= LOOK_SECONDS) await sleep(Math.min(left, LOOK_SECONDS) * 1000)
  if (!existsSync(file)) break
  try {
    const token = await fetchIdToken(process.env, audience, fetchFor(process.env))
    if (!existsSync(file)) break
    writeToken(file, token)
    wait = Math.max(1, (lifeOf(token)?.life ?? FALLBACK_LIFE_SECONDS) / 2)
  } catch (error) {
    if (error instanceof NoToken) break
    // The current token is still valid for a while, and there is nobody to notify.
    wait = RETRY_SECONDS
  }
}
