// What the page knows of the day, told in parts, is what the whole would have told.

import assert from "node:assert/strict"
import { test } from "node:test"

import { grown } from "../src/figures.ts"
import type { QueueToday, Today } from "../src/messages.ts"

function queue(name: string, ...answered: [number, number][]): QueueToday {
  const sum = answered.reduce((all, [, number]) => all + number, 0)
  const intervals = answered.map(([at, number]) => ({ at, offered: number, answered: number, abandoned: 0 }))
  const nothing = { abandonment: null, asa_ms: null, aht_ms: null, occupancy: null }
  return { queue: name, offered: sum, answered: sum, abandoned: 0, service_level: {}, ...nothing, intervals, waiting: [sum] }
}

function today(from_at: number, ...queues: QueueToday[]): Today {
  return { from_at, interval_ms: 900_000, queues, waiting_until: from_at }
}

test("news are merged queue by queue and interval by interval", () => {
  const known = today(0, queue("", [0, 3], [9, 1]), queue("sales", [0, 2], [9, 1]), queue("help", [0, 1]))
  const news = { ...today(0, { ...queue("sales", [0, 2], [9, 5], [18, 1]), intervals: queue("sales", [9, 5], [18, 1]).intervals }), waiting_until: 60 }
  const after = grown(known, { today: news, whole: false })
  assert.deepEqual(after.queues.find((one) => one.queue === "sales"), queue("sales", [0, 2], [9, 5], [18, 1]))
  assert.deepEqual(after.queues.find((one) => one.queue === "help"), queue("help", [0, 1]))
  assert.equal(after.waiting_until, 60)
  assert.equal(known.queues[1]!.answered, 3, "what was known has been changed in place")
})

test("a queue that is new is added", () => {
  const after = grown(today(0, queue("sales", [0, 2])), { today: today(0, queue("new", [9, 1])), whole: false })
  assert.deepEqual(after.queues.map((one) => one.queue), ["sales", "new"])
})

test("the whole replaces all of it: a new day", () => {
  const next = today(86_400_000, queue("sales"))
  assert.equal(grown(today(0, queue("sales", [0, 2])), { today: next, whole: true }), next)
  assert.equal(grown(null, { today: next, whole: false }), next)
})
