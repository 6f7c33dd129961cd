/** A fetch whose answers are whole, in time, and not longer than they can be. */
import { within } from './within.ts'

/** Reads at most `most` bytes of a body, decoded, within `milliseconds` for all of the exchange; fails otherwise. */
export const boundedFetch =
  (fetch: typeof globalThis.fetch, most: number, milliseconds: number): typeof globalThis.fetch =>
  (...call) =>
    within(
      milliseconds,
      fetch(...call).then(async (answer) => {
        const body = await readWhole(answer, most)
        // Some statuses have no body, and a Response would not take an empty one (RFC 9110 §15).
        return new Response(body.length === 0 ? null : body, { status: answer.status, headers: answer.headers })
      }),
    )

async function readWhole(answer: Response, most: number): Promise<Buffer<ArrayBuffer>> {
  const parts: Uint8Array[] = []
  let size = 0
  // Leaving the loop early cancels the rest.
  for await (const part of answer.body ?? []) {
    size += part.length
    if (size > most) throw new Error(`the answer is longer than ${most} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}
