/** `/stint unlink`, beside a person who links again. What the other words do is in test/e2e/slack.test.ts. */
import { expect, test } from 'vitest'
import { commands } from './command.ts'
import { linkedPerson } from './testing/links.ts'
import type { SlackBroker } from './turn.ts'

const NOW = Date.UTC(2026, 10, 25, 3)
const turn = { slack: { team: 'T1', user: 'U1' }, now: NOW, trace: 'a'.repeat(32), hash: 'f'.repeat(64) }
const call = { kind: 'command', text: 'unlink', trigger: '' } as Parameters<ReturnType<typeof commands>>[0]

test.each<[string, string[], string | undefined]>([
  ['removes the link', [], undefined],
  ['keeps a link with another Slack user that was made in the meantime', ['U2'], 'U2'],
])('/stint unlink %s', async (_name, meanwhile, left) => {
  const { links, linkTo, linked } = linkedPerson(NOW)
  await linkTo('U1')
  const ofSlack: typeof links.ofSlack = async (slack, now) => {
    const found = await links.ofSlack(slack, now)
    for (const user of meanwhile) await linkTo(user)
    return found
  }
  const broker = { rules: { issuers: {} }, linking: { ...links, ofSlack } } as unknown as SlackBroker
  const reply = await commands(broker, async () => undefined)(call, turn)
  expect(JSON.stringify(reply)).toContain('You are no longer linked.')
  expect(await linked()).toBe(left)
})
