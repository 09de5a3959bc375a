// What the page shows, as a pure function of what the server said: view = reduce(view, message).

import type { Agent, Call, Fact, FactItem, LinkStatus, Me, Popped, Queue, ServerMessage } from "./messages.ts"

export interface View {
  me: Me | null
  queues: Readonly<Record<string, Queue>>
  agents: Readonly<Record<string, Agent>>
  calls: Readonly<Record<string, Call>>
  links: Readonly<Record<string, LinkStatus>>
  pop: Popped | null
}

export const NOTHING: View = { me: null, queues: {}, agents: {}, calls: {}, links: {}, pop: null }

export function reduce(view: View, message: ServerMessage): View {
  switch (message.type) {
    case "snapshot":
      return {
        me: message.me,
        queues: by(message.queues, (queue) => queue.queue),
        agents: by(message.agents, (agent) => agent.agent),
        calls: by(message.calls, (call) => call.call),
        links: by(message.links, (link) => link.link),
        pop: message.pop,
      }
    case "facts": {
      const next = message.facts.reduce(apply, view)
      return message.queues.length ? { ...next, queues: { ...next.queues, ...by(message.queues, (q) => q.queue) } } : next
    }
    case "offer":
    case "pop": {
      const { offer, call, record } = message
      return { ...view, pop: { offer, call, record, connected: message.type === "pop" } }
    }
    case "pop_withdrawn":
      return view.pop?.offer === message.offer ? { ...view, pop: null } : view
    case "answer":
    case "taken_over":
    case "error":
      return view
  }
}

// The viewer's own agent; null for a supervisor who takes no calls.
export function ownAgent(view: View): Agent | null {
  return (view.me?.agent && view.agents[view.me.agent]) || null
}

// The caller's record, only while this very call is on the agent's line: never the caller before.
export function ownPop(view: View): Popped | null {
  const agent = ownAgent(view)
  return agent && agent.line !== "free" && agent.call === view.pop?.call ? view.pop : null
}

function by<T>(things: readonly T[], key: (thing: T) => string): Record<string, T> {
  return Object.fromEntries(things.map((thing) => [key(thing), thing]))
}

function apply(view: View, { at, fact }: FactItem): View {
  switch (fact.type) {
    case "AgentLoggedIn":
      return presence(view, fact.agent, "not ready", "", at)
    case "AgentLoggedOut":
      return presence(view, fact.agent, "logged off", fact.reason ?? "", at)
    case "AgentReady":
      return presence(view, fact.agent, "ready", "", at)
    case "AgentNotReady":
      return presence(view, fact.agent, "not ready", fact.reason ?? "", at)
    case "ConsoleAttached":
      return agent(view, fact.agent, { console: true })
    case "ConsoleDetached":
      return agent(view, fact.agent, { console: false })
    case "WrapUpStarted":
      return agent(view, fact.agent, { line: "wrap-up", line_since: at, until: fact.until, call: fact.call })
    case "WrapUpEnded":
      return free(view, fact.agent, at)
    case "LinkDown":
      return link(view, { link: fact.link, up: false, since: at, why: fact.why })
    case "LinkUp":
      return link(view, { link: fact.link, up: true, since: at, why: "" })
    default:
      return applyToCall(view, at, fact)
  }
}

function applyToCall(view: View, at: number, fact: Fact): View {
  switch (fact.type) {
    case "CallBegan":
      return began(view, at, fact)
    case "CallerKnown": {
      const known = view.calls[fact.call]
      return call(view, fact.call, { ani: fact.ani || known?.ani || "", dnis: fact.dnis || known?.dnis || "" })
    }
    case "MenuChosen": {
      const menu = view.calls[fact.call]?.menu ?? []
      return call(view, fact.call, { menu: [...menu, [fact.menu, fact.choice]] })
    }
    case "CallQueued": {
      const { queue, priority, joined_at } = fact
      return call(view, fact.call, { stage: "queued", stage_since: at, queue, priority, joined_at })
    }
    case "CallOffered": {
      const offered = { line: "offered", line_since: at, until: fact.until, offer: fact.offer, call: fact.call } as const
      return agent(call(view, fact.call, { stage: "offered", stage_since: at }), fact.agent, offered)
    }
    case "OfferFailed": {
      const next = free(call(view, fact.call, { stage: "queued", stage_since: at }), fact.agent, at)
      return next.pop?.offer === fact.offer ? { ...next, pop: null } : next
    }
    case "CallConnected": {
      const next = call(view, fact.call, { stage: "connected", stage_since: at })
      return agent(next, fact.agent, { line: "connected", line_since: at, until: 0 })
    }
    case "CallLeftQueue":
      return call(view, fact.call, { stage: "in IVR", stage_since: at, queue: "" })
    case "CallAbandoned":
      return without(view, fact.call)
    case "CallEnded":
      return fact.agent ? free(without(view, fact.call), fact.agent, at) : without(view, fact.call)
    default:
      return view
  }
}

function agent(view: View, name: string, change: Partial<Agent>): View {
  const known = view.agents[name]
  return known ? { ...view, agents: { ...view.agents, [name]: { ...known, ...change } } } : view
}

function presence(view: View, name: string, presence: Agent["presence"], reason: string, at: number): View {
  return agent(view, name, { presence, reason, presence_since: at })
}

function free(view: View, name: string, at: number): View {
  return agent(view, name, { line: "free", line_since: at, until: 0, offer: 0, call: "" })
}

function call(view: View, id: string, change: Partial<Call>): View {
  const known = view.calls[id]
  return known ? { ...view, calls: { ...view.calls, [id]: { ...known, ...change } } } : view
}

function began(view: View, at: number, fact: Extract<Fact, { type: "CallBegan" }>): View {
  const call: Call = {
    call: fact.call,
    ani: fact.ani ?? "",
    dnis: fact.dnis ?? "",
    port: fact.port ?? "",
    began_at: at,
    stage: "in IVR",
    stage_since: at,
    menu: [],
    queue: "",
    priority: 0,
    joined_at: 0,
  }
  return { ...view, calls: { ...view.calls, [call.call]: call } }
}

function without(view: View, id: string): View {
  const { [id]: _, ...calls } = view.calls
  return { ...view, calls }
}

function link(view: View, status: LinkStatus): View {
  return { ...view, links: { ...view.links, [status.link]: status } }
}
