/**
 * Known ways from some permissions to all of them. Each is a list of actions that together are enough; the first decides how far it
 * goes, such as `iam:PassRole` on which roles. Sources: [R] S. Gietzen, Rhino Security Labs, "AWS IAM Privilege Escalation: Methods and
 * Mitigation" (2018) and its parts 2 and 3; [B] S. Moody, Bishop Fox, "IAM Vulnerable" (2021); [H] Hacking the Cloud, "AWS IAM
 * Privilege Escalation Techniques"; [P] Datadog, pathfinding.cloud. Read as descriptions; nothing is copied.
 */
export type Path = { readonly actions: readonly string[]; readonly what: string; readonly source: 'R' | 'B' | 'H' | 'P' }

const path = (source: Path['source'], what: string, ...actions: readonly string[]): Path => ({ actions, what, source })
const pass = (source: Path['source'], what: string, ...actions: readonly string[]): Path => path(source, what, 'iam:PassRole', ...actions)

export const paths: readonly Path[] = [
  path('R', 'writes a new version of a managed policy', 'iam:CreatePolicyVersion'),
  path('R', 'goes back to a wider version of a managed policy', 'iam:SetDefaultPolicyVersion'),
  path('R', 'makes access keys of another user', 'iam:CreateAccessKey'),
  path('R', 'makes a console password of another user', 'iam:CreateLoginProfile'),
  path('R', 'changes the console password of another user', 'iam:UpdateLoginProfile'),
  path('R', 'attaches any managed policy to a user', 'iam:AttachUserPolicy'),
  path('R', 'attaches any managed policy to a group', 'iam:AttachGroupPolicy'),
  path('R', 'attaches any managed policy to a role', 'iam:AttachRolePolicy'),
  path('R', 'writes any inline policy of a user', 'iam:PutUserPolicy'),
  path('R', 'writes any inline policy of a group', 'iam:PutGroupPolicy'),
  path('R', 'writes any inline policy of a role', 'iam:PutRolePolicy'),
  path('R', 'joins a group of administrators', 'iam:AddUserToGroup'),
  path('R', 'lets anyone assume a role', 'iam:UpdateAssumeRolePolicy'),
  path('B', 'lifts the permissions boundary of a role', 'iam:DeleteRolePermissionsBoundary'),
  path('B', 'replaces the permissions boundary of a role', 'iam:PutRolePermissionsBoundary'),
  path('B', 'lifts the permissions boundary of a user', 'iam:DeleteUserPermissionsBoundary'),
  path('H', 'resets the MFA of another user', 'iam:DeactivateMFADevice', 'iam:UpdateLoginProfile'),
  path('R', 'runs code with the role of a function', 'lambda:UpdateFunctionCode'),
  path('R', 'runs a layer of its own with the role of a function', 'lambda:UpdateFunctionConfiguration'),
  path('R', 'runs code with the role of an endpoint', 'glue:UpdateDevEndpoint'),
  path('B', 'runs commands with the role of an instance', 'ssm:SendCommand'),
  path('B', 'opens a shell with the role of an instance', 'ssm:StartSession'),
  path('B', 'signs in to an instance that has a role', 'ec2-instance-connect:SendSSHPublicKey'),
  path('B', 'opens a notebook that has a role', 'sagemaker:CreatePresignedNotebookInstanceUrl'),
  path('H', 'runs commands in a task that has a role', 'ecs:ExecuteCommand'),
  path('P', 'gives itself any account through IAM Identity Center', 'sso:CreateAccountAssignment'),
  path('P', 'widens a permission set of IAM Identity Center', 'sso:AttachManagedPolicyToPermissionSet'),
  path('P', 'widens a permission set of IAM Identity Center', 'sso:PutInlinePolicyToPermissionSet'),
  path('P', 'changes the stack of a stronger role', 'cloudformation:CreateChangeSet', 'cloudformation:ExecuteChangeSet'),
  path('P', 'changes the buildspec of a project that has a role', 'codebuild:UpdateProject', 'codebuild:StartBuild'),
  pass('R', 'starts an instance with a stronger role', 'ec2:RunInstances'),
  pass('H', 'gives an instance a stronger role', 'ec2:AssociateIamInstanceProfile'),
  pass('H', 'gives an instance a stronger role', 'ec2:ReplaceIamInstanceProfileAssociation'),
  pass('R', 'runs a function with a stronger role', 'lambda:CreateFunction', 'lambda:InvokeFunction'),
  pass('R', 'runs a function with a stronger role', 'lambda:CreateFunction', 'lambda:CreateEventSourceMapping'),
  pass('R', 'runs a function with a stronger role', 'lambda:CreateFunction', 'lambda:AddPermission'),
  pass('P', 'runs a function with a stronger role', 'lambda:CreateFunction', 'lambda:CreateFunctionUrlConfig'),
  pass('R', 'makes an endpoint with a stronger role', 'glue:CreateDevEndpoint'),
  pass('B', 'runs a job with a stronger role', 'glue:CreateJob', 'glue:StartJobRun'),
  pass('B', 'runs a job with a stronger role', 'glue:UpdateJob', 'glue:StartJobRun'),
  pass('R', 'makes a stack with a stronger role', 'cloudformation:CreateStack'),
  pass('R', 'runs a pipeline with a stronger role', 'datapipeline:CreatePipeline', 'datapipeline:PutPipelineDefinition'),
  pass('B', 'makes a notebook with a stronger role', 'sagemaker:CreateNotebookInstance', 'sagemaker:CreatePresignedNotebookInstanceUrl'),
  pass('B', 'runs a training job with a stronger role', 'sagemaker:CreateTrainingJob'),
  pass('B', 'runs a processing job with a stronger role', 'sagemaker:CreateProcessingJob'),
  pass('B', 'builds with a stronger role', 'codebuild:CreateProject', 'codebuild:StartBuild'),
  pass('H', 'runs a task with a stronger role', 'ecs:RegisterTaskDefinition', 'ecs:RunTask'),
  pass('H', 'runs a service with a stronger role', 'ecs:RegisterTaskDefinition', 'ecs:CreateService'),
  pass('H', 'starts instances with a stronger role', 'autoscaling:CreateLaunchConfiguration', 'autoscaling:CreateAutoScalingGroup'),
  pass('H', 'runs a state machine with a stronger role', 'states:CreateStateMachine', 'states:StartExecution'),
  pass('P', 'runs a service with a stronger role', 'apprunner:CreateService'),
  pass('P', 'runs a batch job with a stronger role', 'batch:RegisterJobDefinition', 'batch:SubmitJob'),
  pass('P', 'runs commands with a stronger role', 'ssm:StartAutomationExecution'),
  pass('P', 'runs code with a stronger role', 'bedrock-agentcore:CreateCodeInterpreter', 'bedrock-agentcore:InvokeCodeInterpreter'),
]
