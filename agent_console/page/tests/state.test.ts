// The page's reducer and the server's board must agree: both read the same facts. The server's side of it writes the
// messages of one run to a file (tests/agent_console/test_page_state.py), whose name is in CALLFLOOR_RUN.

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"

import type { Snapshot, ServerMessage } from "../src/messages.ts"
import { NOTHING, ownAgent, ownPop, reduce, type View } from "../src/state.ts"

interface Run {
  messages: ServerMessage[]
  expected: Snapshot[] // one after each message: what a screen that came only now would be shown
  agents: { agent: string; messages: ServerMessage[] }[] // what agents' own screens were sent meanwhile
}

const run = JSON.parse(readFileSync(process.env.CALLFLOOR_RUN ?? "", "utf8")) as Run

test("after every message the page shows what a fresh snapshot would show", () => {
  let view: View = NOTHING
  run.messages.forEach((message, index) => {
    view = reduce(view, message)
    const fresh = reduce(NOTHING, run.expected[index]!)
    const { pop: _, today: _today, ...shown } = view
    const { pop: __, today: __today, ...wanted } = fresh
    assert.deepEqual(shown, wanted, `after message ${index}: ${JSON.stringify(message)}`)
  })
})

test("an agent's own screen shows that agent as the supervisor's does", () => {
  const fresh = new Map(run.expected.map((snapshot) => [snapshot.seq, snapshot]))
  for (const { agent, messages } of run.agents) {
    let view: View = NOTHING
    let compared = 0
    messages.forEach((message, index) => {
      view = reduce(view, message)
      const wanted = message.type === "facts" && fresh.get(message.to)?.agents.find((one) => one.agent === agent)
      if (!wanted) return
      compared += 1
      // Who listens is no agent's to know.
      assert.deepEqual(view.agents[agent], { ...wanted, monitors: [] }, `after message ${index}: ${JSON.stringify(message)}`)
    })
    assert.ok(compared > 50, `only ${compared} messages to ${agent} were compared`)
  }
})

test("the caller's record stays while the call is held, consulted about, joined and wrapped up", () => {
  for (const { agent, messages } of run.agents) {
    let view: View = NOTHING
    const calls = new Set<string>()
    messages.forEach((message, index) => {
      view = reduce(view, message)
      const own = ownAgent(view)
      if (!own || !["connected", "wrap-up"].includes(own.line)) return
      const at = `${agent} after message ${index}: ${JSON.stringify(message)}`
      assert.deepEqual([ownPop(view)?.call, ownPop(view)?.record.call], [own.call, own.call], at)
      calls.add(own.call)
    })
    assert.ok(calls.has("c4") && [...calls].some((call) => call.startsWith("c4~")), `${agent} had ${[...calls]}`)
  }
})

test("the reducer changes nothing that it was given", () => {
  const frozen = (value: unknown): unknown => {
    if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(frozen)
    return value
  }
  run.messages.reduce((view, message) => frozen(reduce(view, message)) as View, frozen(NOTHING) as View)
})
