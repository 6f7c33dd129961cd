/** Changes of one place of a model that Spin must find. `settings`: the bounds that are large enough for it. */
import type { Mutant } from './spin.ts'

const two = ['USES=2']
const same = ['SAME']

export const mutants: { readonly [model: string]: readonly Mutant[] } = {
  ledger: [
    { name: 'reserve after a revoke', from: 'session[SLOT(v)] == none && state == approved &&', to: 'session[SLOT(v)] == none &&' },
    {
      name: 'reserve after the window',
      from: 'state == approved && now < WINDOW && usesLeft > 0',
      to: 'state == approved && usesLeft > 0',
    },
    { name: 'reserve without a use left', from: ' && usesLeft > 0', to: '' },
    {
      name: 'reserve a session twice',
      from: 'session[SLOT(v)] == none && state',
      to: 'session[SLOT(v)] != issued && state',
      settings: [...two, ...same],
    },
    { name: 'reserve takes no use', from: 'usesLeft--; attempts++;', to: 'attempts++;' },
    { name: 'reserve does not enter the index', from: 'attempts++; open = SLOT(v) + 1;', to: 'attempts++;' },
    {
      name: 'reserve takes the answer of another attempt for its own',
      from: 'attempt[SLOT(v)] == v && state == approved)) ->\n        alone',
      to: 'state == approved)) ->\n        alone',
      settings: same,
    },
    { name: 'assume although reserve is unknown', from: 'sent++; sentAt = clock; goto reserve', to: 'sent++; sentAt = clock; goto assume' },
    { name: 'record after a revoke', from: 'attempt[SLOT(v)] == v && state == approved && !ENDED', to: 'attempt[SLOT(v)] == v && !ENDED' },
    {
      name: 'record after the end of the session',
      from: 'state == approved && !ENDED(reservedAt[SLOT(v)], now) &&',
      to: 'state == approved &&',
    },
    { name: 'record after the window', from: 'now) && now < WINDOW && (!alone', to: 'now) && (!alone' },
    {
      name: 'record leaves a session of another open out of the index',
      from: 'event = issued;\n    if :: alone',
      to: 'event = issued;\n    if :: true',
      settings: two,
    },
    {
      name: 'credentials leave although record was refused',
      from: 'fate == ok && (written || (session[SLOT(v)] == issued',
      to: 'fate == ok && (true || (session[SLOT(v)] == issued',
    },
    {
      name: 'fail returns a use twice',
      from: 'session[SLOT(v)] == reserved && attempt[SLOT(v)] == v && (!alone || open == SLOT(v) + 1) ->\n    session[SLOT(v)] = failed',
      to: 'attempt[SLOT(v)] == v && (!alone || open == SLOT(v) + 1) ->\n    session[SLOT(v)] = failed',
    },
    { name: 'fail returns no use', from: 'reservedAt[SLOT(v)] = 0; usesLeft++;', to: 'reservedAt[SLOT(v)] = 0;' },
    { name: 'abandon returns a use twice', from: ':: session[k] == reserved && attempt[k] == seen ->', to: ':: attempt[k] == seen ->' },
    { name: 'abandon returns no use', from: 'reservedAt[k] = 0; usesLeft++;', to: 'reservedAt[k] = 0;' },
    { name: 'the index is cleared whatever it holds', from: 'open == seenOpen && !changed ->', to: 'true ->', settings: two },
  ],
  'break-glass': [
    { name: 'a grant is written whatever has changed', from: ' && version == seen ->', to: ' ->' },
    {
      name: 'the approval by rule is written whatever has changed',
      from: '(APPROVES(who) || (who == S && to == approved)) && version == seen ->',
      to: '((APPROVES(who) && version == seen) || (who == S && to == approved)) ->',
    },
    {
      name: 'a grant that is late ignores the version',
      from: 'apply_change(lateWho, lateTo, lateSeen,',
      to: 'apply_change(lateWho, lateTo, version,',
    },
    {
      name: 'the version of the write decides, not that of the read',
      from: 'apply_change(who, to, seen, set) ::',
      to: 'apply_change(who, to, version, set) ::',
    },
    {
      name: 'the requester approves under an alias',
      from: ':: who == X -> code = self_approval',
      to: ':: who == X -> set = approvals | 4; to = pending',
    },
    { name: 'one approval is enough', from: 'to = (COUNT(set) == 2 -> approved : pending)', to: 'to = approved' },
    { name: 'approvals are forgotten', from: 'approvals = set; event', to: 'approvals = 0; event' },
    { name: 'a denied request is approved', from: '(now_is == approved || now_is == denied) -> code', to: 'now_is == approved -> code' },
    {
      name: 'a withdrawn request is approved',
      from: ':: now_is != pending && now_is != approved && now_is != denied -> code',
      to: ':: false -> code',
    },
    {
      name: 'an expired request is approved',
      from: ':: state == pending && now >= EXPIRES -> now_is = expired',
      to: ':: false -> now_is = expired',
    },
    {
      name: 'an expired request is approved by rule',
      from: ':: state == pending && now >= EXPIRES -> to = expired\n    :: state == pending && now < EXPIRES -> to = approved',
      to: ':: state == pending -> to = approved',
    },
    {
      name: 'a stop is answered although it was not written',
      from: ':: fate == ok && (written || (mine',
      to: ':: fate == ok && (who >= D || written || (mine',
    },
    { name: 'a request that waits vends', from: 'written = (state == approved && clock < WINDOW)', to: 'written = (clock < WINDOW)' },
    {
      name: 'a request vends after its window',
      from: 'written = (state == approved && clock < WINDOW)',
      to: 'written = (state == approved)',
    },
  ],
  shipper: [
    { name: 'the cursor is ignored', from: 'at = cursor;', to: 'at = 0;' },
    { name: 'the head moves from any stage', from: ':: headStage == from && headApplied ->', to: ':: headApplied ->' },
    { name: 'a move that is late ignores where it moves from', from: 'move(lateFrom, lateStage)', to: 'move(headStage, lateStage)' },
    {
      name: 'the head counts as applied at once',
      from: 'headSize = end[stage]; headApplied = false',
      to: 'headSize = end[stage]; headApplied = true',
    },
    {
      name: 'a stage is removed although its move may have worked',
      from: ':: fate == OK && !moved -> goto remove_own',
      to: ':: fate != LATE && !(fate == OK && moved) -> goto remove_own',
    },
    { name: 'tiles are missing', from: 'fate != BEFORE && tiles < end[stage]', to: 'false && tiles < end[stage]' },
    { name: 'events are missing', from: 'fate != BEFORE && events < end[stage]', to: 'false && events < end[stage]' },
    {
      name: 'the checkpoint is not signed',
      from: 'fate != BEFORE -> isSigned[end[stage]] = true',
      to: 'false -> isSigned[end[stage]] = true',
    },
    { name: 'the checkpoint is replaced whatever was read', from: 'fate != BEFORE && checkpoint == seen ->', to: 'fate != BEFORE ->' },
    {
      name: 'cursors advance although nothing was published',
      from: ':: fate == OK && moved -> goto advance',
      to: ':: fate != LATE -> goto advance',
    },
    { name: 'a cursor moves back', from: 'fate != BEFORE && cursor == base[stage] ->', to: 'fate != BEFORE ->' },
    {
      name: 'a delayed shipper marks a newer stage as applied',
      from: 'fate != BEFORE && headStage == stage -> headApplied',
      to: 'fate != BEFORE -> headApplied',
    },
    {
      name: 'the stage is removed before it counts as applied',
      from: 'cursor = end[stage] :: else fi;',
      to: 'cursor = end[stage]; exists[stage] = false :: else fi;',
    },
  ],
}
