/**
 * Code for POSIX shells, which `eval` runs: `format: env` of the API and `stint env` of the command line. Every value comes out as it went
 * in, and nothing in it is executed.
 */

/**
 * Variables that choose credentials or come with them. Each would win over, or be mixed with, what Stint sets. Settings such as
 * AWS_CA_BUNDLE, AWS_PAGER or AWS_ENDPOINT_URL stay. Source: AWS SDKs and Tools Reference Guide, "Environment variables list".
 */
export const STALE = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  // Older names, which the SDKs for Go, Ruby and Java still read when the ones above are not set.
  'AWS_ACCESS_KEY',
  'AWS_SECRET_KEY',
  'AMAZON_ACCESS_KEY_ID',
  'AMAZON_SECRET_ACCESS_KEY',
  'AMAZON_SESSION_TOKEN',
  // Wins over every key for calls to Bedrock (Amazon Bedrock User Guide, "Use an Amazon Bedrock API key").
  'AWS_BEARER_TOKEN_BEDROCK',
  'AWS_CREDENTIAL_EXPIRATION',
  'AWS_SESSION_EXPIRATION',
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_ROLE_ARN',
  'AWS_ROLE_SESSION_NAME',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
  'AWS_ACCOUNT_ID',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_VAULT',
] as const

/** Inside single quotes nothing is special but the quote (POSIX.1-2024, Shell Command Language, 2.2.2). */
export const quoted = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`

/** A word to show in a command: quoted only if a shell would read something into it, as zsh does with `=` at the start. */
export const shellWord = (value: string): string => (/^(?!=)[\w@%+=:,./-]+$/.test(value) ? value : quoted(value))

export const exportCode = (variables: Readonly<Record<string, string>>): string =>
  Object.entries(variables)
    .map(([name, value]) => `export ${name}=${quoted(value)}\n`)
    .join('')

export const unsetCode = (names: readonly string[]): string => `unset ${names.join(' ')}\n`

/** Makes `eval` return this code, without ending the user's shell. */
export const failCode = (code: number): string => `(exit ${code})\n`
