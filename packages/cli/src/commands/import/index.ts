/** `stint import` */
import { buildRouteMap } from '@stricli/core'
import { importGithub } from './github.ts'
import { importIdentityCenter } from './identity-center.ts'
import { importSsoElevator } from './sso-elevator.ts'
import { importTeam } from './team.ts'

export const importRoutes = buildRouteMap({
  routes: { github: importGithub, identityCenter: importIdentityCenter, team: importTeam, ssoElevator: importSsoElevator },
  docs: { brief: 'Import a config from other tools' },
})
