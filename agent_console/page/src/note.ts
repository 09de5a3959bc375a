// The agent's note of a call: every keystroke is kept on this machine at once, and saved on a pause of typing. So it
// survives a tab that crashes, a link that is lost and a server that restarts.

import { onScopeDispose, ref, watch, type Ref } from "vue"

import type { Answer } from "./messages.ts"

export const LONGEST_NOTE = 10_000
const PAUSE_MS = 1_000
const RETRY_MS = 3_000

export type NoteState = "empty" | "unsaved" | "saving" | "saved" | "refused"

export interface Noted {
  text: Ref<string>
  state: Ref<NoteState>
  // Why it could not be saved; "" if it could.
  why: Ref<string>
  // Saves at once what is not saved yet; whether it is saved then.
  flush(): Promise<boolean>
}

export interface Where {
  agent: string
  call: string
  // What the server has of it.
  saved(): string
  // Whether so little time is left that a pause cannot be waited for.
  hurry(): boolean
  save(text: string): Promise<Answer>
}

const PREFIX = "callfloor.note."

export function useNote(where: Where): Noted {
  const key = `${PREFIX}${where.agent}.${where.call}`
  sweep(`${PREFIX}${where.agent}.`, key)
  const draft = localStorage.getItem(key)
  const text = ref(draft ?? where.saved())
  const state = ref<NoteState>("empty")
  const why = ref("")
  let timer = 0
  let going: Promise<boolean> | null = null

  const isSaved = () => text.value === where.saved()

  function settle(): void {
    localStorage.removeItem(key)
    state.value = text.value ? "saved" : "empty"
  }

  async function save(): Promise<boolean> {
    clearTimeout(timer)
    const sent = text.value
    state.value = "saving"
    const answer = await where.save(sent)
    why.value = answer.ok ? "" : answer.why
    if (answer.ok && text.value === sent) {
      settle()
      return true
    }
    state.value = answer.ok || lost(answer) ? "unsaved" : "refused"
    if (state.value === "unsaved") later(answer.ok ? PAUSE_MS : RETRY_MS)
    return false
  }

  async function flush(): Promise<boolean> {
    if (going) await going
    if (isSaved()) return true
    going = save().finally(() => (going = null))
    return going
  }

  function later(ms: number): void {
    clearTimeout(timer)
    timer = window.setTimeout(() => void flush(), ms)
  }

  watch(text, (now) => {
    if (isSaved()) return settle()
    localStorage.setItem(key, now)
    state.value = "unsaved"
    if (where.hurry()) void flush()
    else later(PAUSE_MS)
  })
  watch(where.saved, (now, before) => {
    if (text.value === before) text.value = now // written on another screen
    else if (text.value === now) settle()
  })
  if (draft !== null && !isSaved()) later(0)
  else settle()
  onScopeDispose(() => {
    clearTimeout(timer)
    if (!isSaved()) void where.save(text.value)
  })
  return { text, state, why, flush }
}

// The link is gone: it comes back.
function lost(answer: Answer): boolean {
  return answer.why === "offline" || answer.why === "connection lost"
}

// What is left of calls before, which are over.
function sweep(prefix: string, but: string): void {
  const keys = Array.from({ length: localStorage.length }, (_, index) => localStorage.key(index) ?? "")
  keys.filter((one) => one.startsWith(prefix) && one !== but).forEach((one) => localStorage.removeItem(one))
}
