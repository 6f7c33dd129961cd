/** The rules alone, without a log: what each story breaks, from its events in their order. */
import { Across } from '@stint/core/audit/across'
import { type Journal, newJournal, step } from '@stint/core/audit/journal'
import { eventIn } from '@stint/core/audit/journal-item'
import { expect, test } from 'vitest'
import { impossible, journalOf, possible, type Story } from './stories.ts'

function faultsOf(stories: readonly Story[]): readonly string[] {
  const faults: string[] = []
  const across = new Across()
  const journals = new Map<string, { readonly journal: Journal; count: number }>()
  for (const story of stories) {
    const state = journals.get(story.id) ?? { journal: newJournal(), count: 0 }
    journals.set(story.id, state)
    // A story can be told in parts, of which the later ones repeat the earlier ones.
    for (const entry of journalOf(story).events.slice(state.count)) {
      const event = eventIn(entry)
      if (!event) throw new Error('not a valid event')
      const place = `event ${story.id}/${state.count++}`
      for (const what of [...across.take(state.journal, event, place), ...step(state.journal, event.type, event)])
        faults.push(`${place}: ${what}`)
    }
  }
  return [...faults, ...across.end().map(({ place, what }) => `${place}: ${what}`)]
}

test.each(possible)('%s breaks no rule', (_what, stories) => expect(faultsOf(stories)).toEqual([]))

test.each(impossible)('%s breaks a rule, and only that journal does', (_what, stories, place, words) => {
  const found = faultsOf(stories)
  const journal = place.slice('event '.length, place.indexOf('/'))
  expect(found).toContain(`${place}: ${words}`)
  expect(found.filter((fault) => !fault.includes(journal))).toEqual([])
})
