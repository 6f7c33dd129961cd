/** `stint.config.ts` and `test/access.ts` of a new folder. */
import type { Answers } from './answers.ts'
import { issuerOf, quoted } from './issuer.ts'

const key = ({ domain }: Pick<Answers, 'domain'>): string => (domain.split('.')[0] ?? '').slice(0, 12).replace(/-+$/, '')
const property = (name: string): string => (/^[a-z]\w*$/i.test(name) ? name : quoted(name))
const indented = (spaces: number, lines: readonly string[]): string => lines.map((line) => `${' '.repeat(spaces)}${line}`).join('\n')

/** `externalId`: random, one for each target. */
export function configFile(answers: Answers, externalId: () => string): string {
  const { domain, account, region, slack } = answers
  const { helper, lines, url, jwksUri, groups, endpoints } = issuerOf(answers, key(answers))
  const imports = ['binding', 'defineConfig', helper, 'includes'].sort()
  const within = (group: string) => `{ issuer: 'people', claims: { ${property(groups)}: includes('${group}') } }`
  const target = (name: string, role: string) => [
    `${quoted(name)}: {`,
    `  account: '${account}',`,
    `  roleArn: 'arn:aws:iam::${account}:role/stint/${role}',`,
    `  externalId: '${externalId()}',`,
    `  region: '${region}',`,
    '},',
  ]
  const address =
    helper === 'oidc'
      ? [
          `url: binding('PEOPLE_ISSUER', '${url}'),`,
          '// `stint lint --online` compares it with the issuer.',
          `jwksUri: binding('PEOPLE_JWKS', '${jwksUri}'),`,
        ]
      : [
          '// The preset has these addresses too. The bindings give them names, so that the sandbox can play the issuer.',
          `at: { url: binding('PEOPLE_ISSUER', '${url}'), jwksUri: binding('PEOPLE_JWKS', '${jwksUri}') },`,
        ]
  const signIn = endpoints
    ? `
  // How people sign in to Stint's pages and with \`stint login\`. Use the IDs of the clients that you register (docs/guides/issuers.md).
  signIn: {
    people: {
      authorizationEndpoint: binding('PEOPLE_AUTHORIZE', '${endpoints.authorize}'),
      tokenEndpoint: binding('PEOPLE_TOKEN', '${endpoints.token}'),
      clientId: 'stint-web',
      cli: { clientId: 'stint-cli', scope: 'openid offline_access' },
    },
  },
`
    : ''
  return `/** Who can access what. This file is the complete access policy: review it like code. */
import { ${imports.join(', ')} } from 'stint'

export default defineConfig({
  issuers: {
    // stint-lint-ignore responders-of-one-issuer: there is one directory of people; a deployment releases its freeze
    people: ${helper}({
      key: '${key(answers)}',
${indented(6, [...lines, "tokenUse: 'access',", ...address])}
    }),
  },

  targets: {
${indented(4, [...target('main-read', 'ReadOnly'), ...target('main-admin', 'Admin')])}
  },

  profiles: {
    'read-only': {
      target: 'main-read',
      description: 'Look at the resources of the account, not at its data',
      eligible: [${within('developers')}],
      policyArns: ['arn:aws:iam::aws:policy/job-function/ViewOnlyAccess'],
      duration: { default: '30m', max: '1h' },
    },
    admin: {
      target: 'main-admin',
      description: 'Administrator of the account, after an approval',
      eligible: [${within('developers')}],
      approval: { rules: [{ by: [${within('approvers')}], count: 1 }], expiresAfter: '30m', window: '1h', maxUses: 3 },
      justification: 'required',
      duration: { default: '30m', max: '1h' },
    },
  },
${signIn}${slack ? `\n  slack: { team: '${slack.team}', app: '${slack.app}', channel: '${slack.channel}' },\n` : ''}
  // The name of the audit log. It must never change.
  log: { origin: binding('LOG_ORIGIN', 'stint.${domain}/log') },

  // Responders can freeze access. A release takes two of them.
  responders: [${within('oncall')}, ${within('approvers')}],
  auditors: [${within('auditors')}],
})
`
}

/** Every profile with a caller who gets it and one who does not. */
export function accessFile(answers: Answers): string {
  const { groups } = issuerOf(answers, key(answers))
  return `/** Who gets which profile. \`npx stint test test/access.ts\` runs these rows against the config, so a change of the rules shows as a change of rows. */
import { type CaseCaller, defineCases } from 'stint'

const person = (sub: string, ...groups: string[]): CaseCaller => ({ issuer: 'people', claims: { sub, ${groups === 'groups' ? 'groups' : `${quoted(groups)}: groups`} } })

export default defineCases({
  callers: {
    developer: person('dev-1', 'developers'),
    approver: person('apr-1', 'approvers'),
    outsider: person('out-1'),
  },
  cases: [
    ['developer', 'read-only', 'allow'],
    ['developer', 'read-only', 'duration-invalid', { duration: '2h' }],
    ['developer', 'admin', 'approval', { justification: 'OPS-1: restore a backup' }],
    ['developer', 'admin', 'justification-required'],
  ],
  // Every other caller and profile is refused.
  rest: 'refused',
})
`
}
