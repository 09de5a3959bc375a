// What the page shows, as a pure function of what the server said: view = reduce(view, message).

import { grown } from "./figures.ts"
import type { Agent, Call, Fact, FactItem, LinkStatus, Me, Monitor, Popped, Queue, ServerMessage, Today } from "./messages.ts"

export interface View {
  me: Me | null
  queues: Readonly<Record<string, Queue>>
  agents: Readonly<Record<string, Agent>>
  calls: Readonly<Record<string, Call>>
  links: Readonly<Record<string, LinkStatus>>
  pop: Popped | null
  // The day so far; null for an agent, and until it is told.
  today: Today | null
}

export const NOTHING: View = { me: null, queues: {}, agents: {}, calls: {}, links: {}, pop: null, today: null }

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
        today: view.today,
      }
    case "figures":
      return { ...view, today: grown(view.today, message) }
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

// A consultation is a call of its own; its id is that of the caller's call, this sign and a number.
export function isConsultation(call: string): boolean {
  return call.includes("~")
}

// The caller's call: the own, or the one that a consultation is about.
export function callers(call: string): string {
  return call.split("~")[0] ?? call
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
      return agent(presence(view, fact.agent, "not ready", "", at), fact.agent, {
        reachable: !fact.unreachable,
        phone: fact.phone ?? "",
      })
    case "AgentLoggedOut":
      return presence(view, fact.agent, "logged off", fact.reason ?? "", at)
    case "AgentReady":
      return presence(view, fact.agent, "ready", "", at)
    case "AgentNotReady":
      return presence(view, fact.agent, "not ready", fact.reason ?? "", at)
    case "SkillsChanged":
      return agent(view, fact.agent, { skills: fact.skills })
    case "PhoneLost":
      return (fact.agents ?? []).reduce((next, name) => agent(next, name, { reachable: false }), view)
    case "PhoneFound":
      return (fact.agents ?? []).reduce((next, name) => agent(next, name, { reachable: true }), view)
    case "ConsoleAttached":
      return agent(view, fact.agent, { console: true })
    case "ConsoleDetached":
      return agent(view, fact.agent, { console: false })
    case "RestStarted":
      return agent(view, fact.agent, { line: "resting", line_since: at, until: fact.until })
    case "AgentReserved":
      return agent(view, fact.agent, { line: "reserved", line_since: at, until: fact.until, call: fact.call })
    case "WrapUpStarted":
      return agent(view, fact.agent, { line: "wrap-up", line_since: at, until: fact.until, call: fact.call })
    case "WrapUpExtended":
      return agent(view, fact.agent, { until: fact.until })
    case "WrapUpEnded":
      return agent(free(view, fact.agent, at), fact.agent, { disposition: "" })
    case "RestEnded":
    case "AgentReleased":
      return free(view, fact.agent, at)
    case "LinkDown":
      return link(view, { link: fact.link, up: false, since: at, why: fact.why })
    case "LinkUp":
      return link(view, { link: fact.link, up: true, since: at, why: "" })
    default:
      return applyToWaiting(view, at, fact)
  }
}

function applyToWaiting(view: View, at: number, fact: Fact): View {
  switch (fact.type) {
    case "CallBegan":
      return began(view, at, fact)
    case "CallerKnown": {
      const consult = Object.values(view.agents).find((one) => one.call === fact.call && one.consult)?.consult
      return [fact.call, consult?.call ?? ""].reduce((next, id) => {
        const known = view.calls[id]
        return call(next, id, { ani: fact.ani || known?.ani || "", dnis: fact.dnis || known?.dnis || "" })
      }, view)
    }
    case "MenuChosen": {
      const menu = view.calls[fact.call]?.menu ?? []
      return call(view, fact.call, { menu: [...menu, [fact.menu, fact.choice]] })
    }
    case "CallQueued": {
      const { queue, priority, joined_at } = fact
      const next = stage(view, fact.call, view.calls[fact.call]?.stage === "callback" ? "callback" : "queued", at)
      return call(next, fact.call, { queue, priority, joined_at })
    }
    case "CallRelaxed":
      return call(view, fact.call, { stage_since: at, ...(fact.step ? { priority: fact.priority } : {}) })
    case "CallDeflected": {
      const joined_at = view.calls[fact.call]?.joined_at || at
      const queue = fact.to.kind === "number" ? fact.queue : ""
      return call(stage(view, fact.call, "in IVR", at), fact.call, { joined_at, queue })
    }
    case "CallLeftQueue":
      return call(stage(view, fact.call, "in IVR", at), fact.call, { queue: "" })
    case "CallAbandoned":
      return without(view, fact.call)
    case "CallPlaced":
      return placed(view, at, fact)
    case "NumberDialed":
      return stage(view, fact.call, "connected", at)
    case "NumberReached":
      return call(stage(view, fact.call, "connected", at), fact.call, { dialing: false })
    case "CallbackPlaced":
    case "CallbackMissed":
      return stage(view, fact.call, "callback", at)
    case "CallbackDialed":
      return stage(view, fact.call, "dialed", at)
    case "CallbackReached":
      return stage(view, fact.call, "queued", at)
    default:
      return applyToTalk(view, at, fact)
  }
}

