// The few questions that are asked over plain HTTP.

import type { CallRow, Directory, Me, Story } from "./messages.ts"

export class Refusal extends Error {
  readonly status: number

  constructor(status: number) {
    super(`HTTP ${status}`)
    this.status = status
  }
}

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(`/api/v1/${path}`, init)
  if (!response.ok) throw new Refusal(response.status)
  return response
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

export async function findCalls(number: string, before = 0): Promise<CallRow[]> {
  const answer = await ask(`calls?${new URLSearchParams({ number, before: String(before) })}`)
  return ((await answer.json()) as { calls: CallRow[] }).calls
}

export async function tellStory(call: string): Promise<Story> {
  return (await (await ask(`calls/${encodeURIComponent(call)}/story`)).json()) as Story
}

export function recordingUrl(call: string, name: string, side: string): string {
  return `/api/v1/recordings/${[call, name, side].map(encodeURIComponent).join("/")}`
}

export async function readDirectory(): Promise<Directory> {
  return (await (await ask("directory")).json()) as Directory
}
