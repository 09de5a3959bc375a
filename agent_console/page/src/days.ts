// Days looked back on: what is asked, and times by the floor's own clock, wherever this browser is.

import { ask } from "./api.ts"
import type { Formula } from "./messages.ts"

export interface DayFigures {
  offered: number
  answered: number
  abandoned: number
  callbacks: number
  messages: number
  deflected: number
  moved: number
  other: number
  waiting: number
  abandonment: number | null
  asa_ms: number | null
  aht_ms: number | null
  longest_wait_ms: number | null
  service_level: Record<Formula, number | null>
  occupancy: number | null
}

export interface DayInterval {
  at: number
  local: string
  figures: DayFigures
}

export interface DayQueue {
  queue: string
  name: string
  service_level_ms: number
  overall: DayFigures
  intervals: DayInterval[]
}

export interface Day {
  date: string
  today: string
  first: string
  from_at: number
  until_at: number
  ends_at: number
  interval_ms: number
  overall: DayFigures
  intervals: DayInterval[]
  queues: DayQueue[]
}

export interface AgentSpan {
  at: number
  until: number
  state: string
  reason?: string
  call?: string
}

export interface DayAgent {
  agent: string
  name: string
  occupancy: number | null
  totals: {
    calls: number
    missed: number
    logged_in_ms: number
    ready_ms: number
    talk_ms: number
    hold_ms: number
    wrap_up_ms: number
    not_ready_ms: number
    not_ready_by_reason: Record<string, number>
    resting_ms: number
    unreachable_ms: number
  }
  spans: AgentSpan[]
}

export interface DayAgents {
  agents: DayAgent[]
  next: string
}

// "" is today.
export async function readDay(date: string, minutes: number): Promise<Day> {
  return (await (await ask(`days/${date || "today"}?minutes=${minutes}`)).json()) as Day
}

export async function readDayAgents(date: string, after: string, limit: number): Promise<DayAgents> {
  const query = new URLSearchParams({ after, limit: String(limit) })
  return (await (await ask(`days/${date}/agents?${query}`)).json()) as DayAgents
}

export function csvUrl(date: string, part: string, minutes: number): string {
  return `/api/v1/days/${date}/${part}.csv${part === "intervals" ? `?minutes=${minutes}` : ""}`
}

export function dayBeside(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)
}

// The part of the calls that were neither answered nor abandoned.
export function elsewhere(figures: DayFigures): number {
  return figures.offered - figures.answered - figures.abandoned
}

// From the first interval in which there was somebody, caller or agent, to the last.
export function worked(intervals: DayInterval[]): DayInterval[] {
  const isEmpty = ({ figures }: DayInterval) => figures.offered === 0 && figures.occupancy === null
  const first = intervals.findIndex((one) => !isEmpty(one))
  return first < 0 ? intervals : intervals.slice(first, intervals.findLastIndex((one) => !isEmpty(one)) + 1)
}

// "2026-03-29T03:15:00+02:00" → two hours. "Z" is none.
function offsetOf(local: string): number {
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)/.exec(local.slice(19)) ?? []
  return sign ? (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000 : 0
}

// A moment of this day by the floor's clock, which may be changed on it: "07:05:09", or "07:05".
export function floorClock(day: Day): (at: number, length?: "minutes" | "seconds") => string {
  const marks = day.intervals.map((one) => ({ at: one.at, offset: offsetOf(one.local) }))
  return (at, length = "seconds") => {
    const mark = marks.findLast((one) => one.at <= at) ?? marks[0]
    return new Date(at + (mark?.offset ?? 0)).toISOString().slice(11, length === "minutes" ? 16 : 19)
  }
}

// Which span a moment lies in; -1 for none.
export function spanAt(spans: AgentSpan[], at: number): number {
  return spans.findIndex((span) => span.at <= at && at < span.until)
}
