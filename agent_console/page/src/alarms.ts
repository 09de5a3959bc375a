// When a supervisor is to be alarmed, as a pure function: watch = judge(watch, floor, limits, now).
//
// An alarm begins when its limit has been passed for a while, and ends when things have been clearly better for a while:
// it does not flutter. Acknowledged, it is quiet until it has ended.

import type { LinkStatus, Queue } from "./messages.ts"

export const KINDS = ["nobody", "longest", "waiting", "level"] as const
export type QueueKind = (typeof KINDS)[number]
export type Kind = QueueKind | "link"

// Callers waiting, seconds of the longest wait, percent of the service level, seconds in which calls wait and nobody is
// at work. 0: no alarm.
export type Limits = Record<QueueKind, number>

export interface AlarmSettings {
  sound: boolean
  // Seconds for which a link is down.
  link: number
  usual: Limits
  // What is different for some queues.
  queues: Record<string, Partial<Limits>>
}

export const USUAL: AlarmSettings = { sound: false, link: 5, usual: { nobody: 15, longest: 120, waiting: 0, level: 0 }, queues: {} }
export const HIGHEST: Record<Kind, number> = { nobody: 3600, longest: 86_400, waiting: 10_000, level: 100, link: 3600 }

export interface Alarm {
  kind: Kind
  of: string // the queue's or the link's id
  began_at: number // 0: not for long enough yet
  acknowledged: boolean
  over_at: number // since when the limit is passed; 0: it is not
  calm_at: number // since when it is clearly not
}
export type Watch = Readonly<Record<string, Alarm>>

export interface Floor {
  queues: readonly Queue[]
  links: readonly LinkStatus[]
  // The service level of the day by queue, by the formula that the viewer has chosen, and of how many calls.
  levels: Readonly<Record<string, { share: number; calls: number }>>
}

const BEGINS_MS = 3_000
const ENDS_MS = 10_000
// The first unlucky call of a morning is no service level.
const FEW_CALLS = 10

interface Reading {
  kind: Kind
  of: string
  over: boolean
  calm: boolean
  after_ms: number
}

export function judge(watch: Watch, floor: Floor, settings: AlarmSettings, now: number): Watch {
  const next: Record<string, Alarm> = {}
  for (const reading of readings(floor, settings, now)) {
    const key = `${reading.kind} ${reading.of}`
    const alarm = step(watch[key], reading, now)
    if (alarm) next[key] = alarm
  }
  return next
}

// Those that have begun, not acknowledged first, then by age.
export function alarmsOf(watch: Watch): Alarm[] {
  const begun = Object.values(watch).filter((one) => one.began_at)
  return begun.sort((a, b) => Number(a.acknowledged) - Number(b.acknowledged) || a.began_at - b.began_at)
}

// Of one queue or link, as it is now; what begins later is an alarm of its own.
export function acknowledge(watch: Watch, of: string): Watch {
  return Object.fromEntries(
    Object.entries(watch).map(([key, one]) => [key, one.of === of && one.began_at ? { ...one, acknowledged: true } : one]),
  )
}

export function limitsOf(settings: AlarmSettings, queue: string): Limits {
  return { ...settings.usual, ...settings.queues[queue] }
}

function step(before: Alarm | undefined, { kind, of, over, calm, after_ms }: Reading, now: number): Alarm | null {
  const known = before ?? { kind, of, began_at: 0, acknowledged: false, over_at: 0, calm_at: 0 }
  const over_at = over ? known.over_at || now : 0
  const calm_at = calm ? known.calm_at || now : 0
  const began_at = known.began_at || (over && now - over_at >= after_ms ? now : 0)
  if (began_at ? calm && now - calm_at >= ENDS_MS : !over) return null
  return { ...known, over_at, calm_at, began_at }
}

function* readings({ queues, links, levels }: Floor, settings: AlarmSettings, now: number): Generator<Reading> {
  for (const queue of queues) {
    const limits = limitsOf(settings, queue.queue)
    const reading = { of: queue.queue, after_ms: BEGINS_MS }
    if (limits.nobody) {
      const alone = queue.waiting > 0 && atWork(queue) === 0
      yield { ...reading, kind: "nobody", over: alone, calm: !alone, after_ms: 1000 * limits.nobody }
    }
    if (limits.longest) {
      const seconds = queue.longest_since ? (now - queue.longest_since) / 1000 : 0
      yield { ...reading, kind: "longest", over: seconds >= limits.longest, calm: seconds < 0.8 * limits.longest }
    }
    if (limits.waiting) {
      yield { ...reading, kind: "waiting", over: queue.waiting >= limits.waiting, calm: queue.waiting < 0.8 * limits.waiting }
    }
    const level = levels[queue.queue]
    if (limits.level && level && level.calls >= FEW_CALLS) {
      const percent = 100 * level.share
      yield { ...reading, kind: "level", over: percent < limits.level, calm: percent >= Math.min(100, limits.level + 2) }
    }
  }
  for (const link of settings.link ? links : []) {
    yield { kind: "link", of: link.link, over: !link.up, calm: link.up, after_ms: 1000 * settings.link }
  }
}

// Who talks, is rung or wraps up is there for the next caller; who is away or cannot be reached is not.
export function atWork(queue: Queue): number {
  const { free = 0, resting = 0, reserved = 0, offered = 0, connected = 0, "wrap-up": after = 0 } = queue.agents
  return free + resting + reserved + offered + connected + after
}

// What a browser has kept, whoever wrote it: what is not understood is as usual.
export function readSettings(text: string | null): AlarmSettings {
  let kept: unknown = null
  try {
    kept = JSON.parse(text ?? "null")
  } catch {
    // As usual.
  }
  const { sound, link, usual, queues } = record(kept)
  const ofQueues = Object.entries(record(queues)).map(([queue, limits]) => [queue, readLimits(limits)] as const)
  return {
    sound: sound === true,
    link: readLimit("link", link) ?? USUAL.link,
    usual: { ...USUAL.usual, ...readLimits(usual) },
    queues: Object.fromEntries(ofQueues.filter(([, limits]) => Object.keys(limits).length)),
  }
}

// A whole number within its bounds; null if it is none.
export function readLimit(kind: Kind, value: unknown): number | null {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= HIGHEST[kind] ? (value as number) : null
}

function readLimits(value: unknown): Partial<Limits> {
  const found: Partial<Limits> = {}
  for (const kind of KINDS) {
    const limit = readLimit(kind, record(value)[kind])
    if (limit !== null) found[kind] = limit
  }
  return found
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {}
}
