// How the queues of a wall are laid out and chosen. Pure.

// So many are still read from ten metres.
export const MOST = 12

// On as few pages as they fit on, and about as many on each.
export function pagesOf<T>(queues: readonly T[]): T[][] {
  const pages = Math.max(1, Math.ceil(queues.length / MOST))
  const first = (page: number) => Math.ceil((page * queues.length) / pages)
  return [...Array(pages).keys()].map((page) => queues.slice(first(page), first(page + 1)))
}

// On a screen that is wider than high: up to 2 × 1, 2 × 2, 3 × 2, 3 × 3 and 4 × 3 of them.
export function columnsOf(queues: number): number {
  return queues <= 2 ? queues : queues <= 4 ? 2 : queues <= 9 ? 3 : 4
}

// The ids in an address: `?queues=sales,help`. What is not there is no choice: all are shown.
export function readChoice(query: unknown, known: readonly string[]): string[] {
  const asked = String(query ?? "").split(",")
  const chosen = known.filter((queue) => asked.includes(queue))
  return chosen.length ? chosen : [...known]
}

// As it stands in an address; undefined for all of them, so that a new queue is shown as well.
export function writeChoice(chosen: readonly string[], known: readonly string[]): string | undefined {
  return chosen.length === 0 || chosen.length === known.length ? undefined : chosen.join(",")
}
