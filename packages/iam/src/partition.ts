/**
 * AWS's partitions. Credentials, ARNs and endpoints of one are not valid in another. Sources: the AWS SDK (partitions.json) for names,
 * regions and DNS suffixes; AWS General Reference, "AWS Identity and Access Management endpoints"; the SDK's client of AWS Sign-In and
 * AWS General Reference, "AWS Management Console endpoints". AWS does not publish the consoles of the isolated partitions; these are
 * the ones in AWS's own tools.
 */
export type Partition = {
  readonly id: string
  /** Matches every region of the partition. The pattern of `aws` matches no region of another partition. */
  readonly regions: RegExp
  readonly dnsSuffix: string
  readonly console: string
  readonly signIn: string
  /** The region of IAM's only endpoint. */
  readonly iamRegion: string
}

const partition = (id: string, regions: RegExp, dnsSuffix: string, site: string, iamRegion: string): Partition => ({
  ...{ id, regions, dnsSuffix, iamRegion },
  console: `console.${site}`,
  signIn: `signin.${site}`,
})

const [commercial, ...others] = [
  partition('aws', /^(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d+$/, 'amazonaws.com', 'aws.amazon.com', 'us-east-1'),
  partition('aws-cn', /^cn-/, 'amazonaws.com.cn', 'amazonaws.cn', 'cn-north-1'),
  partition('aws-us-gov', /^us-gov-/, 'amazonaws.com', 'amazonaws-us-gov.com', 'us-gov-west-1'),
  partition('aws-eusc', /^eusc-/, 'amazonaws.eu', 'amazonaws-eusc.eu', 'eusc-de-east-1'),
  partition('aws-iso', /^us-iso-/, 'c2s.ic.gov', 'c2shome.ic.gov', 'us-iso-east-1'),
  partition('aws-iso-b', /^us-isob-/, 'sc2s.sgov.gov', 'sc2shome.sgov.gov', 'us-isob-east-1'),
  partition('aws-iso-e', /^eu-isoe-/, 'cloud.adc-e.uk', 'csphome.adc-e.uk', 'eu-isoe-west-1'),
  partition('aws-iso-f', /^us-isof-/, 'csp.hci.ic.gov', 'csphome.hci.ic.gov', 'us-isof-south-1'),
] as const

export const partitions: readonly Partition[] = [commercial, ...others]

/** A region that is not known is one of `aws`, which gets new ones most often. */
export const partitionOfRegion = (region: string): Partition => others.find(({ regions }) => regions.test(region)) ?? commercial

export const partitionOfArn = (arn: string): Partition | undefined => partitions.find(({ id }) => arn.startsWith(`arn:${id}:`))

/** The host of IAM, which is not in the name of a region in the two oldest partitions. */
export const iamHost = ({ id, iamRegion, dnsSuffix }: Partition): string =>
  `iam.${id === 'aws' ? '' : id === 'aws-us-gov' ? 'us-gov.' : `${iamRegion}.`}${dnsSuffix}`

/** The partition's part of an ARN that is known to be valid. */
export const partitionIn = (arn: string): string => arn.split(':', 2)[1] ?? commercial.id
