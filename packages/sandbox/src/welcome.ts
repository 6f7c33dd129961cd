/** The output of `npm start`: addresses, and commands to paste. A test runs the commands exactly as printed. */
import { originOf } from '@stint/core/config/shape'
import type { SigningKey } from './aws/sigv4.ts'
import { program, START } from './place.ts'
import { type Ports, urlOf } from './ports.ts'
import type { Sandbox } from './sandbox.ts'

/** `examples`: lines for another config than the repository's, whose profiles these lines name. */
export function printWelcome({ urls, rules, secret, slack }: Sandbox, option: string, examples?: string): void {
  const log = originOf(rules).replace(/\/.*/, '')
  process.stdout.write(`
Stint sandbox · config ${rules.hash.slice(0, 12)} · Ctrl-C stops it

  Broker   ${urls.broker}    open it in a browser; the API: ${urls.broker}/docs
  Issuer   ${urls.issuer}    /people /tools /actions
  AWS      ${urls.aws}    STS, IAM, S3, DynamoDB, KMS, CloudTrail
${slack ? `  Slack    ${urls.slack}/?key=${secret}    a simulated workspace (docs/guides/slack.md)\n` : ''}  Key      ${secret}    your browser asks for it once, when you sign in

In another terminal:

${examples ?? companyLines(urls, option)}
  ${examples === undefined ? '5. ' : ''}Copy the audit log and verify it offline (docs/guides/auditing.md)
  STINT_TOKEN=$(${program('token', 'auditor', option)}) npx stint audit copy --from ${urls.broker}/audit/log --to ./log-copy/${log}
  npx stint audit verify --from ./log-copy/${log}

Other identities: second-developer approver oncall auditor tool ci-main ci-branch ci-fork ci-tag
`)
}

/** The company of `stint.config.ts`. */
const companyLines = (
  urls: Sandbox['urls'],
  option: string,
): string => `  1. Sign in as an engineer. With a browser, leave out BROWSER, and choose Dana Developer
  BROWSER='${program('browser', 'developer', option)}' npx stint login ${urls.broker}

  2. See what you can use
  npx stint profiles

  3. Enter with the AWS CLI: the log bucket is readable, the customer bucket is not
  npx stint exec logs-read -p bucket=acme-orders-logs -- aws --endpoint-url ${urls.aws} s3 cp s3://acme-orders-logs/2026/11/24/orders.log -
  npx stint exec logs-read -p bucket=acme-orders-logs -- aws --endpoint-url ${urls.aws} s3 cp s3://acme-customers/customers.csv -

  4. The same over HTTP, with a token of your own
  TOKEN=$(${program('token', 'developer', option)})
  curl -s ${urls.broker}/sessions -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
    -d '{"profile":"logs-read","parameters":{"bucket":"acme-orders-logs"},"duration":"15m"}'
`

export function printEnvironment(ports: Ports, region: string, key: Required<SigningKey>): void {
  const endpoint = urlOf(ports.aws)
  const variables = {
    AWS_ENDPOINT_URL_STS: endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_REGION: region,
    // The AWS CLI and boto3 read this one.
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    AWS_SESSION_TOKEN: key.sessionToken,
  }
  process.stdout.write(`# AWS ${endpoint}, region ${region}, issuer ${urlOf(ports.issuer)}. To start a broker with them:\n`)
  for (const [name, value] of Object.entries(variables)) process.stdout.write(`export ${name}='${value}'\n`)
  process.stdout.write(`${START} -- --only broker --port ${ports.broker}\n`)
}
