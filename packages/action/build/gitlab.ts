/**
 * Writes the GitLab template: `node packages/action/build/gitlab.ts`. GitLab releases a component's YAML file alone, so the
 * shell that it shares with the Buildkite plugin stands in it; a test holds the copy to the original.
 */
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const file = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))
export const TEMPLATE = file('gitlab/templates/stint.yml')

const indent = (text: string, by: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? '' : by + line))
    .join('\n')

/** Inputs go into variables and from there into the shell, never into its text. `regex` keeps out what GitLab would expand. */
const input = (name: string, description: string, regex?: string, optional = true): string =>
  `    ${name}:\n      description: ${description}\n${optional ? "      default: ''\n" : ''}${regex === undefined ? '' : `      regex: '${regex}'\n`}`

export const gitlabTemplate = (): string => `# Made by packages/action/build/gitlab.ts.
spec:
  inputs:
    as:
      description: The hidden job to extend is called .NAME
      default: stint
      regex: '^[a-z][a-z0-9-]*$'
${input('stint-url', 'The URL of your broker', '^https?://[^\\s$]+$', false)}${input('profile', 'The profile to enter', '^[a-z0-9][a-z0-9-]{0,47}$', false)}${input('audience', "The audience of the job's token, as the broker knows itself", '^[^\\s$]+$', false)}${input('parameters', 'Parameters of the profile, one name=value a line', '^[^$]*$')}${input('aws-region', "AWS Region; that of the profile's target if empty", '^[a-z0-9-]*$')}${input('role-duration-seconds', "Duration in seconds; the profile's default if empty", '^[0-9]*$')}${input('allowed-account-ids', 'A comma-delimited list of expected AWS account IDs', '^[0-9, ]*$')}${input('justification', 'Why, where the profile asks for it', '^[^$]*$')}${input('ticket', 'What it is for, as your issue tracker names it', '^[A-Za-z0-9._:/#-]*$')}${input('request-id', 'A request that was agreed to, whose use this is', '^[A-Za-z0-9_]*$')}---
# extends: .stint gives a job credentials before its script begins. A job with a before_script of its own says
# before_script: [!reference [.stint, before_script], …].
".$[[ inputs.as ]]":
  id_tokens:
    STINT_ID_TOKEN:
      aud: $[[ inputs.audience ]]
  variables:
    STINT_URL: $[[ inputs.stint-url ]]
    STINT_PROFILE: $[[ inputs.profile ]]
    STINT_PARAMETERS: $[[ inputs.parameters ]]
    STINT_REGION: $[[ inputs.aws-region ]]
    STINT_DURATION: $[[ inputs.role-duration-seconds ]]
    STINT_ALLOWED_ACCOUNT_IDS: $[[ inputs.allowed-account-ids ]]
    STINT_JUSTIFICATION: $[[ inputs.justification ]]
    STINT_TICKET: $[[ inputs.ticket ]]
    STINT_REQUEST_ID: $[[ inputs.request-id ]]
  before_script:
    - |
${indent(readFileSync(file('stint-buildkite-plugin/lib/stint.sh'), 'utf8'), '      ')}
    - stint_credentials || exit 1
`

if (import.meta.main) await writeFile(TEMPLATE, gitlabTemplate())
