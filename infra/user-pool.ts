/**
 * A Cognito user pool for companies without an identity provider for people. It requires a second factor, and administrators create
 * the users. After the first deployment, write its IDs into stint.config.ts (`cognito({ … })`), so that the trust is reviewed.
 */
const GROUPS = ['developers', 'oncall', 'approvers', 'auditors']
/** Cognito accepts only exact URLs, and http only for `localhost`. */
const CLI_PORTS = [8421, 8422, 8423]
/** The second one is used if the config has other issuers for signing in, too. The pool is `people` in the config. */
const CALLBACKS = ['/sign-in/callback', '/sign-in/callback/people']

export function userPool(url: $util.Output<string>) {
  const account = aws.getCallerIdentityOutput().accountId
  const pool = new sst.aws.CognitoUserPool('People', {
    usernames: ['email'],
    mfa: 'on',
    softwareToken: true,
    domain: { prefix: $interpolate`stint-${$app.stage}-${account}` },
    transform: {
      userPool(args) {
        args.adminCreateUserConfig = { allowAdminCreateUserOnly: true }
        args.passwordPolicy = { minimumLength: 16, temporaryPasswordValidityDays: 3 }
        args.deletionProtection = $app.protect ? 'ACTIVE' : 'INACTIVE'
        return undefined
      },
    },
  })
  for (const name of GROUPS) new aws.cognito.UserGroup(`People${name}`, { name, userPoolId: pool.id })

  const common = {
    allowedOauthFlows: ['code'],
    allowedOauthScopes: ['openid', 'email', 'profile'],
    allowedOauthFlowsUserPoolClient: true,
    supportedIdentityProviders: ['COGNITO'],
    accessTokenValidity: 60,
    idTokenValidity: 60,
    tokenValidityUnits: { accessToken: 'minutes', idToken: 'minutes', refreshToken: 'hours' },
    refreshTokenValidity: 12,
    preventUserExistenceErrors: 'ENABLED',
    enableTokenRevocation: true,
  }
  const cli = pool.addClient('PeopleCli', {
    transform: {
      client: { ...common, generateSecret: false, callbackUrls: CLI_PORTS.map((port) => `http://localhost:${port}/callback`) },
    },
  })
  const web = pool.addClient('PeopleWeb', {
    transform: { client: { ...common, generateSecret: true, callbackUrls: CALLBACKS.map((path) => $interpolate`${url}${path}`) } },
  })
  return {
    issuer: $interpolate`https://cognito-idp.${aws.getRegionOutput().region}.amazonaws.com/${pool.id}`,
    signIn: pool.domainUrl,
    cli: cli.id,
    web: web.id,
    webSecret: web.secret,
  }
}
