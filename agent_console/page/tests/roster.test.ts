import assert from "node:assert/strict"
import { test } from "node:test"

import type { Agent } from "../src/messages.ts"
import { ALL, roster, stateOf, type Filter, type Sort } from "../src/roster.ts"

const agent = (id: string, name: string, change: Partial<Agent> = {}): Agent => ({
  agent: id, name, queues: ["sales"], presence: "ready", presence_since: 0, reason: "", line: "free", line_since: 0, until: 0,
  offer: 0, call: "", console: true, reachable: true, phone: "", held: false, recording: "", disposition: "", callbacks: [],
  consult: null, skills: {}, monitors: [], ...change,
})
const AGENTS = [
  agent("a1", "Zoe", { line: "connected", line_since: 50 }),
  agent("a2", "ann lee", { presence: "not ready", presence_since: 10, queues: ["help"] }),
  agent("a3", "Bob", { presence_since: 30, skills: { zh: 3 } }),
  agent("a4", "Cem", { presence_since: 20, reachable: false }),
  agent("a5", "Dan", { presence: "logged off", presence_since: 5, reachable: false }),
  agent("a6", "Eva", { line: "reserved", line_since: 40, presence: "not ready" }),
]

test("agents are found by state, queue, skill and words, and sorted", () => {
  const table: [Partial<Filter>, Sort, boolean, string][] = [
    [{}, "name", false, "a2 a3 a4 a5 a6 a1"],
    [{}, "name", true, "a1 a6 a5 a4 a3 a2"],
    [{}, "state", false, "a3 a6 a1 a2 a4 a5"],
    [{}, "since", false, "a5 a2 a4 a3 a6 a1"],
    [{}, "since", true, "a1 a6 a3 a4 a2 a5"],
    [{ state: "connected" }, "name", false, "a1"],
    [{ state: "unreachable" }, "name", false, "a4"],
    [{ queue: "help" }, "name", false, "a2"],
    [{ skill: "zh" }, "name", false, "a3"],
    [{ text: " LEE an " }, "name", false, "a2"],
    [{ text: "a6" }, "name", false, "a6"],
    [{ state: "free", queue: "help" }, "name", false, ""],
  ]
  for (const [filter, sort, turned, expected] of table) {
    const found = roster(AGENTS, { ...ALL, ...filter }, sort, turned)
    assert.equal(found.map((one) => one.agent).join(" "), expected, JSON.stringify([filter, sort, turned]))
  }
  assert.deepEqual(AGENTS.map(stateOf), ["connected", "not ready", "free", "unreachable", "logged off", "offered"])
})
