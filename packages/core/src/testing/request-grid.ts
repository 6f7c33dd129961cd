/**
 * Who can do what to a request in which state: act × actor × state → outcome. It is data, so that the same grid is tested
 * against core and over HTTP. `→ x` is the next state; anything else is `unchanged` or the code of the refusal.
 */

const states = [
  'pending',
  'approved',
  'denied',
  'cancelled',
  'expired',
  'revoked',
  'ended',
  'refused',
  'expired-by-time',
  'ended-by-time',
] as const
type GridState = (typeof states)[number]
type GridActor = 'requester' | 'approver' | 'another approver' | 'the requester’s other identity' | 'stranger' | 'auditor' | 'workload'

const terminal = ['cancelled', 'expired', 'revoked', 'ended', 'refused', 'expired-by-time', 'ended-by-time'] as const
const all = (cell: string) => Object.fromEntries(states.map((state) => [state, cell]))
const gone = Object.fromEntries(terminal.map((state) => [state, 'request-not-pending']))

/** act → actor → state → outcome. */
const grid: Record<'approve' | 'deny' | 'cancel' | 'revoke' | 'review', Record<GridActor, Record<string, string>>> = {
  approve: {
    requester: all('self-approval'),
    approver: { ...gone, pending: '→ approved', approved: 'unchanged', denied: 'already-decided' },
    'another approver': { ...gone, pending: '→ approved', approved: 'already-decided', denied: 'already-decided' },
    'the requester’s other identity': all('self-approval'),
    stranger: all('not-approver'),
    auditor: all('not-approver'),
    workload: all('not-approver'),
  },
  deny: {
    requester: all('self-approval'),
    approver: { ...gone, pending: '→ denied', approved: 'already-decided', denied: 'unchanged' },
    'another approver': { ...gone, pending: '→ denied', approved: 'already-decided', denied: 'already-decided' },
    'the requester’s other identity': all('self-approval'),
    stranger: all('not-approver'),
    auditor: all('not-approver'),
    workload: all('not-approver'),
  },
  cancel: {
    requester: { ...gone, pending: '→ cancelled', approved: 'request-not-pending', denied: 'request-not-pending', cancelled: 'unchanged' },
    approver: all('not-requester'),
    'another approver': all('not-requester'),
    'the requester’s other identity': all('not-requester'),
    stranger: all('not-requester'),
    auditor: all('not-requester'),
    workload: all('not-requester'),
  },
  revoke: {
    requester: { ...gone, pending: '→ revoked', approved: '→ revoked', denied: 'request-not-pending', revoked: 'unchanged' },
    approver: { ...gone, pending: '→ revoked', approved: '→ revoked', denied: 'request-not-pending', revoked: 'unchanged' },
    'another approver': { ...gone, pending: '→ revoked', approved: '→ revoked', denied: 'request-not-pending', revoked: 'unchanged' },
    // Revoking only removes access, so an alias can do it too.
    'the requester’s other identity': {
      ...gone,
      pending: '→ revoked',
      approved: '→ revoked',
      denied: 'request-not-pending',
      revoked: 'unchanged',
    },
    stranger: all('not-approver'),
    auditor: all('not-approver'),
    workload: all('not-approver'),
  },
  review: {
    requester: all('self-approval'),
    approver: {
      ...all('request-not-pending'),
      approved: '→ approved',
      revoked: '→ revoked',
      ended: '→ ended',
      'ended-by-time': '→ approved',
    },
    'another approver': {
      ...all('request-not-pending'),
      approved: '→ approved',
      revoked: '→ revoked',
      ended: '→ ended',
      'ended-by-time': '→ approved',
    },
    'the requester’s other identity': all('self-approval'),
    stranger: all('not-approver'),
    auditor: {
      ...all('request-not-pending'),
      approved: '→ approved',
      revoked: '→ revoked',
      ended: '→ ended',
      'ended-by-time': '→ approved',
    },
    workload: all('not-approver'),
  },
}

type GridCell = readonly [act: keyof typeof grid, actor: GridActor, state: GridState, outcome: string]

/** `approver` is the one who approved, denied or revoked the request. A review is of a break-glass. */
export const requestGrid: readonly GridCell[] = Object.entries(grid).flatMap(([act, byActor]) =>
  Object.entries(byActor).flatMap(([actor, byState]) =>
    Object.entries(byState).map(([state, outcome]) => [act, actor, state, outcome] as unknown as GridCell),
  ),
)
