/**
 * Checks a deployment before it creates any resource. Without this check, AWS would refuse one resource after the other in the middle of
 * the first deployment, or the deployment would succeed and be useless.
 */
import type { Manifest } from '@stint/broker/build/deployment'
import { adoptable } from './adoptable.ts'
import type { Settings } from './settings.ts'

export type Finding = { readonly stops: boolean; readonly what: string; readonly fix: string }

type Facts = {
  readonly stage: string
  /** Its data outlives the stage: `removal: 'retain'`. */
  readonly kept: boolean
  readonly settings: Pick<Settings, 'alarmsTo' | 'reserveConcurrency' | 'userPool' | 'adopt'>
  readonly manifest: Pick<Manifest, 'slack' | 'directories' | 'signIn' | 'placeholders'>
  readonly hasSecret: (name: string) => boolean
  /** The account's quota of concurrent executions. Absent if it could not be read. */
  readonly concurrency?: number
}

/** AWS Lambda Developer Guide, "Configuring reserved concurrency": 100 executions must remain unreserved. Four functions reserve one each. */
const LEAST_CONCURRENCY = 104

export const preflight = (facts: Facts): readonly Finding[] => [
  ...secretFindings(facts),
  ...placeholderFindings(facts),
  ...adoptFindings(facts),
  ...stageFindings(facts),
  ...concurrencyFindings(facts),
  ...alarmFindings(facts),
]

function secretFindings({ stage, manifest, settings, hasSecret }: Facts): readonly Finding[] {
  const { slack, directories, signIn } = manifest
  const needed: readonly (readonly [string, string, boolean, string])[] = [
    ['SlackToken', "It holds the bot token of your Slack app, which the config's `slack` needs", slack, 'xoxb-…'],
    [
      'SlackSigningSecrets',
      "It holds the signing secrets of your Slack app, separated by commas, which the config's `slack` needs",
      slack,
      '…',
    ],
    [
      'DirectoryTokens',
      `It holds a JSON object with a token for ${directories.join(', ')}, which the config's \`directories\` needs`,
      directories.length > 0,
      `'${JSON.stringify(Object.fromEntries(directories.map((name) => [name, '…'])))}'`,
    ],
    [
      'SignInSecrets',
      `It holds a JSON object with the client secret of ${signIn.join(', ')}, or {} if the clients are public. The config's \`signIn\` needs it`,
      signIn.length > 0 && !settings.userPool,
      "'{}'",
    ],
  ]
  return needed.flatMap(([name, why, isNeeded, value]) =>
    isNeeded && !hasSecret(name)
      ? [{ stops: true, what: `The secret ${name} is missing. ${why}.`, fix: `npx sst secret set ${name} ${value} --stage ${stage}` }]
      : [],
  )
}

/** Names that can never be real. A stage that is removed with its data may have them, to try a deployment. */
function placeholderFindings({ kept, manifest: { placeholders } }: Facts): readonly Finding[] {
  if (placeholders.length === 0) return []
  return [
    {
      stops: kept,
      what: `The config still has example names: ${placeholders.join(', ')}. Sign-in and sessions do not work with these names.`,
      fix: 'Replace them in stint.config.ts, or set their bindings in sst.config.ts.',
    },
  ]
}

/** SST does not check types, and a name that no resource has would be ignored. */
function adoptFindings({ settings: { adopt = {} } }: Facts): readonly Finding[] {
  const names: readonly string[] = adoptable
  return Object.keys(adopt)
    .filter((name) => !names.includes(name))
    .map((name) => ({
      stops: true,
      what: `The setting adopt has the unknown resource ${name}.`,
      fix: `Use only these names in sst.config.ts: ${names.join(', ')}.`,
    }))
}

/** The prefix of a Cognito domain (Amazon Cognito Developer Guide, "Configuring a user pool domain"). */
function stageFindings({ stage, settings: { userPool } }: Facts): readonly Finding[] {
  const prefix = `stint-${stage}-123456789012`
  const reserved = ['aws', 'amazon', 'cognito'].find((word) => stage.toLowerCase().includes(word))
  const fault =
    reserved !== undefined
      ? `must not contain '${reserved}'`
      : !/^[a-z0-9-]+$/.test(stage)
        ? 'must have lower-case letters, digits and hyphens only'
        : prefix.length > 63
          ? 'is too long'
          : undefined
  if (!userPool || fault === undefined) return []
  return [
    {
      stops: true,
      what: `The stage '${stage}' ${fault}, because it is part of the user pool's domain.`,
      fix: 'Choose another stage, or set userPool: false in sst.config.ts.',
    },
  ]
}

function concurrencyFindings({ settings: { reserveConcurrency }, concurrency }: Facts): readonly Finding[] {
  if (!reserveConcurrency) return []
  const fix = `Request ${LEAST_CONCURRENCY} or more in Service Quotas ("Concurrent executions" of AWS Lambda), or set reserveConcurrency: false in sst.config.ts.`
  if (concurrency === undefined)
    return [{ stops: false, what: 'The quota of concurrent executions could not be read (servicequotas:GetServiceQuota).', fix }]
  if (concurrency >= LEAST_CONCURRENCY) return []
  return [
    {
      stops: true,
      what: `This account can run ${concurrency} functions at once, and reserveConcurrency needs ${LEAST_CONCURRENCY}.`,
      fix,
    },
  ]
}

function alarmFindings({ kept, settings: { alarmsTo } }: Facts): readonly Finding[] {
  if (!kept || alarmsTo.length > 0) return []
  return [
    {
      stops: false,
      what: 'No one receives the alarms of this stage.',
      fix: 'Set alarmsTo in sst.config.ts, or subscribe to the topic.',
    },
  ]
}

export const findingsText = (findings: readonly Finding[]): string =>
  findings.map(({ stops, what, fix }) => `${stops ? 'error' : 'warning'}: ${what}\n  ${fix}\n`).join('')
