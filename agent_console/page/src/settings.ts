// The configuration as admins change it: what the server says of it, and how a schema becomes a form. Only the functions
// at the end ask the server.

import { ask, Refusal } from "./api.ts"
import { readSkills, writeSkills } from "./skills.ts"

export type Value = string | number | boolean | null | Value[] | { [key: string]: Value }
export type Table = { [key: string]: Value }

export const KINDS = ["queues", "agents", "users", "ivr.hotlines", "routing"] as const
export type Kind = (typeof KINDS)[number]

export interface SettingsTable {
  place: string
  tag: string
  table: Table
  from_file: boolean
}
export interface SettingsNow {
  tables: SettingsTable[]
  known: Record<string, string[]>
  warnings: string[]
}
export interface Wanted {
  place: string
  tag: string
  table: Table | null
}
// What is put into a form for somebody to save: what was there before, or what they wanted before somebody else was first.
export interface Proposed {
  table: Table
  from: "before" | "mine"
}
export interface Fault {
  place: string
  expected: string
}
export interface SettingsChange {
  seq: number
  at: number
  by: string
  places: { place: string; before: Table | null; after: Table | null }[]
}

// JSON Schema, as far as pydantic makes use of it here.
export interface Schema {
  $ref?: string
  anyOf?: Schema[]
  type?: string
  format?: string
  enum?: string[]
  items?: Schema
  properties?: Record<string, Schema>
  additionalProperties?: Schema | boolean
  required?: string[]
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  default?: Value
  writeOnly?: boolean
}
export type Schemas = Record<Kind, Schema> & { $defs: Record<string, Schema> }

// How a value is shown: the name of one of the controls of SettingField.
export type Control =
  | "choice" | "check" | "seconds" | "number" | "text" | "password" | "treatment"
  | "choices" | "lines" | "list" | "table" | "levels" | "skills" | "spans"

export interface Field {
  key: string
  control: Control
  schema: Schema
  // May be left out altogether, which is not the same as any value.
  optional: boolean
  required: boolean
}

// The schema itself, behind a reference or a "this or nothing".
function resolved(schema: Schema, defs: Record<string, Schema>): { schema: Schema; optional: boolean } {
  const other = schema.anyOf?.find((one) => one.type !== "null")
  const optional = schema.anyOf !== undefined
  const inner = other ?? schema
  const target = inner.$ref ? (defs[inner.$ref.replace("#/$defs/", "")] ?? {}) : inner
  return { schema: { ...target, ...("default" in schema ? { default: schema.default ?? null } : {}) }, optional }
}

function controlOf(key: string, schema: Schema): Control {
  if (schema.enum) return "choice"
  if (schema.format === "treatment") return "treatment"
  if (schema.type === "boolean") return "check"
  if (schema.type === "integer") return key.endsWith("_ms") ? "seconds" : "number"
  if (schema.type === "array") return schema.items?.enum ? "choices" : schema.items?.type === "string" ? "lines" : "list"
  if (schema.properties) return "table"
  if (typeof schema.additionalProperties === "object") {
    if (schema.additionalProperties.type === "array") return "spans"
    return key === "skills" ? "skills" : "levels"
  }
  return schema.writeOnly ? "password" : "text"
}

// The fields of a table in the order of the schema.
export function fieldsOf(schema: Schema, defs: Record<string, Schema>): Field[] {
  const table = resolved(schema, defs).schema
  return Object.entries(table.properties ?? {}).map(([key, each]) => {
    const { schema, optional } = resolved(each, defs)
    return { key, control: controlOf(key, schema), schema, optional, required: table.required?.includes(key) ?? false }
  })
}

// Those of a queue by what they are about; whatever stands in no group comes last.
const GROUPS: Partial<Record<Kind, Record<string, string[]>>> = {
  queues: {
    main: ["name", "agent_choice", "skills", "priority", "service_level_ms", "record"],
    ringing: ["ring_ms", "on_no_answer", "on_reject", "rest_ms", "max_misses"],
    after: ["wrap_up_ms", "wrap_up_open", "wrap_up_limit_ms", "dispositions", "disposition_required"],
    hours: ["hours", "when_closed", "serve_after_closing"],
    limits: ["max_waiting", "when_full", "max_wait_ms", "when_too_long", "join_when", "stay_when", "when_empty"],
    waiting: ["levels", "steps", "weight", "count_ivr", "resume_ms", "prefer_ms", "handle_ms", "callback"],
  },
}

export function groupsOf(kind: Kind, fields: Field[]): [group: string, fields: Field[]][] {
  const groups = GROUPS[kind] ?? { main: fields.map((field) => field.key) }
  const named = new Set(Object.values(groups).flat())
  const all: [string, Field[]][] = Object.entries(groups).map(([group, keys]) => [
    group,
    keys.flatMap((key) => fields.filter((field) => field.key === key)),
  ])
  const others = fields.filter((field) => !named.has(field.key))
  return others.length ? [...all, ["more", others]] : all
}

