/// <reference path="./.sst/platform/config.d.ts" />
/** The app: what runs where is in infra/, what a deployment decides in infra/settings.ts, who may enter what in stint.config.ts. */
export default $config({
  async app({ stage }) {
    const { settingsOf } = await import('./infra/settings.ts')
    return {
      name: 'stint',
      home: 'aws',
      // `prod` cannot be removed, and what it wrote stays even if it is.
      removal: stage === 'prod' ? 'retain' : 'remove',
      protect: stage === 'prod',
      providers: {
        aws: { region: settingsOf(stage).region, version: '7.20.0', defaultTags: { tags: { app: 'stint', stage } } },
        random: '4.16.6',
      },
    }
  },
  async run() {
    const { stint } = await import('./infra/stint.ts')
    return stint()
  },
})
