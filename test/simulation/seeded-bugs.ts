/**
 * Bugs for the simulation to find: each is a change of one place of the source. `npm run simulate:seeded` puts in one at a time, in a copy,
 * and runs schedules until an oracle finds it. A simulation that misses them would miss others.
 */
import { endsBugs } from './bugs/ends.ts'
import { identityBugs } from './bugs/identity.ts'
import { logBugs } from './bugs/log.ts'
import { requestsBugs } from './bugs/requests.ts'
import { sessionsBugs } from './bugs/sessions.ts'

export const simulatedBugs = [...sessionsBugs, ...requestsBugs, ...identityBugs, ...logBugs, ...endsBugs]

/** Bugs that this simulation cannot see, and what holds them instead. They are not counted. */
export const unseen: readonly { readonly what: string; readonly why: string }[] = [
  {
    what: 'the head moves before its stage is applied',
    why: 'a shipper finishes what the head names before it moves the head, so the condition holds anyway; test/models has it',
  },
  {
    what: 'freezes are not read again after a slow reserve',
    why: 'the promise is about calls that begin after the freeze was answered; test/faults/freeze.test.ts holds it',
  },
  {
    what: 'a restore writes over what changed meanwhile',
    why: 'a write has a few milliseconds to come between, and in 400 schedules none did',
  },
  {
    what: 'a newer note of an end is removed with an older one',
    why: 'a session must end between the read and the removal of one run, which takes milliseconds; e2e/immediate-end.test.ts stages it',
  },
  { what: 'reserve does not look at the caller', why: 'the terms name the caller, so their hash differs; conditions.test.ts holds it' },
  {
    what: 'faults that only campaigns found, put back',
    why: 'it took a campaign 500 to 44,000 schedules to find each of them; docs/reliability.md lists them, and each has a test of its own',
  },
  {
    what: 'a decision whose response was lost is made again',
    why: 'another decision must come between the lost response and the next send; request-changes.test.ts stages it',
  },
  {
    what: 'the image of a write is not compared with the write',
    why: 'the calls of the vend path compare more of the image themselves; answer-checks.test.ts holds it',
  },
  {
    what: 'Slack: a request that arrives again is handled again',
    why: 'a decision that is made again changes nothing; test/e2e/slack.test.ts holds it',
  },
  {
    what: 'a restore brings back what was erased',
    why: 'the event store still has it only while an erasure is interrupted; restore.test.ts holds it',
  },
  {
    what: 'the hourly run removes the stage of a shipper that still runs',
    why: 'in 400 schedules no hourly run listed the stages within the milliseconds before a head names one; test/faults/ship.test.ts holds it',
  },
  {
    what: 'a new config starts no walk',
    why: 'the second release makes nothing due earlier; config-walk.test.ts holds it',
  },
  {
    what: 'every earlier session is denied although the session that was to end with them did not',
    why: 'few schedules have a full policy, and a function must die right after it noted such an end; carry-out.test.ts holds it',
  },
  {
    what: 'requests are read late',
    why: 'nearly every write has a condition of its own, and in 700 schedules no late read mattered; conditions.test.ts holds it',
  },
  {
    what: 'an event that is written during an erasure is dropped',
    why: 'what can still change is not erased, and in 700 schedules nothing else wrote; erasure.test.ts holds it',
  },
  {
    what: 'Slack: a session is ended right after the link was made',
    why: 'no oracle knows how old a link must be for that; test/e2e/slack.test.ts holds it',
  },
]
