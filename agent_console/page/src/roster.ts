// Which agents are listed, and in which order. Pure.

import type { Agent, Condition } from "./messages.ts"

export const STATES = ["free", "offered", "connected", "wrap-up", "resting", "not ready", "unreachable", "logged off"] as const
export type State = (typeof STATES)[number]
export const SORTS = ["name", "state", "since"] as const
export type Sort = (typeof SORTS)[number]

// "" is no matter which.
export interface Filter {
  text: string
  state: State | ""
  queue: string
  skill: string
}

export const ALL: Filter = { text: "", state: "", queue: "", skill: "" }

// As the ACD counts them: a call on the line says more than whether more calls are wanted.
export function stateOf(agent: Agent): State {
  if (agent.presence === "logged off") return "logged off"
  if (agent.line !== "free") return agent.line === "reserved" ? "offered" : agent.line
  if (agent.presence === "not ready") return "not ready"
  return agent.reachable ? "free" : ("unreachable" satisfies Condition)
}

export function sinceOf(agent: Agent): number {
  return agent.line === "free" ? agent.presence_since : agent.line_since
}

// Longest in its state first, unless it is turned round; who is equal stays by name.
export function roster(agents: readonly Agent[], filter: Filter, sort: Sort, turned: boolean): Agent[] {
  const words = filter.text.toLocaleLowerCase().split(/\s+/).filter(Boolean)
  const found = agents.filter((agent) => {
    const text = `${agent.name} ${agent.agent}`.toLocaleLowerCase()
    return (
      words.every((word) => text.includes(word)) &&
      (!filter.state || stateOf(agent) === filter.state) &&
      (!filter.queue || agent.queues.includes(filter.queue)) &&
      (!filter.skill || filter.skill in agent.skills)
    )
  })
  const key = (agent: Agent) => (sort === "since" ? sinceOf(agent) : sort === "state" ? STATES.indexOf(stateOf(agent)) : 0)
  const way = turned ? -1 : 1
  return found.sort((a, b) => way * (sort === "name" ? byName(a, b) : key(a) - key(b)) || byName(a, b))
}

function byName(a: Agent, b: Agent): number {
  return a.name.localeCompare(b.name) || (a.agent < b.agent ? -1 : 1)
}
