/**
 * The console sign-in against a recorded exchange of the documented shape (AWS IAM User Guide, "Enable custom identity
 * broker access to the AWS console"), over real HTTP.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { consoleSignIn } from './console-url.ts'
import { postForm } from './https.ts'

const credentials = { accessKeyId: 'ASIAEXAMPLE', secretAccessKey: 'wJalr/+=', sessionToken: 'AQoDYXdz+/==', expiration: 0 }
let server: Server
let endpoint: string
let asked: { method: string; url: string; form: URLSearchParams } | undefined
let answer = { status: 200, body: '{"SigninToken":"VCQgs5qZ-example"}' }

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (part) => void (body += part))
    request.on('end', () => {
      asked = { method: request.method ?? '', url: request.url ?? '', form: new URLSearchParams(body) }
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/federation`
})
afterAll(() => void server.close())

const signIn = () =>
  consoleSignIn({ endpoint, destination: 'https://console.aws.amazon.com/', issuer: 'https://stint.example', post: postForm }).url(
    credentials,
  )

test('refuses a sign-in token that is too long for a URL', async () => {
  answer = { status: 200, body: JSON.stringify({ SigninToken: 'x'.repeat(8193) }) }
  expect((await signIn()).outcome).toBe('unknown')
  answer = { status: 200, body: JSON.stringify({ SigninToken: 'x'.repeat(8192) }) }
  expect((await signIn()).outcome).toBe('done')
  answer = { status: 200, body: '{"SigninToken":"VCQgs5qZ-example"}' }
})

describe('the sign-in URL', () => {
  test('is built from a token that is fetched by POST, so that no URL holds a credential', async () => {
    const made = await signIn()
    expect(asked).toMatchObject({ method: 'POST', url: '/federation' })
    expect(Object.fromEntries(asked?.form ?? [])).toEqual({
      Action: 'getSigninToken',
      Session: '{"sessionId":"ASIAEXAMPLE","sessionKey":"wJalr/+=","sessionToken":"AQoDYXdz+/=="}',
    })
    if (made.outcome !== 'done') throw new Error(made.cause)
    const url = new URL(made.value)
    expect(`${url.origin}${url.pathname}`).toBe(endpoint)
    expect(Object.fromEntries(url.searchParams)).toEqual({
      Action: 'login',
      Issuer: 'https://stint.example',
      Destination: 'https://console.aws.amazon.com/',
      SigninToken: 'VCQgs5qZ-example',
    })
    expect(made.value).not.toMatch(/ASIA|wJalr|AQoD/)
  })
  test.each([
    [400, '<html>'],
    [200, '{}'],
    [200, 'oops'],
    [200, '{"SigninToken":7}'],
    [302, '{"SigninToken":"x"}'],
    [201, '{"SigninToken":"x"}'],
    [200, 'null'],
    [200, '[]'],
    [200, '{"SigninToken":null}'],
    [200, '{"SigninToken":""}'],
    [200, '{"SigninToken":["x"]}'],
    [200, '{"SigninToken":"x y"}'],
    [200, '{"SigninToken":"x\\n"}'],
    [200, '{"SigninToken":"x"'],
    [200, '<html>200 OK</html>'],
  ])('%i %s is refused, and its cause names no secret', async (status, body) => {
    answer = { status, body }
    const made = await signIn()
    expect(made.outcome).toBe('unknown')
    expect(JSON.stringify(made)).not.toMatch(/wJalr|AQoD/)
  })
})
