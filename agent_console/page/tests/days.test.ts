// Times of a day by the floor's clock, on a day on which that is changed; what is shown of a day; days beside days.

import assert from "node:assert/strict"
import { test } from "node:test"

import { dayBeside, floorClock, spanAt, worked, type Day, type DayFigures, type DayInterval } from "../src/days.ts"

const HOUR = 3_600_000
const from_at = Date.parse("2026-03-28T23:00:00Z") // midnight in Berlin, on the day on which two o'clock becomes three

function interval(hours: number, local: string, offered = 0, occupancy: number | null = null): DayInterval {
  return { at: from_at + hours * HOUR, local, figures: { offered, occupancy } as DayFigures }
}

test("times are the floor's, before and after the clocks are changed", () => {
  const intervals = [interval(0, "2026-03-29T00:00:00+01:00"), interval(1, "2026-03-29T01:00:00+01:00"), interval(2, "2026-03-29T03:00:00+02:00")]
  const clock = floorClock({ from_at, intervals } as Day)
  assert.equal(clock(from_at), "00:00:00")
  assert.equal(clock(from_at + 2 * HOUR - 1000), "01:59:59")
  assert.equal(clock(from_at + 2 * HOUR, "minutes"), "03:00")
  assert.equal(floorClock({ from_at, intervals: [] as DayInterval[] } as Day)(from_at), "23:00:00")
  const west = floorClock({ from_at, intervals: [interval(0, "2026-03-28T19:30:00-03:30")] } as Day)
  assert.equal(west(from_at), "19:30:00")
})

test("a day is shown from the first interval with somebody to the last", () => {
  const intervals = [interval(0, ""), interval(1, "", 0, 0), interval(2, "", 0), interval(3, "", 1), interval(4, "")]
  assert.deepEqual(worked(intervals), intervals.slice(1, 4))
  assert.deepEqual(worked(intervals.slice(4)), intervals.slice(4))
})

test("days go on over months, years and leap days", () => {
  assert.equal(dayBeside("2026-12-31", 1), "2027-01-01")
  assert.equal(dayBeside("2028-03-01", -1), "2028-02-29")
})

test("a moment lies in the span that it is in, or in none", () => {
  const spans = [
    { at: 10, until: 20, state: "free" },
    { at: 30, until: 40, state: "held" },
  ]
  assert.deepEqual([9, 10, 19, 20, 30, 40].map((at) => spanAt(spans, at)), [-1, 0, 0, -1, 1, -1])
})
