/** The messages about links and freezes: one for each event. */
import { type FreezeId, parseScope } from '@stint/core/access/freeze'
import { mayStopResponder } from '@stint/core/access/responders'
import { eventIn, type Journaled } from '@stint/core/audit/journal-item'
import type { LinkId } from '@stint/core/identity/link'
import { days, type Instant, parseIso } from '@stint/core/instant'
import type { Post } from '../ports/slack-state.ts'
import { freezeMessage, linkMessage } from './messages.ts'
import type { SlackFailure } from './order.ts'
import { inChannel, journalOf, type NotifyParts, Posting } from './posting.ts'
import { approversNamed } from './request-messages.ts'

/** Notifies the Slack user that a link was made or ended. The person who did it sees the result in their own channel. */
export class LinkMessages extends Posting {
  async send(events: Journaled['events'], now: Instant): Promise<void> {
    for (const [index, one] of events.entries()) {
      const event = eventIn(one)
      if (!event || !['link.made', 'link.ended'].includes(event.type)) continue
      if ((parseIso(event.at) ?? 0) < now - SENT_FOR) continue
      // The key includes the time, because an erased journal starts again at index 0.
      const user = String(event.slack).split('/')[1] ?? ''
      if (!(await this.post(`event#${index}@${event.at}`, this.direct(user), linkMessage(event)))) return
    }
  }
}
/** Older events are not sent. This is longer than a message is retried. */
const SENT_FOR = days(3)

/**
 * Notifies all responders of a freeze that may stop one of them: in the channel, and directly those that the config names by `sub`.
 * Otherwise an attacker with one responder's account could freeze the others without their notice.
 */
export class FreezeMessages extends Posting {
  async send(events: Journaled['events'], now: Instant): Promise<void> {
    const { rules, linking } = this.parts
    for (const [index, one] of events.entries()) {
      const event = eventIn(one)
      if (!event || !notifiedTypes.includes(event.type)) continue
      if ((parseIso(event.at) ?? 0) < now - SENT_FOR) continue
      if (!mayStopResponder(rules, parseScope(String(event.scope)))) return
      const message = freezeMessage(event)
      const key = `event#${index}`
      const channel = rules.slack?.channel
      if (channel !== undefined) await this.post(`${key}#${channel}`, inChannel(channel), message)
      for (const responder of approversNamed(rules, [{ by: rules.responders ?? [] }])) {
        const slack = await linking.slackOf(responder, now)
        if (slack.outcome === 'unknown') this.faults.push({ cause: slack.cause })
        else if (slack.value) await this.post(`${key}#${slack.value.user}`, this.direct(slack.value.user), message)
      }
    }
  }
}
const notifiedTypes: readonly string[] = ['freeze.set', 'freeze.released', 'freeze.deploy-released']

/** Posts the events of a link or a freeze, each as a message of its own. */
export async function sendEvents(
  parts: NotifyParts,
  id: LinkId | FreezeId,
  messagesOf: (posts: readonly Post[]) => LinkMessages | FreezeMessages,
): Promise<readonly SlackFailure[]> {
  const [posts, journal] = await Promise.all([parts.state.posts(id), journalOf(parts, id)])
  for (const one of [posts, journal]) if (one.outcome === 'unknown') return [{ cause: one.cause }]
  if (posts.outcome !== 'done' || journal.outcome !== 'done') return []
  const messages = messagesOf(posts.value)
  await messages.send(journal.value?.events ?? [], parts.clock())
  return messages.faults
}
