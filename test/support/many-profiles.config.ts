/** The rules of the example company, with profiles beyond one page: `many-0000` to `many-0249`. */
import { defineConfig } from '@stint/core'
import source from '../../stint.config.ts'

const one = source.profiles['staging-power']
if (!one) throw new TypeError('the example config has no profile staging-power')
export default defineConfig({
  ...source,
  profiles: {
    ...source.profiles,
    ...Object.fromEntries(Array.from({ length: 250 }, (_, at) => [`many-${String(at).padStart(4, '0')}`, one])),
  },
})
