/** One person, and the Slack users that they are linked to one after the other, in a ledger of their own. */
import type { Done } from '@stint/core/outcome'
import { ledgerInProcess, must } from '../../adapters/dynamodb/testing/ledger.ts'
import { linking } from '../../approvals/link.ts'

export function linkedPerson(now: number) {
  const { ledger } = ledgerInProcess()
  let drawn = 0
  const links = linking(ledger, (count) => new Uint8Array(count).fill(++drawn))
  const person = { caller: { issuer: 'people', subject: 'dana', name: 'Dana', kind: 'human' }, identity: 'dana' } as const
  const linkTo = async (user: string) => {
    const origin = { source: `slack:T1/${user}`, token: 'f'.repeat(64) }
    const { code } = await must(links.offer(person, now) as Promise<Done<{ readonly code: string }>>)
    await links.claim(code, { team: 'T1', user, name: user }, now, origin)
    await links.confirm(person, { team: 'T1', user }, now, origin)
  }
  return {
    links,
    linkTo,
    linked: async () => (await must(links.slackOf(person.caller, now) as Promise<Done<{ user: string } | undefined>>))?.user,
  }
}
