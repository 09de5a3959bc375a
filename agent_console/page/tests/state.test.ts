// The page's reducer and the server's board must agree: both read the same facts. The server's side of it writes the
// messages of one run to a file (tests/agent_console/test_page_state.py), whose name is in CALLFLOOR_RUN.

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"

import type { Snapshot, ServerMessage } from "../src/messages.ts"
import { NOTHING, ownPop, reduce, type View } from "../src/state.ts"

interface Run {
  messages: ServerMessage[]
  expected: Snapshot[] // one after each message: what a screen that came only now would be shown
}

const run = JSON.parse(readFileSync(process.env.CALLFLOOR_RUN ?? "", "utf8")) as Run

test("after every message the page shows what a fresh snapshot would show", () => {
  let view: View = NOTHING
  run.messages.forEach((message, index) => {
    view = reduce(view, message)
    const fresh = reduce(NOTHING, run.expected[index]!)
    const { pop: _, ...shown } = view
    const { pop: __, ...wanted } = fresh
    assert.deepEqual(shown, wanted, `after message ${index}: ${JSON.stringify(message)}`)
    assert.deepEqual(ownPop(view)?.offer, ownPop(fresh)?.offer)
  })
})

test("the reducer changes nothing that it was given", () => {
  const frozen = (value: unknown): unknown => {
    if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(frozen)
    return value
  }
  run.messages.reduce((view, message) => frozen(reduce(view, message)) as View, frozen(NOTHING) as View)
})
