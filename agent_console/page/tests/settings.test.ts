import assert from "node:assert/strict"
import { test } from "node:test"

import { en } from "../src/words/en.ts"
import { differences, faultsAt, fieldsOf, groupsOf, kindOf, madeAnew, nameOf, otherFaults, placeOf, readSpans, writeSpans, type Schema } from "../src/settings.ts"

const DEFS: Record<string, Schema> = {
  Queue: {
    required: ["name"],
    properties: {
      name: { type: "string", maxLength: 200 },
      ring_ms: { type: "integer", minimum: 1000, default: 15000 },
      weight: { type: "integer", default: 1 },
      record: { enum: ["never", "always"], type: "string", default: "never" },
      when_full: { type: "string", format: "treatment" },
      count_ivr: { type: "boolean", default: false },
      join_when: { type: "array", items: { type: "string", enum: ["free"] } },
      dispositions: { type: "array", items: { type: "string" } },
      steps: { type: "array", items: { $ref: "#/$defs/Step" } },
      callback: { anyOf: [{ $ref: "#/$defs/Callback" }, { type: "null" }], default: null },
      skills: { type: "object", additionalProperties: { type: "integer" } },
      queues: { type: "object", additionalProperties: { type: "integer" } },
      week: { type: "object", additionalProperties: { type: "array", items: { type: "string" } } },
      password: { type: "string", writeOnly: true },
      new_one: { type: "string" },
    },
  },
  Step: { properties: { after_ms: { type: "integer" } } },
  Callback: { properties: { tries: { type: "integer" } } },
}

test("each field of a schema has the control that fits it", () => {
  const fields = fieldsOf({ $ref: "#/$defs/Queue" }, DEFS)
  assert.deepEqual(Object.fromEntries(fields.map((field) => [field.key, field.control])), {
    name: "text",
    ring_ms: "seconds",
    weight: "number",
    record: "choice",
    when_full: "treatment",
    count_ivr: "check",
    join_when: "choices",
    dispositions: "lines",
    steps: "list",
    callback: "table",
    skills: "skills",
    queues: "levels",
    week: "spans",
    password: "password",
    new_one: "text",
  })
  assert.deepEqual(fields.filter((field) => field.required).map((field) => field.key), ["name"])
  assert.deepEqual(fields.filter((field) => field.optional).map((field) => field.key), ["callback"])
})

test("a field that stands in no group is shown all the same", () => {
  const groups = groupsOf("queues", fieldsOf({ $ref: "#/$defs/Queue" }, DEFS))
  const last = groups.at(-1)
  assert.equal(last?.[0], "more")
  assert.ok(last?.[1].some((field) => field.key === "new_one"))
  for (const [group] of groups) assert.ok(group in en.settings.groups)
})

test("a place has a kind and a name", () => {
  for (const [kind, name] of [["queues", "a.b"], ["ivr.hotlines", "+86.1"], ["routing", ""]] as const) {
    const place = placeOf(kind, name)
    assert.equal(kindOf(place), kind)
    assert.equal(nameOf(place), name)
  }
})

test("spans are read as people write them, and written so that they are read again", () => {
  const table: [string, Record<string, string[]>][] = [
    ["", {}],
    ["mon-fri: 09:00-12:00, 13:00-18:00", { "mon-fri": ["09:00-12:00", "13:00-18:00"] }],
    ["mon 09:00-12:00 13:00-18:00\n\nsat:", { mon: ["09:00-12:00", "13:00-18:00"], sat: [] }],
    ["2026-10-01：\n2026-12-31：09:00-12:00，13:00-14:00", { "2026-10-01": [], "2026-12-31": ["09:00-12:00", "13:00-14:00"] }],
  ]
  for (const [text, spans] of table) {
    assert.deepEqual(readSpans(text), spans, text)
    assert.deepEqual(readSpans(writeSpans(spans)), spans, text)
  }
})

test("a fault is shown at its field or, where there is none, by itself", () => {
  const faults = [{ place: "queues.s.hours.zone", expected: "a zone" }, { place: "agents.a.queues", expected: "a queue" }]
  assert.deepEqual(faultsAt(faults, "queues.s.hours"), [faults[0]])
  assert.deepEqual(otherFaults(faults, ["queues.s.hours", "queues.s.name"]), [faults[1]])
})

test("what differs is told key by key", () => {
  assert.deepEqual(differences({ name: "a", ring_ms: 5, same: true }, { name: "b", hours: { zone: "UTC" }, same: true }), [
    { key: "name", before: "a", after: "b" },
    { key: "ring_ms", before: "5", after: "" },
    { key: "hours", before: "", after: '{"zone":"UTC"}' },
  ])
  assert.deepEqual(differences(null, null), [])
})

test("a change is made anew of what another has saved meanwhile", () => {
  const base = { name: "Sales", weight: 1, skills: "zh", priority: 2 }
  const mine = { name: "Sales", weight: 3, priority: 2, ring_ms: 9_000 } // the skills are taken away
  const now = { name: "Verkauf", weight: 2, skills: "zh > 2" } // and so is the priority
  assert.deepEqual(madeAnew(now, base, mine), { name: "Verkauf", weight: 3, ring_ms: 9_000 })
})
