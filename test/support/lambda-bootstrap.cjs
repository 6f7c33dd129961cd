// What Lambda's Node runtime does with a bundle: load it (init), then ask for events, one at a time, and answer them.
// Source: AWS Lambda Developer Guide, "Using the Lambda runtime API".
'use strict'
const http = require('node:http')
const base = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`

const call = (method, path, body) =>
  new Promise((resolve, reject) => {
    const request = http.request(`${base}${path}`, { method }, (response) => {
      const parts = []
      response.on('data', (part) => parts.push(part))
      response.on('end', () => resolve({ headers: response.headers, text: Buffer.concat(parts).toString('utf8') }))
    })
    request.on('error', reject)
    request.end(body)
  })

// A test can move the clock between calls. What the bundle calls while it loads has that of the test, too.
const { now } = Date
let aheadMs = Number(process.env.STINT_TEST_AHEAD_MS ?? 0)
globalThis.Date = class extends Date {
  constructor(...given) {
    if (given.length === 0) super(now() + aheadMs)
    else super(...given)
  }
  static now = () => now() + aheadMs
}

// For tests that measure what a function uses: on a busy machine, its deadlines must not decide about that.
const { setTimeout } = globalThis
const patience = Number(process.env.STINT_TEST_PATIENCE ?? 1)
globalThis.setTimeout = (run, milliseconds, ...given) => setTimeout(run, milliseconds * patience, ...given)

async function main() {
  const { handler } = require(process.env.STINT_BUNDLE)
  for (;;) {
    const { headers, text } = await call('GET', '/invocation/next')
    const id = headers['lambda-runtime-aws-request-id']
    aheadMs = Number(headers['stint-test-ahead-ms'])
    try {
      const result = await handler(JSON.parse(text), {
        awsRequestId: id,
        functionName: 'test',
        getRemainingTimeInMillis: () => Number(headers['lambda-runtime-deadline-ms']) - Date.now(),
      })
      await call('POST', `/invocation/${id}/response`, JSON.stringify(result))
    } catch (error) {
      await call('POST', `/invocation/${id}/error`, JSON.stringify({ errorMessage: String(error), errorType: error.name }))
    }
  }
}
main().catch((error) => {
  call('POST', '/init/error', JSON.stringify({ errorMessage: String(error), errorType: error.name })).finally(() => process.exit(1))
})
