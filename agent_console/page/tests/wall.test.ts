import assert from "node:assert/strict"
import { test } from "node:test"

import { columnsOf, MOST, pagesOf, readChoice, writeChoice } from "../src/wall.ts"

test("every queue is on one page, no page is crowded, and pages are about as full as each other", () => {
  for (let number = 0; number <= 60; number++) {
    const queues = [...Array(number).keys()]
    const pages = pagesOf(queues)
    assert.deepEqual(pages.flat(), queues)
    const sizes = pages.map((page) => page.length)
    assert.ok(Math.max(...sizes) <= MOST && Math.max(...sizes) - Math.min(...sizes) <= 1, String(sizes))
    for (const size of sizes.filter(Boolean)) assert.ok(Math.ceil(size / columnsOf(size)) <= 3, `${size} in three rows`)
  }
  assert.equal(pagesOf([...Array(13).keys()]).length, 2)
})

test("the choice of queues is read from an address and written into it", () => {
  const known = ["sales", "help", "cards"]
  const table: [unknown, string[], string | undefined][] = [
    [undefined, known, undefined],
    [null, known, undefined],
    ["", known, undefined],
    ["cards,sales", ["sales", "cards"], "sales,cards"],
    ["cards,gone", ["cards"], "cards"],
    ["gone", known, undefined],
    [["sales", "help"], ["sales", "help"], "sales,help"],
    ["sales,help,cards", known, undefined],
  ]
  for (const [query, chosen, written] of table) {
    assert.deepEqual(readChoice(query, known), chosen, JSON.stringify(query))
    assert.equal(writeChoice(chosen, known), written, JSON.stringify(query))
  }
  assert.equal(writeChoice([], known), undefined)
})
