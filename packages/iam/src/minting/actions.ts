/**
 * Minting actions: those with which a session could create access that outlives it. This file lists them, and the short
 * patterns with which a Deny names them. It is part of the `vend` bundle, so it contains nothing else. `catalogue.ts` says what
 * each action creates and where AWS documents it.
 *
 * A row is a pattern and every minting action that it matches; a pattern without a wildcard matches itself. The names of a row
 * share its service, so they are written without it. Any other action that a pattern matches must be in `harmless`: a test
 * checks this against all actions of AWS.
 */
const rows: readonly (readonly [pattern: string, names?: string])[] = [
  ['sts:AssumeRo*', 'AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity AssumeRoot'],
  ['sts:Get*Token', 'GetFederationToken GetSessionToken GetDelegatedAccessToken GetWebIdentityToken GetServiceBearerToken'],
  ['iam:AcceptD*', 'AcceptDelegationRequest'],
  ['iam:SendD*', 'SendDelegationToken'],
  ['iam:Cre*Key', 'CreateAccessKey'],
  ['iam:*ateLogin*', 'CreateLoginProfile UpdateLoginProfile'],
  ['iam:ChangeP*', 'ChangePassword'],
  ['iam:Cre*tial', 'CreateServiceSpecificCredential'],
  ['iam:Res*tial', 'ResetServiceSpecificCredential'],
  ['iam:UploadSS*', 'UploadSSHPublicKey'],
  ['iam:UploadSi*', 'UploadSigningCertificate'],
  ['signin:Auth*s', 'AuthorizeOAuth2Access'],
  ['signin:C*Token', 'CreateOAuth2Token'],
  ['ssm:*Token', 'GetAccessToken RequestManagedInstanceRoleToken'],
  ['ssm:C*vation', 'CreateActivation'],
  ['s3:GetDataA*', 'GetDataAccess'],
  ['s3express:*Session', 'CreateSession'],
  ['ecr:*Token', 'GetAuthorizationToken'],
  ['ecr-public:*Token', 'GetAuthorizationToken'],
  ['codeartifact:*Token', 'GetAuthorizationToken'],
  ['lakeformation:*tials', 'GetTemporaryGlueTableCredentials GetTemporaryGluePartitionCredentials'],
  ['lakeformation:GetDataA*', 'GetDataAccess'],
  ['cognito-identity:GetC*', 'GetCredentialsForIdentity'],
  ['cognito-identity:GetO*', 'GetOpenIdToken GetOpenIdTokenForDeveloperIdentity'],
  ['cognito-idp:AdminS*word', 'AdminSetUserPassword'],
  ['sso-oauth:Cre*', 'CreateTokenWithIAM'],
  ['sso-directory:C*Token', 'CreateBearerToken'],
  ['sso-directory:*word', 'UpdatePassword'],
  ['redshift:GetCl*', 'GetClusterCredentials GetClusterCredentialsWithIAM'],
  ['redshift-serverless:*tials', 'GetCredentials'],
  [
    'bedrock-agentcore:Get*Token*',
    'GetWorkloadAccessToken GetWorkloadAccessTokenForJWT GetWorkloadAccessTokenForUserId GetResourceOauth2Token GetResourcePaymentToken',
  ],
  ['bedrock-agentcore:GetR*Key', 'GetResourceApiKey'],
  ['codeconnections:*Token', 'GetConnectionToken GetIndividualAccessToken'],
  ['codestar-connections:*Token', 'GetConnectionToken GetIndividualAccessToken'],
  ['datazone:*tials', 'GetEnvironmentCredentials GetDomainExecutionRoleCredentials'],
  ['eks-auth:Ass*', 'AssumeRoleForPodIdentity'],
  [
    'deadline:Assu*',
    'AssumeFleetRoleForRead AssumeFleetRoleForWorker AssumeQueueRoleForRead AssumeQueueRoleForUser AssumeQueueRoleForWorker',
  ],
  ['cloudwatch:GetSpaceC*', 'GetSpaceCredentials GetSpaceCredentialsForOrganization'],
  ['license-manager:C*Token', 'CreateToken'],
  ['acm-pca:Iss*', 'IssueCertificate'],
  ['transfer:ImportS*', 'ImportSshPublicKey'],
  ['iot:CreateK*', 'CreateKeysAndCertificate'],
  ['iot:*Csr', 'CreateCertificateFromCsr'],
  ['iot:*Claim', 'CreateProvisioningClaim'],
  ['lightsail:Cre*sKey', 'CreateBucketAccessKey'],
  ['lightsail:Down*', 'DownloadDefaultKeyPair'],
  ['grafana:C*Key', 'CreateWorkspaceApiKey'],
  ['grafana:C*Token', 'CreateWorkspaceServiceAccountToken'],
  ['q:C*Token', 'CreateScimAccessToken'],
  ['ds:Res*word', 'ResetUserPassword'],
  ['finspace-api:*tials', 'GetProgrammaticAccessCredentials'],
  ['gamelift:*tials', 'RequestUploadCredentials'],
  ['glue:*tials', 'GlueNotebookRefreshCredentials'],
  ['cognito-idp:AdminI*Auth', 'AdminInitiateAuth'],
  ['cognito-idp:AdminRes*Ch*', 'AdminRespondToAuthChallenge'],
  ['redshift:*Token', 'GetIdentityCenterAuthToken'],
  ['redshift-serverless:*Token', 'GetIdentityCenterAuthToken'],
  ['license-manager:G*Token', 'GetAccessToken'],
  ['iot:RegisterCert*', 'RegisterCertificate RegisterCertificateWithoutCA'],
  ['iot:RegisterT*', 'RegisterThing'],
  ['workmail:Res*', 'ResetPassword'],
  ['chime:C*ApiKey', 'CreateApiKey'],
]

type MintingPattern = { readonly pattern: string; readonly actions: readonly string[] }

export const mintingPatterns: readonly MintingPattern[] = rows.map(([pattern, names]) => {
  const [service = '', name = ''] = pattern.split(':')
  return { pattern, actions: (names ?? name).split(' ').map((one) => `${service}:${one}`) }
})

/** Every minting action, spelled as AWS spells it. */
export const mintingActions: readonly string[] = mintingPatterns.flatMap(({ actions }) => actions)

/**
 * Actions that a minting action requires. Source: AWS CodeArtifact User Guide, "AWS CodeArtifact authentication and tokens";
 * Amazon ECR Public User Guide, "Registry authentication"; AWS Sign-In User Guide, "Login for AWS local development using
 * console credentials".
 */
const needs: { readonly [action: string]: readonly string[] } = {
  'codeartifact:GetAuthorizationToken': ['sts:GetServiceBearerToken'],
  'ecr-public:GetAuthorizationToken': ['sts:GetServiceBearerToken'],
  'signin:CreateOAuth2Token': ['signin:AuthorizeOAuth2Access'],
}

/** All actions that these names open: the actions themselves and those they require. */
export const openedBy = (mints: readonly string[]): ReadonlySet<string> => new Set(mints.flatMap((name) => [name, ...(needs[name] ?? [])]))
