import { expect, test } from 'vitest'
import { destined } from './console.ts'

/** AWS General Reference, "AWS Management Console endpoints". */
test.each([
  ['eu-central-1', 'https://console.aws.amazon.com/s3/home?region=eu-central-1'],
  ['us-gov-west-1', 'https://console.amazonaws-us-gov.com/s3/home?region=us-gov-west-1'],
  ['cn-north-1', 'https://console.amazonaws.cn/s3/home?region=cn-north-1'],
])('a service in %s is opened in the console of its partition', (region, page) => {
  const url = destined('https://signin.example/federation?Action=login&Destination=https%3A%2F%2Fold.example%2F', 's3', region)
  expect(new URL(url).searchParams.get('Destination')).toBe(page)
})

test.each(['file:///home/dana/run.desktop', 'ms-calculator:x', 'http://signin.example/', 'nothing'])('%s is no sign-in URL', (url) =>
  expect(() => destined(url, undefined, 'eu-central-1')).toThrow('The broker returned no sign-in URL.'),
)
