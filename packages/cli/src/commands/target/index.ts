/** `stint target` */
import { buildRouteMap } from '@stricli/core'
import { targetAdd } from './add.ts'

export const target = buildRouteMap({ routes: { add: targetAdd }, docs: { brief: 'Manage target roles' } })