function applyToTalk(view: View, at: number, fact: Fact): View {
  switch (fact.type) {
    case "CallOffered": {
      const fresh = { until: fact.until, offer: fact.offer, call: fact.call, disposition: "" }
      const offered = { line: "offered", line_since: at, ...fresh } as const
      return agent(stage(view, fact.call, "offered", at), fact.agent, offered)
    }
    case "OfferFailed": {
      const next = free(view, fact.agent, at)
      const kept = next.pop?.offer === fact.offer ? { ...next, pop: null } : next
      return rings(kept, fact.call) ? kept : stage(kept, fact.call, "queued", at)
    }
    case "CallConnected": {
      const next = consulting(stage(view, fact.call, "connected", at), fact.call, { answered: true })
      return agent(next, fact.agent, { line: "connected", line_since: at, until: 0 })
    }
    case "CallHeld":
      return agent(stage(view, fact.call, "held", at), fact.agent, { held: true })
    case "CallResumed":
      return agent(stage(view, fact.call, "connected", at), fact.agent, { held: false })
    case "ConsultStarted":
      return consulted(view, at, fact)
    case "ConsultJoined":
      return joined(view, at, fact)
    case "AgentLeft":
      return free(stage(view, fact.call, "connected", at), fact.agent, at)
    case "CallTransferred":
      return free(call(stage(view, fact.call, "queued", at), fact.call, { joined_at: at }), fact.agent, at)
    case "CallEnded": {
      const next = consulting(without(view, fact.call), fact.call, null)
      return fact.agent ? free(next, fact.agent, at) : next
    }
    case "RecordingStarted":
    case "RecordingResumed":
      return agent(view, fact.agent, { recording: "on" })
    case "RecordingPaused":
      return agent(view, fact.agent, { recording: "paused" })
    case "RecordingEnded":
      return agent(view, fact.agent, { recording: "" })
    case "CallDisposed":
      return agent(view, fact.agent, { disposition: fact.disposition })
    case "NoteWritten":
      return noted(view, fact)
    case "CallbackScheduled": {
      const { callback, call, queue, number, due_at, own = false } = fact
      const callbacks = [...(view.agents[fact.agent]?.callbacks ?? []), { callback, call, queue, number, due_at, own }]
      return agent(view, fact.agent, { callbacks })
    }
    case "CallbackCanceled":
      return withoutCallback(view, fact.agent, fact.callback)
    case "CallbackDue": {
      const next = withoutCallback(view, fact.agent, fact.call)
      // It is nobody's call yet: who sees only their own calls hears of it when it is offered.
      return view.me?.role === "agent" ? next : began(next, at, { type: "CallBegan", call: fact.call, ani: fact.number })
    }
    default:
      return applyToMonitors(view, fact)
  }
}

// A supervisor hears one agent at a time.
function applyToMonitors(view: View, fact: Fact): View {
  switch (fact.type) {
    case "MonitorStarted": {
      const { by, mode } = fact
      return monitored(view, by, fact.agent, { by, mode, connected: false })
    }
    case "MonitorConnected":
      return monitored(view, fact.by, monitoredBy(view, fact.by), { connected: true })
    case "MonitorChanged":
      return monitored(view, fact.by, monitoredBy(view, fact.by), { mode: fact.mode })
    case "MonitorEnded":
      return monitored(view, fact.by, monitoredBy(view, fact.by), null)
    default:
      return view
  }
}

// The agent whom this supervisor hears; "" if nobody.
export function monitoredBy(view: View, by: string): string {
  return Object.values(view.agents).find((one) => one.monitors.some((monitor) => monitor.by === by))?.agent ?? ""
}

