/**
 * Each story is a log that is whole: every hash, every signature, every commitment fits. A verifier finds the impossible ones by name, with
 * the log alone and with a table that tells the same.
 */

import { ship } from '@stint/broker/log/ship'
import { storeSource } from '@stint/cli/audit/sources'
import { verify } from '@stint/cli/audit/verify/verify'
import { describe, expect, test } from 'vitest'
import { newMemoryLog, START, shipperOf, systemJournal } from '../support/memory-log.ts'
import { HOUR, impossible, impossibleAtTheEnd, journalOf, possible, type Story } from './stories.ts'

/** Findings of a log in which these happened, one journal after the other. */
async function findings(stories: readonly Story[], withTable: boolean): Promise<readonly string[]> {
  const memory = newMemoryLog()
  const journals = [systemJournal()]
  for (const story of stories)
    journals.push(
      journalOf(
        story,
        journals.findLast(({ request }) => request === story.id),
      ),
    )
  for (const one of journals) {
    const shipped = await ship(shipperOf(memory), [one])
    if (shipped.outcome === 'unknown' || shipped.value.quarantined.length > 0) throw new Error(JSON.stringify(shipped))
  }
  // What was told in parts stands in the table as it was told last.
  const table = async function* () {
    yield [...new Map(journals.map((journal) => [journal.request, journal])).values()]
  }
  const report = await verify({
    source: storeSource(memory),
    keys: [shipperOf(memory).signer.key],
    now: START + 2 * 365 * 24 * HOUR,
    ...(withTable ? { table: table() } : {}),
  })
  return report.faults.map((fault) => `${fault.class} ${fault.place.replace(/ \(entry \d+\)$/, '')}: ${fault.what}`)
}

describe('stories that can have happened', () => {
  test.each(possible)('%s', async (_what, stories) => {
    expect(await findings(stories, false)).toEqual([])
    expect(await findings(stories, true)).toEqual([])
  })
})
const all = [...impossible, ...impossibleAtTheEnd]
describe(`${all.length} stories that cannot have happened are found by name`, () => {
  test.each(all)('%s', async (_what, stories, place, words) => {
    const found = await findings(stories, false)
    expect(found).toContain(`rules ${place}: ${words}`)
    // Of the one who broke the rules only, and the table, which tells the same, is not said to differ.
    const journal = /\w{3}_\w{26}/.exec(place)?.[0] as string
    expect(found.filter((fault) => !fault.startsWith('rules ') || !fault.includes(journal))).toEqual([])
    expect(await findings(stories, true)).toEqual(found)
  })
})
