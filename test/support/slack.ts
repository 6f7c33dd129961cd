/** What tests of Slack have in common: who is who, how they are linked, and how a request is asked for from there. */

import { fileURLToPath } from 'node:url'
import type { KnownBlock } from '@slack/types'
import type { MemberName, SlackMessage } from '@stint/sandbox/slack/workspace'
import { type Lab, startLab } from './lab.ts'
import { type TestSandbox, testSandbox } from './sandbox.ts'

export type Signer = 'developer' | 'second-developer' | 'approver' | 'oncall' | 'auditor'
export const textOf = (blocks: readonly KnownBlock[]): string => JSON.stringify(blocks)

const CONFIG = fileURLToPath(new URL('./slack.config.ts', import.meta.url))

/** A sandbox whose people the lab signs in: by its clock, which can be moved, and however often. */
export async function slackLab(options: Pick<Parameters<typeof testSandbox>[0] & object, 'intercept' | 'config'> = {}) {
  let sandbox: TestSandbox | undefined
  const lab: Lab = await startLab(() => sandbox?.now() ?? Date.now())
  sandbox = await testSandbox({ config: CONFIG, bindings: lab.bindings, ...options })
  const started = sandbox
  const tokenOf = (name: string, claims: object = {}) =>
    lab.token({
      sub: name,
      name,
      groups: name === 'auditor' ? ['auditors'] : [],
      auth_time: Math.floor(started.now() / 1000),
      ...claims,
    })
  return {
    ...slackIn(started, tokenOf, 'night'),
    sandbox: started,
    tokenOf,
    issuers: lab.issuers,
    close: async () => {
      await started.close()
      await lab.close()
    },
  }
}

/** `asked`: the profile that `ask` asks for, unless told another. */
export function slackIn(sandbox: TestSandbox, tokenOf: (name: string) => Promise<string> = sandbox.token, asked = 'break-glass') {
  const { slack } = sandbox
  if (!slack) throw new Error('the config has no Slack')
  const at = (name: MemberName) => slack.person(name)
  const lastSeen = (name: MemberName, channel: string): SlackMessage => at(name).sees(channel).at(-1) as SlackMessage

  async function call(method: string, path: string, token: string, body?: object) {
    const answer = await fetch(`${sandbox.urls.broker}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const text = await answer.text()
    return { status: answer.status, json: text === '' ? {} : JSON.parse(text) }
  }

  return {
    slack,
    at,
    call,
    lastSeen,
    /** What somebody's open modal says. */
    modal: (name: MemberName): string => textOf(at(name).open().view.blocks as KnownBlock[]),

    /** The whole way of linking: code, Slack, confirmation. Before the clock is moved: it takes a fresh sign-in. */
    async link(name: Signer): Promise<void> {
      const token = await tokenOf(name)
      const { code } = (await call('POST', '/slack/link', token, {})).json
      await at(name).command(`link ${code}`)
      const { pending } = (await call('GET', '/slack/link', token)).json
      const { status } = await call('POST', '/slack/link/confirm', token, { team: pending.team, user: pending.user })
      if (status !== 200) throw new Error(`${name} is not linked: ${status}`)
    },

    /** Asks from Slack; gives the request's id. */
    async ask(name: Signer, justification: string, more: Readonly<Record<string, string>> = {}, profile = asked): Promise<string> {
      await at(name).command('')
      await at(name).choose('profile', profile)
      await at(name).submit({ profile, justification, ...more })
      const id = /req_\w{26}/.exec(textOf(at(name).open().view.blocks as KnownBlock[]))?.[0]
      if (!id) throw new Error(`not asked: ${JSON.stringify(at(name).open())}`)
      slack.workspace.closeView(at(name).open().id)
      return id
    },
    /** The message of a request in a channel. */
    root: (id: string, channel = 'C0ACCESS'): SlackMessage | undefined =>
      slack.workspace.messages.find(
        (message) => message.channel === channel && !message.thread && !message.only && textOf(message.blocks).includes(id),
      ),
    stateOf: async (id: string): Promise<string> => {
      const { json } = await call('GET', `/requests/${id}`, await tokenOf('auditor'))
      return json.state
    },
  }
}
