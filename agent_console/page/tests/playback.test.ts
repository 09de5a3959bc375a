// Where in a recording a moment of the story is.

import assert from "node:assert/strict"
import { test } from "node:test"

import type { Recording, Stay, StoryLine } from "../src/messages.ts"
import { inFile, onWall, written } from "../src/playback.ts"

const recording: Recording = { name: "c1-1", sides: ["agent", "other"], began_at: 10_000, ended_at: 70_000, agent: "a1" }
const stay = (kind: string, began_at: number, ended_at: number, agent = "a1"): Stay => ({ kind, began_at, ended_at, agent, queue: "", result: "", target: "" })
const answered = (at: number): StoryLine => ({ at, text: "", kind: "CallConnected", agent: "a2", details: [] })

test("without a hold the two clocks agree", () => {
  const spans = written(recording, [stay("paused", 20_000, 30_000), stay("hold", 20_000, 30_000, "a2")], [])
  assert.deepEqual(spans, [[10_000, 70_000]])
  assert.equal(inFile(spans, 25_000), 15)
  assert.equal(onWall(spans, 15), 25_000)
})

test("in a hold the file's clock stands still", () => {
  const spans = written(recording, [stay("hold", 20_000, 30_000)], [])
  assert.deepEqual(spans, [[10_000, 20_000], [30_000, 70_000]])
  assert.equal(inFile(spans, 25_000), 10)
  assert.equal(inFile(spans, 31_000), 11)
  assert.equal(onWall(spans, 11), 31_000)
  assert.equal(onWall(spans, 999), 70_000)
})

test("a consultation in a hold is written from its answer on", () => {
  const stays = [stay("hold", 20_000, 40_000), stay("consult", 22_000, 38_000), stay("hold", 50_000, 55_000)]
  const spans = written(recording, stays, [answered(10_000), answered(28_000)])
  assert.deepEqual(spans, [[10_000, 20_000], [28_000, 38_000], [40_000, 50_000], [55_000, 70_000]])
})
