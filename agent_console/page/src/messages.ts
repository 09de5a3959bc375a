// The shapes of what the server says. They mirror docs/console-protocol.md; times are ms since 1970, durations ms.

export interface Me {
  user: string
  role: "agent" | "supervisor" | "admin" | "wall"
  agent: string | null
}

export interface Queue {
  queue: string
  name: string
  waiting: number
  longest_since: number
  service_level_ms: number
  agents: Partial<Record<Condition, number>>
  open: boolean
  expected_wait_ms: number | null
  wait_90_ms: number | null
}

export type Presence = "logged off" | "not ready" | "ready"
export type AgentLine = "free" | "resting" | "reserved" | "offered" | "connected" | "wrap-up"
export type Condition = "logged off" | "not ready" | "unreachable" | AgentLine
export type Stage = "new" | "ended" | "in IVR" | "queued" | "offered" | "connected" | "held" | "callback" | "dialed"

// Whom to consult, or where to send a call.
export interface Target {
  kind: "agent" | "queue" | "number"
  to: string
}

export interface Consult extends Target {
  call: string
  answered: boolean
}

// A callback that an agent has agreed on; `call` is the call in which.
export interface Callback {
  callback: string
  call: string
  queue: string
  number: string
  due_at: number
  own: boolean
}

export interface Agent {
  agent: string
  name: string
  queues: string[]
  presence: Presence
  presence_since: number
  reason: string
  line: AgentLine
  line_since: number
  until: number
  offer: number
  call: string
  console: boolean
  reachable: boolean
  phone: string
  held: boolean
  recording: "" | "on" | "paused"
  disposition: string
  callbacks: Callback[]
  consult: Consult | null
  skills: Record<string, number>
  monitors: Monitor[]
}

export type MonitorMode = "listen" | "whisper" | "barge"

// A supervisor who hears the agent's talk; not connected: their own telephone rings.
export interface Monitor {
  by: string
  mode: MonitorMode
  connected: boolean
}

export const FORMULAS = [
  "over_answered",
  "over_answered_and_abandoned",
  "abandoned_within_met",
  "over_offered",
  "short_abandons_left_out",
  "short_talks_left_out",
] as const
export type Formula = (typeof FORMULAS)[number]

// The figures since midnight of a queue, or ("") of all together; null where nothing has been counted yet.
export interface QueueToday {
  queue: string
  offered: number
  answered: number
  abandoned: number
  service_level: Partial<Record<Formula, number | null>>
  abandonment: number | null
  asa_ms: number | null
  aht_ms: number | null
  occupancy: number | null
  // `levels` by formula, in the order of `FORMULAS`; left out where there were no calls.
  intervals: { at: number; offered: number; answered: number; abandoned: number; levels?: (number | null)[] }[]
  // How many waited at the end of each of the last minutes; the last one ended at `waiting_until`.
  waiting: number[]
}

export interface Today {
  from_at: number
  interval_ms: number
  queues: QueueToday[]
  waiting_until: number
}

export interface Call {
  call: string
  ani: string
  dnis: string
  port: string
  began_at: number
  stage: Stage
  stage_since: number
  dialing: boolean
  menu: [string, string][]
  queue: string
  priority: number
  joined_at: number
}

export interface LinkStatus {
  link: string
  up: boolean
  since: number
  why: string
}

export interface Note {
  agent: string
  text: string
}

export interface CallRow {
  call: string
  began_at: number
  ani: string
  dnis: string
  queue: string
  agent: string
  outcome: string
  waited_ms: number
  talked_ms: number
  customer: string
  disposition: string
  notes: Note[]
}

export interface Customer {
  id: string
  name: string
  fields: Record<string, string> // the operator's own, by key
  company: string
  reference: string
  note: string
  numbers: string[]
  updated_at: number
}

// A field that the operator has configured.
export interface CustomerField {
  key: string
  label: Record<string, string>
  kind: "text" | "choice" | "date" | "url"
  choices: string[]
}

// What a customer wants that one call has not settled; `entries` is how many it has.
export interface CaseRow {
  id: string
  customer: string
  name: string // the customer's
  title: string
  is_open: boolean
  opened_at: number
  opened_by: string
  updated_at: number
  entries: number
}

export interface CaseEntry {
  at: number
  by: string
  text: string
  call: string
  changes: Record<string, string[]> // field (title, state) → [before, after]
}

export type Case = Omit<CaseRow, "entries"> & { entries: CaseEntry[] }