// Places that a value names are chosen, not typed.
const CHOSEN: Record<string, string> = {
  agent: "agents",
  softphone: "softphone_nodes",
  flow: "flows",
  dials_out: "nodes",
  announce: "announcements",
}

export function choicesFor(key: string, known: Record<string, string[]>): string[] | null {
  const kind = CHOSEN[key]
  return kind ? (known[kind] ?? []) : null
}

export function placeOf(kind: Kind, name: string): string {
  return kind === "routing" ? kind : `${kind}.${name}`
}

export function kindOf(place: string): Kind {
  return KINDS.find((kind) => place === kind || place.startsWith(`${kind}.`)) ?? "routing"
}

// The key of its words.
export function wordOf(kind: Kind): string {
  return kind === "ivr.hotlines" ? "numbers" : kind
}

export function nameOf(place: string): string {
  return place.slice(kindOf(place).length + 1)
}

// What a list says of a table beside its name.
export function summary(place: string, table: Table): string {
  const said = (key: string): string => String(table[key] ?? "")
  switch (kindOf(place)) {
    case "queues":
      return said("name")
    case "agents":
      return [said("name"), Object.keys((table["queues"] ?? {}) as Table).join(", ")].filter(Boolean).join(" · ")
    case "users":
      return [said("role") || "agent", said("agent"), said("phone") || said("softphone")].filter(Boolean).join(" · ")
    case "ivr.hotlines":
      return said("flow")
    case "routing":
      return ""
  }
}

// The faults of this field and of what is inside it.
export function faultsAt(faults: Fault[], place: string): Fault[] {
  return faults.filter((fault) => fault.place === place || fault.place.startsWith(`${place}.`))
}

// Those that no field of these places shows.
export function otherFaults(faults: Fault[], places: string[]): Fault[] {
  return faults.filter((fault) => !places.some((place) => fault.place === place || fault.place.startsWith(`${place}.`)))
}

// The keys that differ, with what they said and say.
export function differences(before: Table | null, after: Table | null): { key: string; before: string; after: string }[] {
  const keys = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])]
  const text = (value: Value | undefined): string =>
    value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value)
  return keys
    .map((key) => ({ key, before: text(before?.[key]), after: text(after?.[key]) }))
    .filter((one) => one.before !== one.after)
}

// What somebody made of `base`, made anew of what stands there now: keys that they have not touched are as they are now.
export function madeAnew(now: Table, base: Table, mine: Table): Table {
  const touched = new Set(differences(base, mine).map((one) => one.key))
  const others = Object.entries(now).filter(([key]) => !touched.has(key))
  return Object.fromEntries([...others, ...Object.entries(mine).filter(([key]) => touched.has(key))])
}

// ------------------------------------------------------------------------------ values as people write them

export function readLines(text: string): string[] {
  return text.split("\n").map((line) => line.trim()).filter(Boolean)
}

// `mon-fri: 09:00-12:00, 13:00-18:00`, one a line; a day without spans is closed.
export function writeSpans(spans: Record<string, string[]>): string {
  return Object.entries(spans)
    .map(([day, hours]) => `${day}: ${hours.join(", ")}`.trimEnd())
    .join("\n")
}

export function readSpans(text: string): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  for (const line of readLines(text)) {
    const [, day = "", hours = ""] = /^([^\s:：]+)[\s:：]*(.*)$/.exec(line) ?? []
    found[day] = hours.split(/[\s,，、]+/).filter(Boolean)
  }
  return found
}

export { readSkills, writeSkills }

// ------------------------------------------------------------------------------------------ over REST

export class ChangeRefused extends Error {
  readonly faults: Fault[]
  // Whether it may be right once it is made of what stands there now.
  readonly conflict: boolean

  constructor(why: string, faults: Fault[] = [], conflict = false) {
    super(why)
    this.faults = faults
    this.conflict = conflict
  }
}

async function post(path: string, changes: Wanted[]): Promise<unknown> {
  const init = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ changes }) }
  try {
    return await (await ask(path, init)).json()
  } catch (error) {
    if (!(error instanceof Refusal) || typeof error.body["detail"] !== "string") throw error
    throw new ChangeRefused(error.body["detail"], (error.body["faults"] ?? []) as Fault[], error.status === 409)
  }
}

export async function readSettings(): Promise<SettingsNow> {
  return (await (await ask("settings")).json()) as SettingsNow
}

export async function readSchemas(): Promise<Schemas> {
  return (await (await ask("settings/schema")).json()) as Schemas
}

export async function readChanges(): Promise<SettingsChange[]> {
  return ((await (await ask("settings/changes")).json()) as { changes: SettingsChange[] }).changes
}

// All or none. Throws ChangeRefused.
export async function changeSettings(changes: Wanted[]): Promise<SettingsNow> {
  return (await post("settings", changes)) as SettingsNow
}

export async function checkSettings(changes: Wanted[]): Promise<{ faults: Fault[]; warnings: string[] }> {
  return (await post("settings/check", changes)) as { faults: Fault[]; warnings: string[] }
}
