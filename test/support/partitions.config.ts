/** The company with a target and a profile in each partition. The sandbox has them all; a broker on AWS serves one. */
import { defineConfig, includes } from '@stint/core'
import { partitions } from '@stint/iam/partition'
import company from '../../stint.config.ts'

const developers = { issuer: 'people', claims: { groups: includes('developers') } }
const account = '111122223333'

export default defineConfig({
  ...company,
  targets: {
    ...company.targets,
    ...Object.fromEntries(
      partitions.map(({ id, iamRegion: region }) => [
        id,
        { account, roleArn: `arn:${id}:iam::${account}:role/stint/Partition`, externalId: `stint-${id}`, region },
      ]),
    ),
  },
  profiles: {
    ...company.profiles,
    ...Object.fromEntries(
      partitions.map(({ id }) => [
        id,
        {
          target: id,
          eligible: [developers],
          policy: [{ Effect: 'Allow' as const, Action: 's3:GetObject', Resource: `arn:${id}:s3:::b/*` }],
          policyArns: [`arn:${id}:iam::aws:policy/ReadOnlyAccess`],
          duration: { default: '30m', max: '1h' },
        },
      ]),
    ),
  },
})
