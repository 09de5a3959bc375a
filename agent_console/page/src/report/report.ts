// What a report holds: the shapes of simulator/report/report.py, as they come in JSON.

/** A mean over replications with its confidence interval; `low` and `high` are null where there was but one, `n` says how many. */
export interface Estimate {
  mean: number
  low: number | null
  high: number | null
  n: number
}

export type Values = Record<string, Estimate | null>

export interface Slot {
  at_ms: number
  values: Values
}

export interface WaitBar {
  from_ms: number
  answered: number
  abandoned: number
}

export interface AgentDay {
  agent: string
  name: string
  timeline: [number, string][]
}

export interface Side {
  name: string
  replications: number
  until_ms: number
  slots: Slot[]
  wait_bars: WaitBar[]
  agents: AgentDay[]
}

export interface StaffingRow {
  at_ms: number
  agents: Record<string, number | null>
}

export interface Report {
  zone: string
  language: string
  interval_ms: number
  target: number | null
  sides: Side[]
  staffing: StaffingRow[]
}

/** A report and the words of its language. */
export interface Page {
  report: Report
  words: Record<string, string>
}
