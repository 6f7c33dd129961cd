/** Slack: the sandbox's workspace, reached over the simulated network, and its people, whose actions become signed requests. */
import { personAt, type SignedForm } from '@stint/sandbox/slack/person'
import { createWorkspace, type MemberName, members, type Workspace } from '@stint/sandbox/slack/workspace'
import type { Machine, Network } from './network.ts'
import type { World } from './world.ts'

type Answer = { readonly status: number; readonly body: string; readonly retryAfter?: number }

export class Slack {
  readonly workspace: Workspace
  readonly #sender: Parameters<typeof personAt>[0]

  constructor(world: World, signingSecret: string) {
    const clock = () => world.now
    this.workspace = createWorkspace(clock)
    this.#sender = { workspace: this.workspace, broker: '', slack: 'https://slack.sim', signingSecret, clock }
  }
  request(name: MemberName): ReturnType<typeof personAt>['request'] {
    return personAt(this.#sender, members[name]).request
  }
  /** The `fetch` of a machine, for the Web API and for `response_url`s. */
  fetchOn(network: Network, machine: Machine): typeof fetch {
    const { workspace } = this
    return (async (url: string | URL, init: RequestInit) => {
      const { pathname } = new URL(String(url))
      const [, kind = '', name = ''] = pathname.split('/')
      const isApi = kind === 'api'
      const { status, body, retryAfter } = await network.exchange<Answer>(machine, {
        step: isApi ? `slack ${name}` : 'slack response_url',
        service: 'slack',
        effect: () => {
          const { retryAfter, ...answer } = isApi
            ? workspace.call(name, new Map(new URLSearchParams(String(init.body))))
            : workspace.respond(name, JSON.parse(String(init.body)))
          return {
            status: retryAfter === undefined ? 200 : 429,
            body: JSON.stringify(answer),
            ...(retryAfter === undefined ? {} : { retryAfter }),
          }
        },
        failed: () => ({ status: 500, body: 'Internal Server Error' }),
        throttled: () => ({ status: 429, body: '{"ok":false,"error":"ratelimited"}', retryAfter: 30 }),
        garbled: (_answer, dice) => ({
          status: 200,
          body: dice.pick(['{"ok":true}', '<html></html>', '{"ok":true,"channel":"C0GENERAL","ts":"1.1"}']),
        }),
        deadlineMs: 8000,
      })
      return new Response(body, {
        status,
        headers: { 'content-type': 'application/json', ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }) },
      })
    }) as typeof fetch
  }
}
export type { SignedForm }
