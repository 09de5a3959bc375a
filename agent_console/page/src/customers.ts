// Customers over REST, and the fields that the operator has configured for them.

import { shallowRef, type ShallowRef } from "vue"

import { ask, Refusal } from "./api.ts"
import type { Customer, CustomerField } from "./messages.ts"

export type Wanted = Omit<Customer, "id" | "updated_at">

// Why a customer was not saved: what is wrong, or how somebody else has left them meanwhile.
export class NotSaved extends Error {
  readonly now: Customer | null

  constructor(why: string, now: Customer | null = null) {
    super(why)
    this.now = now
  }
}

export async function findCustomers(words: string): Promise<Customer[]> {
  return ((await (await ask(`customers?${new URLSearchParams({ words })}`)).json()) as { customers: Customer[] }).customers
}

// Creates the customer, or changes the one with this id, as it was at `updatedAt`.
export async function saveCustomer(wanted: Wanted, id = "", updatedAt = 0): Promise<Customer> {
  const body = JSON.stringify(id ? { ...wanted, updated_at: updatedAt } : wanted)
  const init = { method: id ? "PUT" : "POST", headers: { "Content-Type": "application/json" }, body }
  try {
    return (await (await ask(id ? `customers/${encodeURIComponent(id)}` : "customers", init)).json()) as Customer
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { detail, customer } = error.body
    if (error.status === 409) throw new NotSaved("", customer as Customer | null)
    if (typeof detail === "string") throw new NotSaved(detail)
    throw error
  }
}

const fields = shallowRef<readonly CustomerField[]>([])
let asked = false

// In the operator's order; none until the server has answered.
export function useCustomerFields(): Readonly<ShallowRef<readonly CustomerField[]>> {
  if (!asked) {
    asked = true
    void load()
  }
  return fields
}

async function load(): Promise<void> {
  try {
    fields.value = ((await (await ask("customers/fields")).json()) as { fields: CustomerField[] }).fields
  } catch {
    asked = false // the next card asks again
  }
}

export function labelOf(field: CustomerField, language: string): string {
  return field.label[language] ?? Object.values(field.label)[0] ?? field.key
}
