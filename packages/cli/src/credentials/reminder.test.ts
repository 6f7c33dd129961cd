import { describe, expect, test } from 'vitest'
import { beforeTheEnd, reminderText } from './reminder.ts'

const MINUTE = 60_000

/** Virtual time: `to(minutes)` runs the timers that are due until then. */
function world(endOf: (now: number) => number | undefined | Error, earlyMs = 0) {
  let [now, looks] = [0, 0]
  let timer: { readonly at: number; readonly act: () => void } | undefined
  const said: [at: number, end: number][] = []
  const stop = beforeTheEnd({
    now: () => now,
    after(milliseconds, act) {
      const mine = { at: now + Math.max(1, milliseconds - earlyMs), act }
      timer = mine
      return () => {
        if (timer === mine) timer = undefined
      }
    },
    async endOf() {
      looks++
      const end = endOf(now / MINUTE)
      if (end instanceof Error) throw end
      return end === undefined ? undefined : end * MINUTE
    },
    say: (end) => void said.push([now / MINUTE, end / MINUTE]),
  })
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  return {
    said,
    stop,
    looks: () => looks,
    async to(minutes: number) {
      await settled()
      while (timer && timer.at <= minutes * MINUTE) {
        const due = timer
        timer = undefined
        now = due.at
        due.act()
        await settled()
      }
      now = minutes * MINUTE
    },
  }
}

describe('a session that ends', () => {
  test.each<[string, number, number]>([
    ['in four hours: ten minutes before', 240, 230],
    ['in 40 minutes: ten minutes before', 40, 30],
    ['in 20 minutes: a quarter before', 20, 15],
  ])('%s', async (_name, end, expected) => {
    const it = world(() => end)
    await it.to(end + 100)
    expect([it.said, it.looks()]).toEqual([[[expected, end]], 3])
  })
  test('is announced once, also by timers that fire a millisecond early', async () => {
    const it = world(() => 240, 1)
    await it.to(1000)
    expect(it.said).toEqual([[230, 240]])
  })
  test('is not announced once it was ended', async () => {
    const it = world((now) => (now < 100 ? 240 : undefined))
    await it.to(1000)
    expect([it.said, it.looks()]).toEqual([[], 2])
  })
  test('is announced before its new end if it was extended in time', async () => {
    const it = world((now) => (now < 100 ? 240 : 480))
    await it.to(1000)
    expect(it.said).toEqual([[470, 480]])
  })
  test('is announced again if it was extended after the first time', async () => {
    const it = world((now) => (now < 235 ? 240 : 480))
    await it.to(1000)
    expect(it.said).toEqual([
      [230, 240],
      [470, 480],
    ])
  })
  test.each<[string, number | Error]>([
    ['cannot be read', new Error('unreachable')],
    ['has an end that is no date', Number.NaN],
    ['has passed its end', -1],
  ])('is left alone if it %s', async (_name, end) => {
    const it = world(() => end)
    await it.to(1000)
    expect([it.said, it.looks()]).toEqual([[], 1])
  })
  test('is not announced after the command has exited, also while its end is being read', async () => {
    const it = world(() => 240)
    await it.to(200)
    it.stop()
    await it.to(1000)
    const early = world(() => 240)
    early.stop()
    await early.to(1000)
    expect([it.said, early.said]).toEqual([[], []])
  })
})

test('the text names the session, its profile, its end and what to do', () => {
  const end = Date.UTC(2026, 10, 24, 16)
  const clock = new Date(end).toTimeString().slice(0, 5)
  const ends = `stint: The session req_X.y of prod ends at ${clock} (in 10m). To continue after that,`
  const textFor = (access: 'allowed' | 'needs-approval') => reminderText('req_X.y', { id: 'prod', access }, end, end - 10 * MINUTE)
  expect(textFor('allowed')).toBe(`${ends} start a new session: stint exec prod -- COMMAND`)
  expect(textFor('needs-approval')).toBe(`${ends} request an extension: stint extend req_X.y`)
})
