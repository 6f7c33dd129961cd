/** HCP Terraform (Terraform Cloud). All organizations share the issuer. Source: HCP Terraform Docs, "Workload identity tokens". A token lives as long as its run phase may take: up to 24 h for an apply */
import type { IssuerSource } from '../shape.ts'
import { type Audiences, type CommonOptions, common } from './common.ts'
import { entering, fact, id, type Knowledge, name, registered } from './knowledge.ts'

/**
 *     terraform({ key: 'tfc', audiences: ['https://stint.acme.example'], organizationId: 'org-GRNbCjYNpBB6NEBU' })
 */
export function terraform(options: CommonOptions & Audiences & { readonly organizationId: string }): IssuerSource {
  const url = 'https://app.terraform.io'
  return {
    url,
    jwksUri: `${url}/.well-known/jwks`,
    ...options.at,
    preset: 'terraform',
    kind: 'workload',
    audiences: options.audiences,
    tokenUse: 'id',
    algorithms: ['RS256'],
    nameClaim: 'terraform_full_workspace',
    tenant: { terraform_organization_id: options.organizationId },
    maxTokenLife: '24h',
    ...common(options),
  }
}

export const terraformKnowledge: Knowledge = {
  claims: {
    ...registered,
    sub: entering(name('terraform_workspace_id')),
    terraform_organization_id: id(),
    terraform_organization_name: name('terraform_organization_id'),
    terraform_project_id: entering(id()),
    terraform_project_name: entering(name('terraform_project_id')),
    terraform_workspace_id: entering(id()),
    terraform_workspace_name: entering(name('terraform_workspace_id')),
    terraform_full_workspace: entering(name('terraform_workspace_id')),
    terraform_run_id: fact(),
    terraform_run_phase: fact(),
  },
  defaultAudience: /^(aws\.workload\.identity|vault\.workload\.identity)$/,
}
