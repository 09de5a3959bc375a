// Cases of customers over REST.

import { ask, Refusal } from "./api.ts"
import type { Case, CaseRow } from "./messages.ts"

// Why a case was not saved: what is wrong, or how somebody else has left it meanwhile.
export class CaseNotSaved extends Error {
  readonly now: Case | null

  constructor(why: string, now: Case | null = null) {
    super(why)
    this.now = now
  }
}

async function rows(query: Record<string, string>): Promise<CaseRow[]> {
  return ((await (await ask(`cases?${new URLSearchParams(query)}`)).json()) as { cases: CaseRow[] }).cases
}

export const casesOf = (customer: string): Promise<CaseRow[]> => rows({ customer })

export const findCases = (words: string, onlyOpen: boolean): Promise<CaseRow[]> => rows({ words, only_open: String(onlyOpen) })

export async function readCase(id: string): Promise<Case> {
  return (await (await ask(`cases/${encodeURIComponent(id)}`)).json()) as Case
}

async function send(path: string, method: string, wanted: object): Promise<Case> {
  const init = { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(wanted) }
  try {
    return (await (await ask(path, init)).json()) as Case
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { detail, case: now } = error.body
    if (error.status === 409) throw new CaseNotSaved("", now as Case | null)
    if (typeof detail === "string") throw new CaseNotSaved(detail)
    throw error
  }
}

export const openCase = (wanted: { customer: string; title: string; text: string; call: string }): Promise<Case> =>
  send("cases", "POST", wanted)

// As it was read in `before`; `text` is added, "" for nothing.
export function changeCase(before: Case, text: string, isOpen: boolean, call: string): Promise<Case> {
  const { title, updated_at } = before
  return send(`cases/${encodeURIComponent(before.id)}`, "PUT", { title, text, call, is_open: isOpen, updated_at })
}
