// Numbers as people read them: clock times in the report's own zone, waits as 0:45 or 12.3 s, shares in percent.

export type Unit = "count" | "share" | "ms"

export function clock(at: number, zone: string): string {
  return new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at)
}

export function duration(ms: number): string {
  if (Math.abs(ms) < 60_000) return `${trimmed(ms / 1000)} s`
  const seconds = Math.round(ms / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const rest = String(seconds % 60).padStart(2, "0")
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`
}

export function said(value: number, unit: Unit): string {
  if (unit === "ms") return duration(value)
  if (unit === "share") return `${trimmed(value * 100)} %`
  return trimmed(value)
}

function trimmed(value: number): string {
  return value.toFixed(1).replace(/\.0$/, "")
}
