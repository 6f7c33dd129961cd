/** The models: their bounds, how they are simulated, and how a trace is replayed. */
import { replayBreakGlass } from './replay-break-glass.ts'
import { replayLedger } from './replay-ledger.ts'
import { replayShipper } from './replay-shipper.ts'

type Model = {
  readonly name: string
  /** Bounds of the searches: small ones for `npm test`, and large ones for `npm run verify:all models`. */
  readonly small: readonly (readonly string[])[]
  readonly large: readonly (readonly string[])[]
  /** A formula of the model, and bounds to check it with. */
  readonly ltl: { readonly formula: string; readonly settings: readonly string[] }
  /** Bounds of the simulations. Some leave out what would otherwise come in the way of longer runs. */
  readonly simulated: readonly (readonly string[])[]
  readonly replay: (trace: readonly string[], settings: readonly string[]) => Promise<void>
  /** What each step label must have met in the replayed traces. */
  readonly outcomes: readonly string[]
}

/** Bounds in which every mutant is found. */
export const MUTANT_BOUNDS = ['FAULTS=1', 'CRASHES=0']

export const models: readonly Model[] = [
  {
    name: 'ledger',
    small: [['FAULTS=1', 'CRASHES=0', 'SAME', 'LAST=1']],
    large: [
      ['FAULTS=1', 'CRASHES=0', 'SAME'],
      ['FAULTS=1', 'CRASHES=1', 'SAME', 'LAST=1'],
      ['FAULTS=2', 'CRASHES=0', 'SAME', 'LAST=1'],
      ['FAULTS=1', 'CRASHES=0'],
      ['FAULTS=1', 'CRASHES=0', 'USES=2', 'LAST=1'],
    ],
    ltl: { formula: 'returned', settings: ['FAULTS=1', 'CRASHES=0', 'SAME'] },
    simulated: [
      [],
      ['SAME'],
      ['LAST=0', 'CRASHES=0'],
      ['LAST=0', 'CRASHES=0', 'FAULTS=6'],
      ['LAST=0', 'CRASHES=0', 'USES=2'],
      ['LAST=1', 'FAULTS=6'],
      ['SAME', 'LAST=1', 'CRASHES=0', 'FAULTS=3'],
      ['FAULTS=0', 'USES=2', 'CRASHES=0'],
      ['LAST=0', 'CRASHES=0', 'FAULTS=4', 'RECORD_FAULTS', 'USES=2'],
    ],
    replay: replayLedger,
    outcomes: [
      ...['reserve', 'record', 'fail', 'revoke', 'abandon'].flatMap((label) => [
        `${label} ok done`,
        `${label} ok blocked`,
        `${label} before`,
        `${label} after done`,
        `${label} late`,
      ]),
      ...['drop ok done', 'drop before', 'drop after done', 'clear ok done', 'clear before', 'clear after done'],
      ...['assume ok', 'assume refused', 'assume unknown', 'assume invalid', 'crash ok', 'read refused'],
      ...['reserving ok done', 'recording ok done', 'failing ok done', 'abandoning ok done', 'revoking ok done'],
    ],
  },
  {
    name: 'break-glass',
    small: [['FAULTS=0', 'CRASHES=0']],
    large: [
      ['FAULTS=1', 'CRASHES=0'],
      ['FAULTS=1', 'CRASHES=1'],
    ],
    ltl: { formula: 'decided', settings: ['FAULTS=0', 'CRASHES=0'] },
    simulated: [[], ['LAST=0', 'CRASHES=0'], ['LAST=1', 'FAULTS=3'], ['FAULTS=0', 'CRASHES=0'], ['LAST=2', 'FAULTS=4', 'CRASHES=0']],
    replay: replayBreakGlass,
    outcomes: [
      ...['given', 'given_approved', 'unattended', 'denied', 'revoked', 'cancelled', 'expired', 'ended'].map(
        (event) => `write ok done ${event}`,
      ),
      ...['write ok blocked', 'write before', 'write late', 'write after done', 'arrive ok done', 'arrive ok blocked', 'crash ok'],
      ...['write', 'self_approval', 'already_decided', 'request_not_pending'].map((code) => `read ${code}`),
      ...['reserve ok done', 'reserve ok blocked'],
    ],
  },
  {
    name: 'shipper',
    small: [['FAULTS=1', 'CRASHES=0']],
    large: [
      ['FAULTS=1', 'CRASHES=1'],
      ['FAULTS=2', 'CRASHES=1'],
    ],
    ltl: { formula: 'published', settings: ['FAULTS=1', 'CRASHES=1'] },
    simulated: [
      [],
      ['FAULTS=3', 'CRASHES=0', 'APPLY_FAULTS'],
      ['FAULTS=3', 'CRASHES=0', 'CURSOR_FAULTS'],
      ['FAULTS=4', 'CRASHES=0', 'REMOVE_FAULTS'],
      ['FAULTS=0', 'CRASHES=4'],
    ],
    replay: replayShipper,
    // 0: it works; 1: lost before; 2: lost after; 3: late.
    outcomes: [
      ...['staging', 'moving', 'discarding', 'tiling', 'bundling', 'signing', 'publishing', 'advancing', 'applying', 'removing'].flatMap(
        (step) => [`${step} 0`, `${step} 1`, `${step} 2`],
      ),
      ...['moving 3', 'arriving 0', 'crashing 0', 'reading 0', 'recovering 0', 'comparing 0'],
    ],
  },
]

/** The outcomes of steps in a trace, such as `record ok blocked none`. */
export const outcomesIn = (trace: readonly string[]): readonly string[] =>
  trace.flatMap((line) => (line.startsWith('STEP ') ? [line.split(' ').slice(2).join(' ')] : []))

/** What of `wanted` no trace shows. */
export const unmet = (wanted: readonly string[], met: ReadonlySet<string>): readonly string[] =>
  wanted.filter((outcome) => ![...met].some((one) => one === outcome || one.startsWith(`${outcome} `)))
