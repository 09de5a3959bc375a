// Ids as people know them: a queue or an agent that this viewer sees by its name, others as the directory has them.

import { shallowRef } from "vue"

import { readDirectory } from "./api.ts"
import { useLive } from "./live.ts"

const others = shallowRef<Readonly<Record<string, string>>>({})
const asked = new Set<string>()

// Asks once for each id that is not known; until then, and if nobody knows it, the id says it as well.
async function learn(agent: string): Promise<void> {
  if (asked.has(agent)) return
  asked.add(agent)
  try {
    others.value = Object.fromEntries((await readDirectory()).agents.map((one) => [one.agent, one.name]))
  } catch {
    asked.delete(agent)
  }
}

export function useNames(): { queue(id: string): string; agent(id: string): string } {
  const { view } = useLive()
  return {
    queue: (id) => view.value.queues[id]?.name ?? id,
    agent: (id) => {
      const name = view.value.agents[id]?.name ?? others.value[id]
      if (!name && id) void learn(id)
      return name ?? id
    },
  }
}
