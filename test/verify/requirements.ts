/**
 * What a guard in the source is for: the promises of docs/reliability.md, the practices of RFC 8725 section 3, and requirements of OWASP
 * ASVS 5.0: of chapters 3 and 7 what concerns browser sessions, and chapters 9 and 10. Each seeded bug removes one guard and names its requirements, and `guards-page.ts` writes the page from both.
 */

/** Each must have a guard whose removal makes a test fail. */
export const requirements = {
  // The texts are those of the table in docs/reliability.md.
  'promise 1': '',
  'promise 2': '',
  'promise 3': '',
  'promise 4': '',
  'promise 5': '',
  'promise 6': '',
  'promise 7': '',
  'promise 8': '',
  'promise 9': '',
  'RFC 8725 3.1': 'Perform algorithm verification',
  'RFC 8725 3.2': 'Use appropriate algorithms',
  'RFC 8725 3.3': 'Validate all cryptographic operations',
  'RFC 8725 3.4': 'Validate cryptographic inputs',
  'RFC 8725 3.5': 'Ensure that keys have enough entropy',
  'RFC 8725 3.7': 'Use UTF-8; one token, one reading',
  'RFC 8725 3.8': 'Validate issuer and subject',
  'RFC 8725 3.9': 'Use and validate the audience',
  'RFC 8725 3.10': 'Do not trust received claims such as kid, jku and x5u',
  'RFC 8725 3.11': 'Use explicit typing',
  'RFC 8725 3.12': 'Use rules that exclude each other for different kinds of tokens',
  'ASVS 3.3.1': 'Cookies have the Secure attribute and the prefix __Host-',
  'ASVS 3.5.1': 'Requests that change something cannot be forged by another site',
  'ASVS 3.7.2': 'The application redirects only to addresses of an allowlist',
  'ASVS 7.2.1': 'The session is verified by the server',
  'ASVS 7.2.4': 'A sign-in gives a new session and ends the one before',
  'ASVS 7.3.1': 'A session ends after a time without use',
  'ASVS 7.3.2': 'A session has an absolute end',
  'ASVS 7.4.1': 'A session that has ended is not accepted again',
  'ASVS 7.4.3': 'All sessions of a user can be ended',
  'ASVS 7.5.3': 'A sensitive decision needs a further authentication',
  'ASVS 9.1.1': 'The signature is verified before the content is used',
  'ASVS 9.1.2': 'Only algorithms of an allowlist are accepted, and never none',
  'ASVS 9.1.3': 'Keys come from configured sources only, never from the token',
  'ASVS 9.2.1': 'The time is within the validity of the token',
  'ASVS 9.2.2': 'The token is of the right type for its purpose',
  'ASVS 9.2.3': 'The token is meant for this service',
  'ASVS 10.1.1': 'Tokens are sent only to those who need them',
  'ASVS 10.1.2': 'A client accepts only the answer to a sign-in of the same browser and transaction',
  'ASVS 10.2.1': 'The code flow is protected against request forgery',
  'ASVS 10.2.2': 'A client of several issuers is protected against mix-up',
  'ASVS 10.2.3': 'A client requests only the scopes that it needs',
  'ASVS 10.3.1': 'Only access tokens for this service are accepted',
  'ASVS 10.3.2': 'Claims of the token are part of each decision',
  'ASVS 10.3.3': 'A user is identified by claims that cannot be reassigned',
  'ASVS 10.3.4': 'Strength and age of the sign-in are checked where a rule requires them',
  'ASVS 10.5.1': 'An ID token cannot be replayed',
  'ASVS 10.5.2': 'The user of an ID token is identified by a claim that cannot be reassigned',
  'ASVS 10.5.3': 'The metadata of an issuer must name the configured issuer',
  'ASVS 10.5.4': 'The audience of an ID token is this client',
} as const
export type Requirement = keyof typeof requirements

/** What has no guard here, and why. */
export const withoutGuard: { readonly [requirement: string]: string } = {
  'RFC 8725 3.6':
    'Compression of what is encrypted. Does not apply: Stint neither encrypts nor decrypts tokens. The attack corpus has tokens with an algorithm of encryption and with five segments, and each is refused.',
  'ASVS 9.2.4': 'For issuers that use one key for several audiences. Does not apply: Stint issues no tokens.',
  'ASVS 10.3.5':
    "Tokens that are bound to their sender (level 3). **Not met**: Stint accepts bearer tokens. With `replay: 'once'`, a token of the issuer gives one session per profile.",
  'ASVS 10.4.1 to 10.4.16':
    'For authorization servers. Does not apply: `POST /token` exchanges a token for AWS credentials, and issues no tokens, codes or refresh tokens.',
  'ASVS 10.5.5': 'Back-channel logout. Does not apply: Stint has no such endpoint. A logout token is refused as a token of a caller.',
  'ASVS 10.6.1, 10.6.2': 'For OpenID providers. Does not apply: Stint is not an OpenID provider.',
  'ASVS 10.7.1 to 10.7.3': 'Consent, for authorization servers. Does not apply: Stint asks no user for consent on behalf of a client.',
}

export type Guarding = {
  /** What the guard that the bug removes is for. Empty for what protects only convenience, or the machine of a user. */
  readonly guards: readonly Requirement[]
}