export interface CallerRecord {
  call: string
  ani: string
  dnis: string
  queue: string
  menu: [string, string][]
  joined_at: number
  waited_ms: number
  customers: Customer[]
  earlier_calls: CallRow[]
  incomplete: boolean
  notes: Note[]
  customer: string // the id of the one that an agent has chosen
  dispositions: string[] // the paths of the queue's tree, parts separated by "/"
  disposition_required: boolean
  url: string // where the operator's own CRM shows the caller; "" for nowhere
  cases: CaseRow[] // the open ones of `customers`
}

export interface Popped {
  offer: number
  call: string
  connected: boolean
  record: CallerRecord
}

// An agent's day so far, and how the own queues do.
export interface OwnDay {
  queues: { queue: string; offered: number; answered: number; service_level: Record<string, number | null> }[]
  calls: number
  talked_ms: number
  held_ms: number
  wrap_up_ms: number
  missed: number
}

export interface Story {
  call: CallRow
  agents: string[]
  lines: StoryLine[]
  stays: Stay[]
  recordings: Recording[]
}

export interface Recording {
  name: string
  sides: ("agent" | "other" | "message")[]
  began_at: number
  ended_at: number | null
  agent: string
}

export interface StoryLine {
  at: number
  text: string
  kind: Fact["type"]
  agent: string
  details: string[]
}

export interface Stay {
  kind: string
  began_at: number
  ended_at: number | null
  agent: string
  queue: string
  result: string
  target: string
}

// Who can be consulted or sent a call, as it is at the moment.
export interface Directory {
  agents: { agent: string; name: string; condition: Condition }[]
  queues: { queue: string; name: string }[]
}

// Fields at their default are left out by the server.
export type Fact =
  | { type: "AgentLoggedIn"; agent: string; phone?: string; unreachable?: boolean }
  | { type: "AgentLoggedOut"; agent: string; reason?: string }
  | { type: "AgentReady"; agent: string }
  | { type: "AgentNotReady"; agent: string; reason?: string }
  | { type: "SkillsChanged"; agent: string; skills: Record<string, number>; by: string }
  | { type: "RestStarted"; agent: string; until: number }
  | { type: "RestEnded"; agent: string }
  | { type: "AgentReserved"; agent: string; call: string; until: number }
  | { type: "AgentReleased"; agent: string; call: string }
  | { type: "PhoneLost"; phone: string; why: string; agents?: string[] }
  | { type: "PhoneFound"; phone: string; agents?: string[] }
  | { type: "ConsoleAttached"; agent: string }
  | { type: "ConsoleDetached"; agent: string; until?: number }
  | { type: "WrapUpStarted"; agent: string; call: string; until: number }
  | { type: "WrapUpExtended"; agent: string; call: string; until: number }
  | { type: "WrapUpEnded"; agent: string; call: string }
  | { type: "LinkDown"; link: string; why: string }
  | { type: "LinkUp"; link: string }
  | WaitFact
  | TalkFact
  | OutboundFact
  | MonitorFact
  | WorkFact
  | { type: "Refused"; what: string; who: string; why: string }
  | { type: OtherFact }

// About a call until somebody has it.
export type WaitFact =
  | { type: "CallBegan"; call: string; ani?: string; dnis?: string; port?: string }
  | { type: "CallerKnown"; call: string; ani: string; dnis?: string }
  | { type: "MenuChosen"; call: string; menu: string; choice: string }
  | { type: "CallQueued"; call: string; queue: string; priority: number; joined_at: number }
  | { type: "CallRelaxed"; call: string; queue: string; step: number; priority: number }
  | { type: "CallDeflected"; call: string; queue: string; why: string; to: { kind: string; to?: string } }
  | { type: "CallLeftQueue"; call: string; queue: string }
  | { type: "CallAbandoned"; call: string; queue: string }
  | { type: "CallbackPlaced"; call: string; queue: string; number: string }
  | { type: "CallbackDialed"; call: string; number: string; attempt: number; until: number }
  | { type: "CallbackReached"; call: string; channel: string }
  | { type: "CallbackMissed"; call: string; reason: string; retry_at?: number }

// About a call that an agent places.
export type OutboundFact =
  | { type: "CallPlaced"; call: string; agent: string; number: string; node: string; queue: string }
  | { type: "NumberDialed"; call: string; offer: number; number: string; until: number }
  | { type: "NumberReached"; call: string; offer: number; channel: string }

// About an agent's work with a caller, on the line or in wrap-up.
export type WorkFact =
  | { type: "NoteWritten"; call: string; agent: string; text: string }
  | { type: "CallDisposed"; call: string; agent: string; disposition: string }
  | { type: "CustomerChosen"; call: string; agent: string; customer: string }
  | ({ type: "CallbackScheduled"; agent: string; node: string } & Omit<Callback, "own"> & { own?: boolean })
  | { type: "CallbackCanceled"; callback: string; agent: string; why?: string; by?: string }
  | { type: "CallbackDue"; call: string; original: string; agent: string; queue: string; number: string; node: string }

