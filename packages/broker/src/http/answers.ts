/**
 * The shapes of answers, for the OpenAPI document and for the contract tests that hold the routes to it. Nothing on the
 * road imports this file.
 */
import { problems } from '@stint/core/problem'
import * as v from 'valibot'

const text = v.string()
const time = v.pipe(v.string(), v.isoTimestamp())

export const problemBody = v.object({
  type: text,
  title: text,
  status: v.pipe(v.number(), v.integer()),
  code: v.picklist(Object.keys(problems) as [string, ...string[]]),
  detail: text,
  next: v.pipe(text, v.description('What to do next.')),
  trace: v.pipe(text, v.description('Names this answer in the logs.')),
})

const facts = {
  id: text,
  requestId: text,
  profile: text,
  account: text,
  roleArn: text,
  assumedRoleArn: text,
  sourceIdentity: v.optional(text),
  sessionName: text,
  tags: v.record(text, text),
  packedPolicySize: v.pipe(v.number(), v.integer()),
  issuedAt: time,
}

export const sessionAnswer = v.strictObject({
  ...facts,
  credentials: v.strictObject({ accessKeyId: text, secretAccessKey: text, sessionToken: text, expiration: time }),
})

export const consoleAnswer = v.strictObject({ ...facts, expiration: time, signInUrl: text })

export const processAnswer = v.strictObject({
  Version: v.literal(1),
  AccessKeyId: text,
  SecretAccessKey: text,
  SessionToken: text,
  Expiration: time,
  AccountId: text,
})

export const containerAnswer = v.strictObject({ AccessKeyId: text, SecretAccessKey: text, Token: text, Expiration: time })
export const containerProblem = v.strictObject({ Code: text, Message: text })

export const sessionView = v.strictObject({
  id: text,
  requestId: text,
  state: v.picklist(['reserved', 'issued', 'failed', 'abandoned', 'revoked']),
  caller: v.strictObject({ issuer: text, subject: text, name: text, kind: v.picklist(['human', 'workload']) }),
  profile: text,
  target: text,
  roleArn: text,
  sessionName: text,
  sourceIdentity: v.optional(text),
  duration: v.pipe(v.number(), v.integer()),
  reservedAt: time,
  hardEnd: time,
  issued: v.optional(
    v.strictObject({
      at: time,
      accessKeyId: text,
      assumedRoleArn: text,
      assumedRoleId: text,
      awsRequestId: text,
      packedPolicySize: v.pipe(v.number(), v.integer()),
      sends: v.pipe(v.number(), v.integer()),
      expiration: time,
    }),
  ),
  failure: v.optional(text),
})

export const sessionsPage = v.strictObject({ sessions: v.array(sessionView), next: v.optional(text) })

export const profileView = v.strictObject({
  id: text,
  description: v.optional(text),
  account: text,
  roleArn: text,
  access: v.picklist(['allowed', 'needs-approval', 'refused']),
  missing: v.array(v.picklist(['mfa-required', 'auth-too-old', 'source-ip', 'not-eligible'])),
  duration: v.strictObject({ default: text, max: text }),
  parameters: v.record(text, v.strictObject({ pattern: text, max: v.number(), wildcard: v.optional(v.literal(true)) })),
  justification: v.picklist(['required', 'optional']),
  approval: v.optional(
    v.strictObject({ approvers: v.number(), expiresAfter: text, window: text, maxUses: v.number(), breakGlass: v.boolean() }),
  ),
})

export const profilesList = v.strictObject({ profiles: v.array(profileView) })

const upOrDown = v.picklist(['up', 'down'])
export const health = v.strictObject({ status: v.literal('ok'), build: text, config: text })
export const readiness = v.strictObject({
  status: v.picklist(['ready', 'not-ready']),
  ledger: v.optional(upOrDown),
  issuers: v.optional(v.record(text, upOrDown)),
})
