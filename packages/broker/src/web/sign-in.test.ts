/** What the issuer's token endpoint may answer. Who signs in, and how it is judged, is in test/e2e/sign-in.test.ts. */
import { expect, test } from 'vitest'
import { type EndSignIn, endSignIn } from './sign-in.ts'

const broker = {
  rules: {
    issuers: { people: { url: 'https://people.example', algorithms: ['RS256'] } },
    signIn: { people: { authorizationEndpoint: 'https://people.example/a', tokenEndpoint: 'https://people.example/t', clientId: 'stint' } },
  },
} as unknown as EndSignIn['broker']
const endWith = (answer: () => Promise<Response>) =>
  endSignIn({
    broker,
    pending: { issuer: 'people', state: 's', nonce: 'n', verifier: 'v'.repeat(43) } as EndSignIn['pending'],
    query: new URLSearchParams({ code: 'c', state: 's' }),
    callback: 'https://stint.example/sign-in/callback',
    secret: 'x',
    fetch: answer,
    now: Date.now(),
  })

test('reads no 50 MB from a token endpoint', async () => {
  let sent = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent >= 50 * 1024 * 1024) return controller.close()
      sent += 65_536
      controller.enqueue(Buffer.alloc(65_536, ' '))
    },
  })
  const ended = await endWith(async () => new Response(body, { headers: { 'content-type': 'application/json' } }))
  expect(ended).toMatchObject({ outcome: 'refused', code: 'token-invalid' })
  expect(sent).toBeLessThan(1024 * 1024)
})
