/**
 * Facts about the whole deployment. Each is an item with a journal of one event, written once, by the first instance that announces it.
 */
import { type AuditEvent, journalEntry, type SystemId } from '@stint/core/audit/event'
import { digestFields } from '@stint/core/digest'
import { hex128 } from '@stint/core/ids'
import { type Instant, toIso } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import type { Ledger } from '../../ports/ledger.ts'
import type { LedgerSettings, Sender } from './sender.ts'
import { OTHER_DAY } from './table.ts'

export function system(settings: LedgerSettings, { create }: Sender): Pick<Ledger, 'announceConfig' | 'announceLog' | 'announceRestored'> {
  /** A failed condition costs as much as a write, so an instance announces each fact once. */
  const announced = new Set<SystemId>()

  /** Done as well if it was announced before. */
  async function announce(request: SystemId, event: AuditEvent, now: Instant): Promise<Done<true> | Unknown> {
    if (announced.has(request)) return done(true)
    const made = await create(`SYS#${request}`, {
      attempt: hex128(settings.random),
      dayKey: OTHER_DAY,
      at: `${toIso(now)}#${request}`,
      events: [journalEntry(event, settings)],
    })
    if (made.outcome === 'unknown') return made
    announced.add(request)
    return done(true)
  }

  return {
    announceConfig(now) {
      const request: SystemId = `sys_${digestFields('config/v1', [settings.configHash])}`
      return announce(request, { type: 'config.seen', request, at: now, build: settings.build }, now)
    },
    announceLog(origin, vkey, now) {
      const request: SystemId = `sys_${digestFields('log/v1', [origin, vkey])}`
      return announce(request, { type: 'log.started', request, at: now, origin, vkey }, now)
    },
    async announceRestored(now) {
      const { epoch, build } = settings
      if (epoch === undefined) return done(true)
      const request: SystemId = `sys_${digestFields('restored/v1', [String(epoch)])}`
      return announce(request, { type: 'table.restored', request, at: now, epoch, build }, now)
    },
  }
}
