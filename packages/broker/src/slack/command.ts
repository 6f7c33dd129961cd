/** The slash command: `/stint`, with `status`, `end`, `extend`, `link` and `unlink`. */
import { ownIdentity, withIdentity } from '@stint/core/identity/shown'
import { liveSessions, stateAt } from '@stint/core/request/request'
import { minute } from '@stint/core/request/summary'
import { isMemberAs, notAMember } from '../approvals/workspaces.ts'
import type { SlackReply, SlackTurn } from './handle.ts'
import type { SlackCall } from './payload.ts'
import { sessions } from './sessions.ts'
import { inLine } from './text.ts'
import { only, type SlackBroker, sourceOf, whoIn, wordsOf } from './turn.ts'

/** The most requests that `/stint status` lists. */
const RECENT = 8
/** The most live sessions that it lists of each. */
const MOST_SESSIONS = 3

const help = [
  '/stint: request access',
  '/stint status: show your requests and live sessions',
  '/stint end SESSION: end a session',
  '/stint extend REQUEST [JUSTIFICATION]: request more time, in the last half of a session',
  '/stint link CODE: link your Slack user. Run stint slack link to get a code',
  '/stint unlink: remove your link',
].join('\n')

/** `openAsk`: opens the form with which a person requests access. */
export function commands(broker: SlackBroker, openAsk: (trigger: string, turn: SlackTurn) => Promise<SlackReply>) {
  const { rules, ledger, linking, api, publicUrl } = broker

  async function command(call: Extract<SlackCall, { kind: 'command' }>, turn: SlackTurn): Promise<SlackReply> {
    const [word = '', ...rest] = call.text.split(/\s+/)
    switch (word.toLowerCase()) {
      case '':
      case 'ask':
        return openAsk(call.trigger, turn)
      case 'link':
        return only(await link(rest.join(''), turn))
      case 'unlink':
        return only(await unlink(turn))
      case 'status':
        return only(await status(turn))
      case 'end':
        return only(await end(rest[0] ?? '', rest[1]?.toLowerCase(), turn))
      case 'extend':
        return only(await extend(rest[0] ?? '', rest.slice(1).join(' '), turn))
      default:
        return only(help)
    }
  }

  const { end, extend } = sessions(broker)

  async function link(code: string, turn: SlackTurn): Promise<string> {
    if (code === '')
      return `Get a code: run stint slack link in a terminal, or open ${publicUrl}/link. Then enter it here: /stint link CODE`
    const user = await api.user(turn.slack.user)
    if (user.outcome !== 'done') return 'Slack did not confirm your user. Try again.'
    if (!rules.slack || !isMemberAs(rules.slack, user.value, turn.slack)) return notAMember
    const claimed = await linking.claim(code, { ...turn.slack, name: user.value.name }, turn.now, {
      source: sourceOf(turn),
      token: turn.hash,
    })
    if (claimed.outcome === 'unknown')
      return 'The ledger did not answer, so the code may or may not have been used. Enter the same command again.'
    if (claimed.outcome !== 'done') return wordsOf(claimed)
    return `Almost done. Confirm that this is you, ${withIdentity(user.value.name, turn.slack.user)}, where you got the code: in the terminal, or at ${publicUrl}/link. Ten minutes later, you can decide from Slack.`
  }

  async function unlink(turn: SlackTurn): Promise<string> {
    const found = await linking.ofSlack(turn.slack, turn.now)
    if (found.outcome === 'unknown') return wordsOf(found)
    if (!found.value) return 'You are not linked.'
    const ended = await linking.end(found.value.caller, 'unlinked', turn.now, {
      origin: { source: sourceOf(turn), token: turn.hash },
      only: turn.slack,
    })
    if (ended.outcome === 'unknown')
      return 'The ledger did not answer, so the link may or may not have been removed. Enter /stint unlink again.'
    return ended.outcome === 'done' ? 'You are no longer linked.' : wordsOf(ended)
  }

  async function status(turn: SlackTurn): Promise<string> {
    const known = await whoIn(broker, turn)
    if (known.outcome !== 'done') return wordsOf(known)
    const recent = await ledger.requestsOf(known.value.caller, RECENT)
    if (recent.outcome === 'unknown') return wordsOf(recent)
    const lines = recent.value.items.flatMap((request) => {
      const state = stateAt(request, turn.now)
      const until = state === 'pending' ? request.expiresAt : state === 'approved' ? request.windowExpiresAt : undefined
      const live = liveSessions(request, turn.now).filter((session) => session.state === 'issued')
      return [
        `${inLine(request.profile)}: ${state}${until === undefined ? '' : ` until ${minute(until)}`} · ${request.id}`,
        ...live.slice(0, MOST_SESSIONS).map(({ id, expiresAt }) => `  session until ${minute(expiresAt)} · ${id}`),
        ...(live.length > MOST_SESSIONS ? [`  and ${live.length - MOST_SESSIONS} more sessions`] : []),
      ]
    })
    const { caller } = known.value
    return [
      `You are ${withIdentity(caller.name, ownIdentity(caller))}.`,
      ...(lines.length > 0 ? lines : ['You have no recent requests.']),
    ].join('\n')
  }

  return command
}
