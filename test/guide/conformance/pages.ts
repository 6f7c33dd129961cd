/**
 * The pages that the rows name, with their titles: https://docs.aws.amazon.com/IAM/latest/UserGuide/PAGE.html, or a page of the AWS STS API
 * Reference. Looked up on 2026-11-27. 18 pages are in the guide's public source (github.com/awsdocs/iam-user-guide, archived in June 2023),
 * which gives their titles; AWS rewords some of them now and then. The pages on context keys and evaluation with a comment are newer: they
 * were found as stored pages of docs.aws.amazon.com, or by links to them in public repositories. API_AssumeRole of the STS API Reference was not looked up.
 */
export const pages: Readonly<Record<string, string>> = {
  access_policies: 'Policies and permissions in IAM',
  access_policies_boundaries: 'Permissions boundaries for IAM entities',
  'confused-deputy': 'The confused deputy problem',
  'id_credentials_temp_control-access_monitor': 'Monitor and control actions taken with assumed roles',
  'id_session-tags': 'Passing session tags in AWS STS',
  'reference_policies_condition-keys': 'AWS global condition context keys',
  // By links: "Conditions with multiple context keys or values".
  'reference_policies_condition-logic-multiple-context-keys-or-values': 'Conditions with multiple context keys or values',
  // As a stored page.
  'reference_policies_condition-single-vs-multi-valued-context-keys': 'Single-valued vs. multivalued context keys',
  reference_policies_elements_action: 'IAM JSON policy elements: Action',
  reference_policies_elements_condition: 'IAM JSON policy elements: Condition',
  reference_policies_elements_condition_operators: 'IAM JSON policy elements: Condition operators',
  reference_policies_elements_notaction: 'IAM JSON policy elements: NotAction',
  reference_policies_elements_notprincipal: 'AWS JSON policy elements: NotPrincipal',
  reference_policies_elements_notresource: 'IAM JSON policy elements: NotResource',
  reference_policies_elements_principal: 'AWS JSON policy elements: Principal',
  reference_policies_elements_resource: 'IAM JSON policy elements: Resource',
  'reference_policies_evaluation-logic': 'Policy evaluation logic',
  'reference_policies_evaluation-logic-cross-account': 'Cross-account policy evaluation logic',
  // By links, and from the page below.
  'reference_policies_evaluation-logic_policy-eval-basics': 'Policy evaluation for requests within a single account',
  // As a stored page.
  'reference_policies_evaluation-logic_policy-eval-denyallow': 'How AWS enforcement code logic evaluates requests to allow or deny access',
  'reference_policies_iam-condition-keys': 'IAM and AWS STS condition context keys',
  reference_policies_variables: 'IAM policy elements: Variables and tags',
  'STS API_AssumeRole': 'AssumeRole',
}
