/** `stint import` */
import { buildRouteMap } from '@stricli/core'
import { importGithub } from './github.ts'

export const importRoutes = buildRouteMap({
  routes: { github: importGithub },
  docs: { brief: 'Move in from other tools' },
})
