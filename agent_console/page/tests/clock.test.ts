import assert from "node:assert/strict"
import { test } from "node:test"

import { duration } from "../src/clock.ts"

test("durations read as people read them", () => {
  const table: [number, string][] = [
    [-5, "0:00"],
    [999, "0:00"],
    [65_000, "1:05"],
    [3_599_999, "59:59"],
    [3_700_000, "1:01:40"],
  ]
  for (const [ms, text] of table) assert.equal(duration(ms), text)
})
