/** The lab's config, with lower limits of the container credentials protocol and a profile with a parameter. */
import { defineConfig, glob, param, text } from '@stint/core'
import lab from './lab.config.ts'

export default defineConfig({
  ...lab,
  container: { perHour: 150 },
  profiles: {
    ...lab.profiles,
    'lab-bucket': {
      target: 'staging',
      eligible: [{ issuer: 'lab', claims: { sub: glob('dana*') } }],
      parameters: { bucket: { pattern: '[a-z-]+', max: 63 } },
      policy: [{ Effect: 'Allow', Action: 's3:ListBucket', Resource: text`arn:aws:s3:::${param('bucket')}` }],
      duration: { default: '30m', max: '1h' },
    },
  },
})
