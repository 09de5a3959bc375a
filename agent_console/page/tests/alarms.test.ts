import assert from "node:assert/strict"
import { test } from "node:test"

import { acknowledge, alarmsOf, judge, readSettings, USUAL, type AlarmSettings, type Floor, type Watch } from "../src/alarms.ts"
import type { Queue } from "../src/messages.ts"

const BEGIN = 1_700_000_000_000
const queue: Queue = {
  queue: "sales", name: "Sales", waiting: 0, longest_since: 0, service_level_ms: 20_000, agents: { free: 1 }, open: true,
  expected_wait_ms: null, wait_90_ms: null,
}
const only = (limits: Partial<AlarmSettings["usual"]>): AlarmSettings => {
  return { ...USUAL, usual: { nobody: 0, longest: 0, waiting: 0, level: 0, ...limits } }
}

function floor(change: Partial<Queue> = {}, level = { share: 1, calls: 0 }, up = true): Floor {
  return { queues: [{ ...queue, ...change }], links: [{ link: "ami:pbx1", up, since: 0, why: "" }], levels: { sales: level } }
}

// What is alarmed at the end of each second, of floors that last so many seconds each.
function story(settings: AlarmSettings, ...parts: [seconds: number, floor: Floor][]): string {
  let watch: Watch = {}
  let now = BEGIN
  let shown = ""
  for (const [seconds, floor] of parts) {
    for (let second = 0; second < seconds; second++) {
      watch = judge(watch, floor, settings, (now += 1000))
      shown += alarmsOf(watch).length ? "!" : "."
    }
  }
  return shown
}

test("an alarm begins when its limit is passed for a while, and ends when things are clearly better for a while", () => {
  const [five, four, three] = [5, 4, 3].map((waiting) => floor({ waiting }))
  const settings = only({ waiting: 5 })
  assert.equal(story(settings, [3, five!], [3, three!]), "......", "too short")
  assert.equal(story(settings, [5, five!]), "...!!")
  assert.equal(story(settings, [4, five!], [20, four!]), "...!" + "!".repeat(20), "a little better is no end")
  assert.equal(story(settings, [4, five!], [12, three!]), "...!" + "!".repeat(10) + "..")
  assert.equal(story(settings, [4, five!], [8, three!], [1, five!], [12, three!]), "...!" + "!".repeat(8) + "!" + "!".repeat(10) + "..", "no flutter")
})

test("each limit alarms by itself, and 0 means no alarm", () => {
  const late = { waiting: 1, longest_since: BEGIN - 60_000 }
  const table: [string, AlarmSettings, Floor, string[]][] = [
    ["the longest wait", only({ longest: 60 }), floor(late), ["longest sales"]],
    ["a longer limit", only({ longest: 90 }), floor(late), []],
    ["nobody at work", only({ nobody: 5 }), floor({ ...late, agents: { "not ready": 2, unreachable: 1 } }), ["nobody sales"]],
    ["all talk", only({ nobody: 5 }), floor({ ...late, agents: { connected: 2 } }), []],
    ["nobody waits", only({ nobody: 5 }), floor({ agents: {} }), []],
    ["the service level", only({ level: 80 }), floor({}, { share: 0.79, calls: 10 }), ["level sales"]],
    ["of too few calls", only({ level: 80 }), floor({}, { share: 0, calls: 9 }), []],
    ["a link", only({}), floor({}, undefined, false), ["link ami:pbx1"]],
    ["links not watched", { ...only({}), link: 0 }, floor({}, undefined, false), []],
    ["a queue with its own limit", { ...only({ waiting: 2 }), queues: { sales: { waiting: 0 } } }, floor({ waiting: 9 }), []],
    ["a stricter one", { ...only({ waiting: 9 }), queues: { sales: { waiting: 2 } } }, floor({ waiting: 2 }), ["waiting sales"]],
  ]
  for (const [name, settings, floor, expected] of table) {
    let watch: Watch = {}
    for (let second = 1; second <= 10; second++) watch = judge(watch, floor, settings, BEGIN + 1000 * second)
    assert.deepEqual(alarmsOf(watch).map((one) => `${one.kind} ${one.of}`), expected, name)
  }
})

test("an acknowledged alarm is quiet until it has ended; another one of the same queue is not", () => {
  const settings = only({ waiting: 5, longest: 60 })
  let [watch, now]: [Watch, number] = [{}, BEGIN]
  const pass = (seconds: number, floor: Floor) => {
    for (let second = 0; second < seconds; second++) watch = judge(watch, floor, settings, (now += 1000))
    return alarmsOf(watch).map((one) => `${one.kind}${one.acknowledged ? " acknowledged" : ""}`)
  }
  assert.deepEqual(pass(5, floor({ waiting: 5 })), ["waiting"])
  watch = acknowledge(watch, "help")
  assert.deepEqual(pass(1, floor({ waiting: 5 })), ["waiting"], "another queue's")
  watch = acknowledge(watch, "sales")
  assert.deepEqual(pass(60, floor({ waiting: 7 })), ["waiting acknowledged"])
  assert.deepEqual(pass(5, floor({ waiting: 7, longest_since: BEGIN - 60_000 })), ["longest", "waiting acknowledged"])
  assert.deepEqual(pass(12, floor()), [])
  assert.deepEqual(pass(5, floor({ waiting: 5 })), ["waiting"], "a new one")
})

test("a queue or a link that is gone takes its alarms with it", () => {
  let watch: Watch = {}
  for (let second = 1; second <= 10; second++) watch = judge(watch, floor({ waiting: 5 }, undefined, false), only({ waiting: 1 }), BEGIN + 1000 * second)
  assert.equal(alarmsOf(watch).length, 2)
  assert.deepEqual(judge(watch, { queues: [], links: [], levels: {} }, only({ waiting: 1 }), BEGIN + 11_000), {})
})

test("settings that are not understood are as usual", () => {
  const own: AlarmSettings = { sound: true, link: 0, usual: { nobody: 0, longest: 60, waiting: 3, level: 80 }, queues: { sales: { level: 90 } } }
  assert.deepEqual(readSettings(JSON.stringify(own)), own)
  for (const text of [null, "", "{", "[]", "7", '"x"', "null", '{"usual": 3, "queues": [1], "link": "5", "sound": "yes"}']) {
    assert.deepEqual(readSettings(text), USUAL, String(text))
  }
  const odd = { usual: { longest: -1, waiting: 1e9, level: 80.5, nobody: 7 }, queues: { sales: { longest: null }, help: { waiting: 2, x: 1 } } }
  assert.deepEqual(readSettings(JSON.stringify(odd)), { ...USUAL, usual: { ...USUAL.usual, nobody: 7 }, queues: { help: { waiting: 2 } } })
})
