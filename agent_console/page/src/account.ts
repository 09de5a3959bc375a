// Where one is signed in, and the audit, over REST.

import { ask } from "./api.ts"

export interface Session {
  session: string
  user: string
  began_at: number
  until: number
  address: string
  browser: string // what it calls itself
  current: boolean
}

// What is left out is "" or 0.
export interface AuditEntry {
  at: number
  what: string
  user?: string
  address?: string
  request?: string
  status?: number
  why?: string
}

export async function readSessions(everyone: boolean): Promise<Session[]> {
  return ((await (await ask(everyone ? "sessions?everyone=true" : "sessions")).json()) as { sessions: Session[] }).sessions
}

export async function endSession(session: string): Promise<void> {
  await ask(`sessions/${encodeURIComponent(session)}`, { method: "DELETE" })
}

export async function endOtherSessions(): Promise<void> {
  await ask("sessions", { method: "DELETE" })
}

// The newest first, before that moment (0: now).
export async function readAudit(user: string, before: number): Promise<AuditEntry[]> {
  const query = new URLSearchParams({ user, before: String(before), limit: "50" })
  return ((await (await ask(`audit?${query}`)).json()) as { entries: AuditEntry[] }).entries
}
