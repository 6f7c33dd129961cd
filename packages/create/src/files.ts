/** The files of a new folder, by their path. */
import type { Answers } from './answers.ts'
import { accessFile, configFile } from './config.ts'

export const filesOf = (
  answers: Answers,
  { folder, version, externalId }: { readonly folder: string; readonly version: string; readonly externalId: () => string },
): Readonly<Record<string, string>> => ({
  'package.json': packageFile(folder, version),
  'stint.config.ts': configFile(answers, externalId),
  'sst.config.ts': sstFile(answers),
  'test/access.ts': accessFile(answers),
  '.github/workflows/stint.yml': workflowFile(answers.region),
  '.gitignore': 'node_modules/\ndist/\nlog-copy/\n.sst/\n',
})

const packageFile = (folder: string, version: string): string =>
  `${JSON.stringify(
    {
      name: folder.toLowerCase().replace(/[^a-z0-9-]+/g, '-'),
      private: true,
      type: 'module',
      engines: { node: '>=24' },
      scripts: {
        test: 'stint lint --strict && stint test test/access.ts',
        sandbox: 'stint sandbox',
      },
      dependencies: { stint: `^${version}` },
    },
    null,
    2,
  )}\n`

const sstFile = ({ region }: Pick<Answers, 'region'>): string => `/// <reference path="./.sst/platform/config.d.ts" />
/** How each stage is deployed. Who can access what is in stint.config.ts. */
const stages = {
  prod: { region: '${region}', alarmsTo: [] },
  default: { region: '${region}', userPool: false },
}

export default $config({
  app: async (input) => (await import('stint/sst')).app(input, stages),
  run: async () => (await import('stint/sst')).run(stages),
})
`

const installSteps = `      - uses: actions/checkout@v4
        with:
          persist-credentials: false
      - uses: actions/setup-node@v4
        with:
          node-version: 24
          cache: npm
      - run: npm ci
`

const workflowFile = (
  region: string,
): string => `# Checks every change, and deploys what is on main. Set the variable STINT_DEPLOY_ROLE to the ARN of the role that deploys.
name: Stint

on:
  push:
    branches: [main]
  pull_request:

permissions:
  contents: read

jobs:
  check:
    runs-on: ubuntu-24.04
    steps:
${installSteps}      - run: npm test

  deploy:
    needs: check
    if: github.event_name == 'push' && vars.STINT_DEPLOY_ROLE != ''
    runs-on: ubuntu-24.04
    # Protect this environment: a deployment can change every rule.
    environment: prod
    concurrency: deploy
    permissions:
      contents: read
      id-token: write
    steps:
${installSteps}      - uses: aws-actions/configure-aws-credentials@v5
        with:
          role-to-assume: \${{ vars.STINT_DEPLOY_ROLE }}
          aws-region: ${region}
      - run: npx sst deploy --stage prod
`
