// The day so far, from what is told of it: whole at first, and then what has changed. Pure.

import type { QueueToday, Today } from "./messages.ts"

// All queues together have no id.
export const ALL = ""

export function grown(known: Today | null, told: { today: Today; whole: boolean }): Today {
  if (told.whole || !known) return told.today
  const queues = new Map(known.queues.map((queue) => [queue.queue, queue]))
  for (const queue of told.today.queues) queues.set(queue.queue, grownQueue(queues.get(queue.queue), queue))
  return { ...told.today, queues: [...queues.values()] }
}

function grownQueue(known: QueueToday | undefined, told: QueueToday): QueueToday {
  const intervals = new Map([...(known?.intervals ?? []), ...told.intervals].map((one) => [one.at, one]))
  return { ...told, intervals: [...intervals.values()].sort((a, b) => a.at - b.at) }
}
