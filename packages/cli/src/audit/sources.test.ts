import { expect, test } from 'vitest'
import { Unreachable, urlSource } from './sources.ts'

/** As many zeros as are read; how many that were. */
function zeros(bytes: number) {
  const read = { bytes: 0 }
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (read.bytes >= bytes) return controller.close()
      read.bytes += 65_536
      controller.enqueue(new Uint8Array(65_536))
    },
  })
  return { read, body }
}
const sourceOf = (body: BodyInit) =>
  urlSource(
    'https://log.example',
    undefined,
    async () => new Response(body),
    async () => {},
  )

test('reads an object of a log as large as it can be', async () => {
  expect(await sourceOf(zeros(1024 * 1024).body).get('tile/entries/000')).toHaveLength(1024 * 1024)
})
test('does not read a log that answers with 50 MB', async () => {
  const { read, body } = zeros(50 * 1024 * 1024)
  await expect(sourceOf(body).get('checkpoint')).rejects.toThrow(Unreachable)
  expect(read.bytes).toBeLessThan(2 * 1024 * 1024)
})
