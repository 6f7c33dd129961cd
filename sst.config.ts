/// <reference path="./.sst/platform/config.d.ts" />
/** The app: what runs where is in infra/, what a deployment can set is in infra/settings.ts, who may enter what in stint.config.ts. */
const stages = { prod: {}, default: {} }

export default $config({
  app: async (input) => (await import('stint/sst')).app(input, stages),
  run: async () => (await import('stint/sst')).run(stages),
})