function monitored(view: View, by: string, name: string, change: Partial<Monitor> | null): View {
  const known = view.agents[name]
  if (!known) return view
  const before = known.monitors.find((one) => one.by === by) ?? { by, mode: "listen", connected: false }
  const others = known.monitors.filter((one) => one.by !== by)
  return agent(view, name, { monitors: change ? [...others, { ...before, ...change }] : others })
}

function withoutCallback(view: View, name: string, callback: string): View {
  const callbacks = (view.agents[name]?.callbacks ?? []).filter((one) => one.callback !== callback)
  return agent(view, name, { callbacks })
}

// The own note; what others note of the same call comes with the call's record.
function noted(view: View, fact: Extract<Fact, { type: "NoteWritten" }>): View {
  const pop = view.pop
  if (fact.agent !== view.me?.agent || !pop || callers(pop.call) !== fact.call) return view
  const others = pop.record.notes.filter((note) => note.agent !== fact.agent)
  const notes = fact.text ? [...others, { agent: fact.agent, text: fact.text }] : others
  return { ...view, pop: { ...pop, record: { ...pop.record, notes } } }
}

// Whether the call goes on all the same when one of its offers has failed: it rings elsewhere, or somebody has taken it.
function rings(view: View, id: string): boolean {
  return Object.values(view.agents).some((one) => one.call === id && (one.line === "offered" || one.line === "connected"))
}

function consulted(view: View, at: number, fact: Extract<Fact, { type: "ConsultStarted" }>): View {
  const consult = { call: fact.call, kind: fact.to.kind, to: fact.to.to, answered: false }
  const next = agent(view, fact.agent, { consult })
  const original = view.calls[fact.original]
  if (!original) return next
  const { ani, dnis, menu, queue } = original
  const times = { began_at: at, stage_since: at, joined_at: at }
  const rest = { port: "", priority: 0, stage: "queued", dialing: false } as const
  const call: Call = { call: fact.call, ani, dnis, menu, queue, ...rest, ...times }
  return { ...next, calls: { ...next.calls, [call.call]: call } }
}

// Who was consulted has the caller now: the same record, and the call is the caller's own.
function joined(view: View, at: number, fact: Extract<Fact, { type: "ConsultJoined" }>): View {
  const asker = Object.values(view.agents).find((one) => one.consult?.call === fact.consult)
  let next = stage(view, fact.call, "connected", at)
  if (asker) next = agent(next, asker.agent, { held: false })
  next = agent(next, fact.agent, { call: fact.call })
  const pop = next.pop
  if (pop?.call !== fact.consult) return next
  return { ...next, pop: { ...pop, call: fact.call, record: { ...pop.record, call: fact.call } } }
}

function stage(view: View, id: string, stage: Call["stage"], at: number): View {
  return call(view, id, { stage, stage_since: at })
}

// A consultation has been answered, or (null) is over, for who asked for it.
function consulting(view: View, id: string, change: { answered: true } | null): View {
  const asker = Object.values(view.agents).find((one) => one.consult?.call === id)
  return asker?.consult ? agent(view, asker.agent, { consult: change && { ...asker.consult, ...change } }) : view
}

function agent(view: View, name: string, change: Partial<Agent>): View {
  const known = view.agents[name]
  return known ? { ...view, agents: { ...view.agents, [name]: { ...known, ...change } } } : view
}

function presence(view: View, name: string, presence: Agent["presence"], reason: string, at: number): View {
  return agent(view, name, { presence, reason, presence_since: at })
}

function free(view: View, name: string, at: number): View {
  const nothing: Partial<Agent> = { until: 0, offer: 0, call: "", held: false, recording: "", consult: null, monitors: [] }
  return agent(view, name, { line: "free", line_since: at, ...nothing })
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
    dialing: false,
    menu: [],
    queue: "",
    priority: 0,
    joined_at: 0,
  }
  return { ...view, calls: { ...view.calls, [call.call]: call } }
}

function placed(view: View, at: number, fact: Extract<Fact, { type: "CallPlaced" }>): View {
  const times = { began_at: at, stage_since: at, joined_at: at }
  const rest = { dnis: "", port: "", priority: 0, stage: "queued", dialing: true } as const
  const call: Call = { call: fact.call, ani: fact.number, queue: fact.queue, menu: [], ...rest, ...times }
  return { ...view, calls: { ...view.calls, [call.call]: call } }
}

function without(view: View, id: string): View {
  const { [id]: _, ...calls } = view.calls
  return { ...view, calls }
}

function link(view: View, status: LinkStatus): View {
  return { ...view, links: { ...view.links, [status.link]: status } }
}
