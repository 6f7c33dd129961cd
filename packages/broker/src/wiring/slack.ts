/**
 * Builds Slack's two functions from their parts: the entry point that answers Slack, and the notifier that keeps messages up to date. The
 * sandbox, Lambda and the tests all use this.
 */

import { defined } from '@stint/core/defined'
import { journalReader } from '../adapters/dynamodb/journal-reader.ts'
import { dynamoLedger } from '../adapters/dynamodb/ledger.ts'
import { getBytes } from '../adapters/https.ts'
import { scimDirectory } from '../adapters/scim.ts'
import { type SlackApi, slackApi } from '../adapters/slack.ts'
import { linking } from '../approvals/link.ts'
import type { ImmediateEnds } from '../ends/request-end.ts'
import type { SlackHandler } from '../slack/handle.ts'
import { slackAnswers } from '../slack/interactions.ts'
import type { NotifyParts } from '../slack/posting.ts'
import type { Deployment } from './broker.ts'
import { dynamoClient, ledgerSettings } from './dynamodb.ts'

export type SlackDeployment = Deployment & {
  readonly slack: {
    /** The bot's token (`xoxb-…`). */
    readonly token: string
    /** The app's signing secret and, during a rotation, the previous one. */
    readonly signingSecrets: readonly string[]
    /** The public URL of Stint's pages, without a trailing slash. */
    readonly publicUrl: string
    readonly fetch: typeof fetch
    /** The bearer token of each issuer's directory. */
    readonly directoryTokens: { readonly [issuer: string]: string }
    /** The sandbox's Slack; Slack itself if absent. */
    readonly at?: { readonly api: string; readonly responseHost: string }
  }
}

/** The timeout of a Web API call within Slack's limit of three seconds; the notifier has more time. */
const DOOR_TIMEOUT_MS = 1200
const NOTIFY_TIMEOUT_MS = 8000
const RESPONSE_HOST = 'hooks.slack.com'

export const apiOf = ({ slack, timers }: Pick<SlackDeployment, 'slack' | 'timers'>, timeoutMs: number): SlackApi =>
  slackApi({ token: slack.token, fetch: slack.fetch, timeoutMs, ...defined({ timers }), ...(slack.at ? { url: slack.at.api } : {}) })

export function openSlackHandler(deployment: SlackDeployment, { immediate }: { readonly immediate?: ImmediateEnds } = {}): SlackHandler {
  const { rules, clock, random, log, slack, timers = globalThis } = deployment
  if (!rules.slack) throw new TypeError('the config has no slack setting')
  if (slack.signingSecrets.length === 0) throw new Error('the environment variable STINT_SLACK_SIGNING_SECRETS is not set')
  const ledger = dynamoLedger(ledgerSettings(deployment))
  return {
    clock,
    random,
    log,
    state: ledger,
    secrets: slack.signingSecrets,
    pinned: { ...rules.slack, responseHost: slack.at?.responseHost ?? RESPONSE_HOST },
    answer: slackAnswers({
      rules,
      clock,
      log,
      ledger,
      ...defined({ immediate }),
      linking: linking(ledger, random),
      directory: scimDirectory({ rules, tokens: slack.directoryTokens, get: getBytes }),
      api: apiOf(deployment, DOOR_TIMEOUT_MS),
      publicUrl: slack.publicUrl,
      async respond(url, message) {
        const stop = new AbortController()
        const deadline = timers.setTimeout(() => stop.abort(), DOOR_TIMEOUT_MS)
        try {
          const answer = await slack.fetch(url, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(message),
            redirect: 'error',
            signal: stop.signal,
          })
          // Nothing depends on this response, so it is not read.
          await answer.body?.cancel()
        } catch (error) {
          // The decision was made or refused, whether or not this message could be sent.
          log({ event: 'slack-response-url', cause: (error as Error).name })
        } finally {
          timers.clearTimeout(deadline)
        }
      },
    }),
  }
}

export function openNotifier(deployment: SlackDeployment): NotifyParts {
  const { rules, clock, random, log, slack, tables } = deployment
  const ledger = dynamoLedger(ledgerSettings(deployment))
  return {
    rules,
    clock,
    log,
    ledger,
    journal: journalReader({ client: dynamoClient(deployment), storyTable: tables.story }),
    linking: linking(ledger, random),
    state: ledger,
    api: apiOf(deployment, NOTIFY_TIMEOUT_MS),
    publicUrl: slack.publicUrl,
  }
}
