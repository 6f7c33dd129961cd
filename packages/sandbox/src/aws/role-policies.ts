/** The policies of the roles in the simulated AWS, as the target kit and the deployment make them. */
import type { PolicyJson } from '@stint/iam'

export const everything: PolicyJson = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }
export const trustOfLambda: PolicyJson = {
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
}

/** The role of a function, and that of a broker that is started on its own and combines all functions. */
const rolesOf = (brokerAccount: string, name: 'vend' | 'end') => ({
  AWS: [name, 'broker'].map((one) => `arn:aws:iam::${brokerAccount}:role/stint-${one}`),
})

/** The trust policy of a target role: only this broker, with Stint's external ID, and only sessions that Stint tagged. */
export function trustOfTarget(brokerAccount: string, externalId: string): PolicyJson {
  const Principal = rolesOf(brokerAccount, 'vend')
  const tagged = { Null: { 'aws:RequestTag/stint:session': 'false' } }
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal,
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'sts:ExternalId': externalId }, ...tagged },
      },
      // AWS sets only a few condition keys for each of these. The external ID is not among them.
      { Effect: 'Allow', Principal, Action: 'sts:TagSession', Condition: tagged },
      { Effect: 'Allow', Principal, Action: 'sts:SetSourceIdentity' },
    ],
  }
}

export const trustOfRevoker = (brokerAccount: string, externalId: string): PolicyJson => ({
  Version: '2012-10-17',
  Statement: {
    Effect: 'Allow',
    Principal: rolesOf(brokerAccount, 'end'),
    Action: 'sts:AssumeRole',
    Condition: { StringEquals: { 'sts:ExternalId': externalId } },
  },
})
export const permissionsOfRevoker = (roleArn: string): PolicyJson => ({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action: ['iam:PutRolePolicy', 'iam:GetRolePolicy', 'iam:DeleteRolePolicy'], Resource: roleArn },
})