// About a call that somebody is offered or talks on; `agent` is "" where that is an outside number.
export type TalkFact =
  | { type: "CallOffered"; call: string; agent: string; offer: number; until: number }
  | { type: "OfferFailed"; call: string; agent: string; offer: number; reason: string }
  | { type: "CallConnected"; call: string; agent: string; offer: number; waited_ms: number }
  | { type: "CallHeld"; call: string; agent: string; offer: number }
  | { type: "CallResumed"; call: string; agent: string; offer: number }
  | { type: "ConsultStarted"; call: string; original: string; agent: string; to: Target }
  | { type: "ConsultJoined"; call: string; consult: string; offer: number; agent: string }
  | { type: "AgentLeft"; call: string; agent: string; offer: number; talked_ms: number }
  | { type: "CallTransferred"; call: string; agent: string; offer: number; to: Target; talked_ms: number }
  | { type: "CallEnded"; call: string; agent?: string }
  | { type: "RecordingStarted"; call: string; agent: string; offer: number; recording: string }
  | { type: "RecordingPaused"; call: string; agent: string; offer: number }
  | { type: "RecordingResumed"; call: string; agent: string; offer: number; why?: string }
  | { type: "RecordingEnded"; call: string; agent: string; offer: number; why: string }

// About supervisors who listen; only supervisors are told.
export type MonitorFact =
  | { type: "MonitorStarted"; offer: number; agent: string; by: string; mode: MonitorMode }
  | { type: "MonitorConnected"; offer: number; by: string }
  | { type: "MonitorChanged"; offer: number; by: string; mode: MonitorMode }
  | { type: "MonitorEnded"; offer: number; by: string; why: string }

// These change nothing that a screen draws but the queues' counts, which the server sends along.
export type OtherFact =
  | "Configured"
  | "SettingsChanged"
  | "QueueOpened"
  | "QueueClosed"
  | "BridgeMissing"
  | "MusicMissing"
  | "StrayLeg"
  | "StrayCall"
  | "HangUpOrdered"
  | "DtmfOrdered"
  | "RecordingMissing"
  | "SmdrMatched"
  | "MessageTaken"

export interface FactItem {
  seq: number
  at: number
  fact: Fact
}

export interface Snapshot {
  type: "snapshot"
  epoch: string
  seq: number
  at: number
  me: Me
  queues: Queue[]
  agents: Agent[]
  calls: Call[]
  links: LinkStatus[]
  pop: Popped | null
}

export interface Facts {
  type: "facts"
  from: number
  to: number
  at: number
  facts: FactItem[]
  queues: Queue[]
}

export interface Answer {
  type: "answer"
  id: number
  ok: boolean
  why: string
}

export type ServerMessage =
  | Snapshot
  | Facts
  | Answer
  | { type: "figures"; today: Today; whole: boolean }
  | { type: "offer" | "pop"; offer: number; call: string; record: CallerRecord }
  | { type: "pop_withdrawn"; offer: number; call: string; reason: string }
  | { type: "taken_over" }
  | { type: "error"; why: string }

// What a wish is about, where it is about something.
export interface About {
  reason?: string
  offer?: number
  call?: string
  to?: Target
  mode?: MonitorMode
  agent?: string
  queue?: string
  priority?: number
  skills?: Record<string, number>
  more_ms?: number
  text?: string
  disposition?: string
  customer?: string
  due_at?: number
  own?: boolean
  callback?: string
  digits?: string
  phone?: "desk" | "softphone"
}

export type Wish =
  | "log_in"
  | "log_out"
  | "go_ready"
  | "go_not_ready"
  | "end_wrap_up"
  | "reject_offer"
  | "hang_up"
  | "hold"
  | "resume"
  | "consult"
  | "join"
  | "transfer"
  | "place_call"
  | "extend_wrap_up"
  | "write_note"
  | "dispose"
  | "choose_customer"
  | "schedule_callback"
  | "cancel_callback"
  | "pause_recording"
  | "resume_recording"
  | "send_dtmf"
  | "monitor"
  | "stop_monitoring"
  | "set_ready"
  | "set_not_ready"
  | "set_logged_out"
  | "change_skills"
  | "move_call"
  | "set_priority"
  | "pull_call"
  | "open_queue"
  | "close_queue"
  | "cancel_any_callback"

// What the viewer may be rung at; `softphone` is the telephone in this page, and what it registers with.
export interface Telephones {
  desk: boolean
  softphone: { uri: string; password: string; phone: string; auto_answer: boolean } | null
}
