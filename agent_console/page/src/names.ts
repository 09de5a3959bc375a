// Ids as people know them: a queue or an agent that this viewer sees by its name, any other by its id.

import { useLive } from "./live.ts"

export function useNames(): { queue(id: string): string; agent(id: string): string } {
  const { view } = useLive()
  return {
    queue: (id) => view.value.queues[id]?.name ?? id,
    agent: (id) => view.value.agents[id]?.name ?? id,
  }
}
