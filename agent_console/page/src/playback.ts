// A recording's own clock against the clock on the wall. Pure.
//
// Nothing is written while the agent hears nobody: in a hold the file's clock stands still, but for a consultation in it
// that was answered. A pause for card data is silence, and goes on counting.

import type { Recording, Stay, StoryLine } from "./messages.ts"

type Span = [from: number, to: number]

// When something was written, in order.
export function written(recording: Recording, stays: readonly Stay[], lines: readonly StoryLine[]): Span[] {
  const end = recording.ended_at ?? recording.began_at
  let spans: Span[] = [[recording.began_at, end]]
  for (const hold of own(stays, recording, "hold")) {
    const consulted = own(stays, recording, "consult").flatMap(([from, to]) => {
      const answered = lines.find((line) => line.kind === "CallConnected" && line.at >= from && line.at <= to)
      return answered ? [[Math.max(answered.at, hold[0]), Math.min(to, hold[1])] as Span] : []
    })
    const talks = consulted.filter(([from, to]) => from < to)
    spans = spans.flatMap(([from, to]) => [
      [from, Math.min(to, hold[0])] as Span,
      ...talks.filter((talk) => talk[0] >= from && talk[1] <= to),
      [Math.max(from, hold[1]), to] as Span,
    ])
    spans = spans.filter(([from, to]) => from < to)
  }
  return spans
}

export function own(stays: readonly Stay[], recording: Recording, kind: string): Span[] {
  const end = recording.ended_at ?? recording.began_at
  return stays
    .filter((stay) => stay.kind === kind && stay.agent === recording.agent && stay.began_at >= recording.began_at && stay.began_at < end)
    .map((stay) => [stay.began_at, stay.ended_at ?? end])
}

// The place in the file, in seconds, of a moment; that of the next thing written if nothing was then.
export function inFile(spans: readonly Span[], at: number): number {
  return spans.reduce((sum, [from, to]) => sum + Math.max(0, Math.min(at, to) - from), 0) / 1000
}

// The moment at a place in the file.
export function onWall(spans: readonly Span[], seconds: number): number {
  let left = seconds * 1000
  for (const [from, to] of spans) {
    if (left < to - from) return from + left
    left -= to - from
  }
  return spans.at(-1)?.[1] ?? 0
}
