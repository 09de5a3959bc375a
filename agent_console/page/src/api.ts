// The few questions that are asked over plain HTTP.

import type { CallRow, Directory, Me, OwnDay, Story, Telephones } from "./messages.ts"

export class Refusal extends Error {
  readonly status: number
  // What the server says about it, where it does: `detail`, and what belongs to it.
  readonly body: Record<string, unknown>

  constructor(status: number, body: Record<string, unknown> = {}) {
    super(`HTTP ${status}`)
    this.status = status
    this.body = body
  }
}

export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(`/api/v1/${path}`, init)
  if (!response.ok) throw new Refusal(response.status, await bodyOf(response))
  return response
}

async function bodyOf(response: Response): Promise<Record<string, unknown>> {
  try {
    return (await response.json()) as Record<string, unknown>
  } catch {
    return {}
  }
}

export async function whoAmI(): Promise<Me | null> {
  try {
    return (await (await ask("me")).json()) as Me
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) return null
    throw error
  }
}

export async function signIn(user: string, password: string): Promise<Me> {
  const body = JSON.stringify({ user, password })
  return (await (await ask("sign-in", { method: "POST", headers: { "Content-Type": "application/json" }, body })).json()) as Me
}

export async function signOut(): Promise<void> {
  await ask("sign-out", { method: "POST" })
}

export interface Search {
  number?: string
  words?: string
  missed?: boolean
  queue?: string
  agent?: string
  outcome?: string
  day?: string
}

// `next` is what to ask for the calls after these with; "" where there are none.
export interface Calls {
  calls: CallRow[]
  next: string
}

export async function findCalls(search: Search, cursor = ""): Promise<Calls> {
  const query = new URLSearchParams({ cursor })
  for (const [name, value] of Object.entries(search)) if (value) query.set(name, String(value))
  return (await (await ask(`calls?${query}`)).json()) as Calls
}

// Since the last midnight of this machine.
export async function readOwnDay(): Promise<OwnDay> {
  const since = String(new Date().setHours(0, 0, 0, 0))
  return (await (await ask(`calls/own-day?${new URLSearchParams({ since })}`)).json()) as OwnDay
}

export async function tellStory(call: string): Promise<Story> {
  return (await (await ask(`calls/${encodeURIComponent(call)}/story`)).json()) as Story
}

export async function readTelephones(): Promise<Telephones> {
  return (await (await ask("softphone")).json()) as Telephones
}

export function recordingUrl(call: string, name: string, side: string): string {
  return `/api/v1/recordings/${[call, name, side].map(encodeURIComponent).join("/")}`
}

export async function readDirectory(): Promise<Directory> {
  return (await (await ask("directory")).json()) as Directory
}
