/**
 * `stint/sst`: the SST app, for `sst.config.ts`. SST allows imports only inside the functions of that file:
 *
 *     export default $config({
 *       app: async (input) => (await import('stint/sst')).app(input, stages),
 *       run: async () => (await import('stint/sst')).run(stages),
 *     })
 */
import { type Settings, type Stages, settingsOf, small } from './settings.ts'

export { type Settings, type Stages, small }

export type App = {
  readonly name: string
  readonly home: 'aws'
  readonly removal: 'retain' | 'remove'
  readonly protect: boolean
  readonly providers: {
    readonly aws: {
      readonly region: string
      readonly version: string
      readonly defaultTags: { readonly tags: { readonly app: string; readonly stage: string } }
    }
    readonly random: string
  }
}

/** What SST asks first. `prod` cannot be removed, and what it wrote stays even if it is. */
export const app = ({ stage }: { readonly stage: string }, stages: Stages): App => ({
  name: 'stint',
  home: 'aws',
  removal: stage === 'prod' ? 'retain' : 'remove',
  protect: stage === 'prod',
  providers: {
    aws: { region: settingsOf(stages, stage).region, version: '7.20.0', defaultTags: { tags: { app: 'stint', stage } } },
    random: '4.16.6',
  },
})

/** Declares all resources, and returns the outputs of the deployment. Throws if something stands in the way of it (preflight.ts). */
export async function run(stages: Stages): Promise<Readonly<Record<string, unknown>>> {
  const { stint } = await import('./stint.ts')
  return stint(stages)
}
