/**
 * Known ways from some permissions to all of them. Each is a list of actions that together are enough; the first decides how far it
 * goes, such as `iam:PassRole` on which roles. Sources: [R] S. Gietzen, Rhino Security Labs, "AWS IAM Privilege Escalation: Methods and
 * Mitigation" (2018) and its parts 2 and 3; [B] S. Moody, Bishop Fox, "IAM Vulnerable" (2021); [H] Hacking the Cloud, "AWS IAM
 * Privilege Escalation Techniques"; [P] Datadog, pathfinding.cloud. Read as descriptions; nothing is copied.
 */

export const PASS = 'iam:PassRole'

type Path = { readonly actions: readonly string[]; readonly what: string }

const path = (what: string, ...actions: readonly string[]): Path => ({ actions, what })
const pass = (what: string, ...actions: readonly string[]): Path => path(what, PASS, ...actions)

export const paths: readonly Path[] = [
  path('writes a new version of a managed policy', 'iam:CreatePolicyVersion'), // [R]
  path('goes back to a wider version of a managed policy', 'iam:SetDefaultPolicyVersion'), // [R]
  path('makes access keys of another user', 'iam:CreateAccessKey'), // [R]
  path('makes a console password of another user', 'iam:CreateLoginProfile'), // [R]
  path('changes the console password of another user', 'iam:UpdateLoginProfile'), // [R]
  path('attaches any managed policy to a user', 'iam:AttachUserPolicy'), // [R]
  path('attaches any managed policy to a group', 'iam:AttachGroupPolicy'), // [R]
  path('attaches any managed policy to a role', 'iam:AttachRolePolicy'), // [R]
  path('writes any inline policy of a user', 'iam:PutUserPolicy'), // [R]
  path('writes any inline policy of a group', 'iam:PutGroupPolicy'), // [R]
  path('writes any inline policy of a role', 'iam:PutRolePolicy'), // [R]
  path('joins a group of administrators', 'iam:AddUserToGroup'), // [R]
  path('lets anyone assume a role', 'iam:UpdateAssumeRolePolicy'), // [R]
  path('lifts the permissions boundary of a role', 'iam:DeleteRolePermissionsBoundary'), // [B]
  path('replaces the permissions boundary of a role', 'iam:PutRolePermissionsBoundary'), // [B]
  path('lifts the permissions boundary of a user', 'iam:DeleteUserPermissionsBoundary'), // [B]
  path('resets the MFA of another user', 'iam:DeactivateMFADevice', 'iam:UpdateLoginProfile'), // [H]
  path('runs code with the role of a function', 'lambda:UpdateFunctionCode'), // [R]
  path('runs a layer of its own with the role of a function', 'lambda:UpdateFunctionConfiguration'), // [R]
  path('runs code with the role of an endpoint', 'glue:UpdateDevEndpoint'), // [R]
  path('runs commands with the role of an instance', 'ssm:SendCommand'), // [B]
  path('opens a shell with the role of an instance', 'ssm:StartSession'), // [B]
  path('signs in to an instance that has a role', 'ec2-instance-connect:SendSSHPublicKey'), // [B]
  path('opens a notebook that has a role', 'sagemaker:CreatePresignedNotebookInstanceUrl'), // [B]
  path('runs commands in a task that has a role', 'ecs:ExecuteCommand'), // [H]
  path('gives itself any account through IAM Identity Center', 'sso:CreateAccountAssignment'), // [P]
  path('widens a permission set of IAM Identity Center', 'sso:AttachManagedPolicyToPermissionSet'), // [P]
  path('widens a permission set of IAM Identity Center', 'sso:PutInlinePolicyToPermissionSet'), // [P]
  path('changes the stack of a stronger role', 'cloudformation:CreateChangeSet', 'cloudformation:ExecuteChangeSet'), // [P]
  path('changes the buildspec of a project that has a role', 'codebuild:UpdateProject', 'codebuild:StartBuild'), // [P]
  pass('starts an instance with a stronger role', 'ec2:RunInstances'), // [R]
  pass('gives an instance a stronger role', 'ec2:AssociateIamInstanceProfile'), // [H]
  pass('gives an instance a stronger role', 'ec2:ReplaceIamInstanceProfileAssociation'), // [H]
  pass('runs a function with a stronger role', 'lambda:CreateFunction', 'lambda:InvokeFunction'), // [R]
  pass('runs a function with a stronger role', 'lambda:CreateFunction', 'lambda:CreateEventSourceMapping'), // [R]
  pass('runs a function with a stronger role', 'lambda:CreateFunction', 'lambda:AddPermission'), // [R]
  pass('runs a function with a stronger role', 'lambda:CreateFunction', 'lambda:CreateFunctionUrlConfig'), // [P]
  pass('makes an endpoint with a stronger role', 'glue:CreateDevEndpoint'), // [R]
  pass('runs a job with a stronger role', 'glue:CreateJob', 'glue:StartJobRun'), // [B]
  pass('runs a job with a stronger role', 'glue:UpdateJob', 'glue:StartJobRun'), // [B]
  pass('makes a stack with a stronger role', 'cloudformation:CreateStack'), // [R]
  pass('runs a pipeline with a stronger role', 'datapipeline:CreatePipeline', 'datapipeline:PutPipelineDefinition'), // [R]
  pass('makes a notebook with a stronger role', 'sagemaker:CreateNotebookInstance', 'sagemaker:CreatePresignedNotebookInstanceUrl'), // [B]
  pass('runs a training job with a stronger role', 'sagemaker:CreateTrainingJob'), // [B]
  pass('runs a processing job with a stronger role', 'sagemaker:CreateProcessingJob'), // [B]
  pass('builds with a stronger role', 'codebuild:CreateProject', 'codebuild:StartBuild'), // [B]
  pass('runs a task with a stronger role', 'ecs:RegisterTaskDefinition', 'ecs:RunTask'), // [H]
  pass('runs a service with a stronger role', 'ecs:RegisterTaskDefinition', 'ecs:CreateService'), // [H]
  pass('starts instances with a stronger role', 'autoscaling:CreateLaunchConfiguration', 'autoscaling:CreateAutoScalingGroup'), // [H]
  pass('runs a state machine with a stronger role', 'states:CreateStateMachine', 'states:StartExecution'), // [H]
  pass('runs a service with a stronger role', 'apprunner:CreateService'), // [P]
  pass('runs a batch job with a stronger role', 'batch:RegisterJobDefinition', 'batch:SubmitJob'), // [P]
  pass('runs commands with a stronger role', 'ssm:StartAutomationExecution'), // [P]
  pass('runs code with a stronger role', 'bedrock-agentcore:CreateCodeInterpreter', 'bedrock-agentcore:InvokeCodeInterpreter'), // [P]
]

/** The principals of services that take the role in another name than the prefix of their actions. */
const receivers: { readonly [prefix: string]: readonly string[] } = {
  apprunner: ['build.apprunner', 'tasks.apprunner'],
  autoscaling: ['ec2'],
  batch: ['batch', 'ecs-tasks'],
  ecs: ['ecs', 'ecs-tasks'],
}

/** The services that a way passes a role to, as `iam:PassedToService` names them. */
export const receiversOf = (actions: readonly string[]): readonly string[] =>
  actions
    .filter((action) => action !== PASS)
    .flatMap((action) => {
      const [prefix = ''] = action.split(':')
      return receivers[prefix] ?? [prefix]
    })
    .map((name) => `${name}.amazonaws.com`)
