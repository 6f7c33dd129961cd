/** Asks for what the flags do not give. */
import { isCancel, select, text } from '@clack/prompts'
import { type Answers, faults, type Given, type PresetName, presets } from './answers.ts'

export async function ask(given: Given, checked: (given: Given) => Answers): Promise<Answers> {
  const domain = given.domain ?? (await typed('A domain of your company', 'acme.com', faults.domain))
  const issuer = given.issuer ?? (await chosen())
  const { at, example } = presets[issuer as PresetName] ?? presets.oidc
  const issuerAt =
    given.issuerAt ?? (await typed(`The ${at}`, example, (value) => faults.issuer(issuer) ?? faults.issuerAt(issuer as PresetName, value)))
  const account = given.account ?? (await typed('The first AWS account that Stint gives access to', '123456789012', faults.account))
  const region = given.region ?? (await typed('The region in which Stint runs', 'eu-central-1', faults.region))
  const slack =
    given.slack ??
    (await typed('Slack: the IDs of the team, the app and a channel. Leave it empty for no Slack', 'T0ACME,A0STINT,C0ACCESS', (value) =>
      value === '' ? undefined : faults.slack(value),
    ))
  return checked({ domain, issuer, issuerAt, account, region, slack: slack === '' ? undefined : slack })
}

async function typed(message: string, placeholder: string, fault: (value: string) => string | undefined): Promise<string> {
  const answer = await text({ message, placeholder, validate: (value) => fault(value ?? '') })
  return isCancel(answer) ? stop() : answer
}

async function chosen(): Promise<string> {
  const options = Object.entries(presets).map(([value, { name }]) => ({ value, label: name }))
  const answer = await select({ message: 'Which identity provider do your people sign in with?', options })
  return isCancel(answer) ? stop() : answer
}

function stop(): never {
  process.exit(130)
}
