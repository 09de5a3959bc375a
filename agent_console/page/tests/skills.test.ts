import assert from "node:assert/strict"
import { test } from "node:test"

import { readSkills, writeSkills } from "../src/skills.ts"

test("skills are read as people write them, and written so that they are read again", () => {
  const table: [string, Record<string, number> | null][] = [
    ["", {}],
    ["zh 3, billing", { zh: 3, billing: 1 }],
    ["zh=3；en:2", { zh: 3, en: 2 }],
    ["zh 0", null],
    ["zh 3 en", null],
    ["zh 1001", null],
  ]
  for (const [text, skills] of table) assert.deepEqual(readSkills(text), skills, text)
  assert.deepEqual(readSkills(writeSkills({ zh: 3, "card-loss": 2 })), { zh: 3, "card-loss": 2 })
})
