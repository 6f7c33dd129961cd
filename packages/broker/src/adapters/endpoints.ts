/** Where AWS's services are. */
import { partitionOfRegion } from '@stint/iam/partition'

/**
 * Always regional: tokens of the global STS endpoint are not valid in opt-in regions (IAM User Guide, "Managing AWS STS in an AWS Region").
 */
export const regionalEndpoint = (service: 'sts' | 'dynamodb' | 'streams.dynamodb' | 's3' | 'kms' | 'sqs', region: string): string =>
  `https://${service}.${region}.${partitionOfRegion(region).dnsSuffix}`
