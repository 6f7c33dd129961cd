/** The answers that a new folder is made from, and the check of each. */
export const presets = {
  okta: { name: 'Okta', at: 'URL of the authorization server', example: 'https://acme.okta.com/oauth2/aus1example' },
  entra: { name: 'Microsoft Entra ID', at: 'tenant ID', example: '72f988bf-86f1-41af-91ab-2d7cd011db47' },
  cognito: { name: 'Amazon Cognito', at: 'user pool ID', example: 'eu-central-1_AbCdEfGhI' },
  keycloak: { name: 'Keycloak', at: 'URL of the realm', example: 'https://login.acme.com/realms/acme' },
  auth0: { name: 'Auth0', at: 'domain', example: 'acme.eu.auth0.com' },
  oidc: { name: 'Another OpenID Connect provider', at: 'URL of the issuer', example: 'https://login.acme.com' },
} as const
export type PresetName = keyof typeof presets

/** What flags or questions gave, before it is checked. */
export type Given = { readonly [name in 'domain' | 'issuer' | 'issuerAt' | 'account' | 'region' | 'slack']?: string | undefined }

export type Slack = { readonly team: string; readonly app: string; readonly channel: string }
export type Answers = {
  /** A domain of the company. Names are made from it. */
  readonly domain: string
  readonly issuer: PresetName
  /** The issuer's address. Its form depends on the preset. */
  readonly issuerAt: string
  readonly account: string
  readonly region: string
  readonly slack: Slack | undefined
}

/** The URL becomes part of source code, so it must not contain quotes. */
const url = (text: string) => URL.canParse(text) && /^https:\/\/[\w.:/%~-]+$/.test(text)
const DOMAIN = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/
const issuerForms: { readonly [preset in PresetName]: (text: string) => boolean } = {
  okta: url,
  entra: (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text),
  cognito: (text) => /^[a-z]{2}(-[a-z]+)+-\d_[A-Za-z0-9]+$/.test(text),
  keycloak: (text) => url(text) && /\/realms\/[^/]+$/.test(text),
  auth0: (text) => DOMAIN.test(text),
  oidc: url,
}

/** What is wrong with an answer, or undefined. */
export const faults = {
  domain: (text: string) => (DOMAIN.test(text) ? undefined : `"${text}" is not a valid domain. Use one such as acme.com.`),
  issuer: (text: string) =>
    Object.hasOwn(presets, text) ? undefined : `"${text}" is not a valid issuer. Use one of ${Object.keys(presets).join(', ')}.`,
  issuerAt: (preset: PresetName, text: string) =>
    issuerForms[preset](text)
      ? undefined
      : `"${text}" is not a valid ${presets[preset].at} of ${presets[preset].name}. Use one such as ${presets[preset].example}.`,
  account: (text: string) => (/^\d{12}$/.test(text) ? undefined : `"${text}" is not a valid AWS account ID. It has 12 digits.`),
  region: (text: string) =>
    /^[a-z]{2}(-[a-z]+)+-\d$/.test(text) ? undefined : `"${text}" is not a valid AWS region. Use one such as eu-central-1.`,
  slack: (text: string) =>
    slackOf(text)
      ? undefined
      : `"${text}" is not valid for Slack. Use the IDs of the team, the app and a channel, such as T0ACME,A0STINT,C0ACCESS.`,
}

export function slackOf(text: string): Slack | undefined {
  const [, team, app, channel] = /^(T[A-Z0-9]+),(A[A-Z0-9]+),(C[A-Z0-9]+)$/.exec(text) ?? []
  return team && app && channel ? { team, app, channel } : undefined
}
