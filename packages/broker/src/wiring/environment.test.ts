/** Secrets in the environment: an invalid secret stops the function during init, and is never shown. */
import { describe, expect, test } from 'vitest'
import type { FunctionDeployment } from './broker.ts'
import { slackDeploymentFrom, webFrom } from './environment.ts'

const [now, before] = ['a'.repeat(32), 'b'.repeat(32)]
const env = (more: object) => ({
  STINT_SLACK_TOKEN: 'xoxb-1',
  STINT_SLACK_SIGNING_SECRETS: now,
  STINT_URL: 'https://stint.example',
  STINT_WEB_KEY: Buffer.alloc(32).toString('base64url'),
  ...more,
})

describe('signing secrets', () => {
  const read = (text: string) =>
    slackDeploymentFrom(env({ STINT_SLACK_SIGNING_SECRETS: text }), {} as FunctionDeployment).slack.signingSecrets
  test('accepts one, or two during a rotation', () => {
    expect([read(now), read(`${now}, ${before}`)]).toEqual([[now], [now, before]])
  })
  test.each([`${now},`, `,${now}`, `${now},,${before}`, ',', ' ', `${now}, `, 'short'])(
    'refuses %j: an empty secret is invalid',
    (text) => {
      expect(() => read(text)).toThrow(/STINT_SLACK_SIGNING_SECRETS/)
    },
  )
})

describe('secrets by issuer', () => {
  test.each(['s3cr3t-of-the-directory', '"text"', '["a"]', '{"people":1}', '{"people":""}', 'null'])(
    'refuses %s and does not show it',
    (text) => {
      for (const read of [
        () => slackDeploymentFrom(env({ STINT_DIRECTORY_TOKENS: text }), {} as FunctionDeployment),
        () => webFrom(env({ STINT_SIGN_IN_SECRETS: text })),
      ])
        expect(read).toThrow(/^STINT_\w+ must be a JSON object with a string for each issuer$/)
    },
  )
  test('reads them', () => {
    const { slack } = slackDeploymentFrom(env({ STINT_DIRECTORY_TOKENS: '{"people":"t"}' }), {} as FunctionDeployment)
    expect(slack.directoryTokens).toEqual({ people: 't' })
  })
})
