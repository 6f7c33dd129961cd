/** `stint audit` */
import { buildRouteMap } from '@stricli/core'
import { copy } from './copy.ts'
import { erase } from './erase.ts'
import { exportEvents } from './export.ts'
import { rebuild } from './rebuild.ts'
import { receipt } from './receipt.ts'
import { reconcile } from './reconcile.ts'
import { restore } from './restore.ts'
import { verify } from './verify.ts'

export const audit = buildRouteMap({
  routes: { verify, copy, receipt, export: exportEvents, reconcile, erase, rebuild, restore },
  docs: { brief: 'Verify, export and reconcile the audit log' },
})
