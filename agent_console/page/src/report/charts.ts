// Each chart as a function of the report and the colours.

import type { EChartsCoreOption } from "echarts/core"

import { clock, said, type Unit } from "./format.ts"
import type { Palette } from "./palette.ts"
import type { Estimate, Page, Side } from "./report.ts"

type Series = Record<string, unknown>
interface Named {
  seriesName?: string
  seriesId?: string
  color?: string
  axisValueLabel?: string
  dataIndex: number
}

export interface Chart {
  option: EChartsCoreOption
  height?: number
}

export const CHARTS: Record<string, (page: Page, colours: Palette) => Chart> = {
  arrivals,
  waits: (page, colours) => lines(page, colours, [measure("asa", "ms"), measure("wait_90", "ms", "dashed")]),
  service_level: (page, colours) => lines(page, colours, [measure("service_level", "share")], page.report.target),
  occupancy: (page, colours) => lines(page, colours, [measure("occupancy", "share")]),
  abandonment: (page, colours) => lines(page, colours, [measure("abandonment", "share")]),
  wait_distribution: waitDistribution,
  staffing,
}

interface Measure {
  name: string
  unit: Unit
  type: "solid" | "dashed"
}

function measure(name: string, unit: Unit, type: "solid" | "dashed" = "solid"): Measure {
  return { name, unit, type }
}

/** A mean is drawn where every replication has one: a share of the only call of one of ten days says nothing. */
function drawn(side: Side, name: string): (Estimate | null)[] {
  return side.slots.map((slot) => {
    const value = slot.values[name]
    return value != null && value.n === side.replications ? value : null
  })
}

const word = (page: Page, key: string): string => page.words[key] ?? key

/** "Answered", or "Answered · plan B" where there are two sides to tell apart, or "plan B" where all is of one measure. */
function label(page: Page, key: string, side: Side, only = false): string {
  if (page.report.sides.length === 1) return word(page, key)
  return only ? side.name : `${word(page, key)} · ${side.name}`
}

// ------------------------------------------------------------------------------------------------- by interval

/** What became of the calls; of two sides, only how many there were. */
function arrivals(page: Page, colours: Palette): Chart {
  const compared = page.report.sides.length > 1
  const parts = compared ? ["offered"] : ["answered", "abandoned", "elsewhere"]
  const series = page.report.sides.flatMap((side, index) =>
    parts.map((name, part) => ({
      id: `${name} ${index}`,
      name: label(page, name, side, compared),
      type: "bar",
      stack: String(index),
      barCategoryGap: "25%",
      barGap: "8%",
      color: [colours.sides[index], colours.abandoned, colours.soft][part],
      data: side.slots.map((slot) => slot.values[name]?.mean ?? null),
    })),
  )
  const some = series.filter((one) => one.data.some((value) => value))
  return { option: { ...byInterval(page, colours, "count"), series: some } }
}

function lines(page: Page, colours: Palette, measures: Measure[], target: number | null = null): Chart {
  const unit = measures[0]?.unit ?? "count"
  const series = page.report.sides.flatMap((side, index) => {
    const color = colours.sides[index as 0 | 1]
    return measures.flatMap((one) => [
      ...(one.type === "solid" ? band(side, one.name, index, color) : []),
      {
        id: `${one.name} ${index}`,
        name: label(page, one.name, side, measures.length === 1),
        type: "line",
        symbol: side.slots.length === 1 ? "circle" : "none",
        connectNulls: false,
        color,
        lineStyle: { width: 2, type: one.type },
        data: drawn(side, one.name).map((value) => value?.mean ?? null),
      } as Series,
    ])
  })
  if (target !== null && series.length) series[series.length - 1] = { ...series[series.length - 1], markLine: limit(page, colours, target) }
  const tops = measures.flatMap((one) => page.report.sides.flatMap((side) => drawn(side, one.name).map((value) => (one.type === "solid" ? value?.high : null) ?? value?.mean ?? 0)))
  const top = measures[0]?.name === "service_level" ? 1 : Math.max(0, ...tops)
  const common = byInterval(page, colours, unit, top)
  const alone = page.report.sides.length * measures.length === 1
  const legend = { ...(common["legend"] as Series), show: !alone, icon: "inherit", itemWidth: 24, itemStyle: { opacity: 0 } }
  const grid = { ...(common["grid"] as Series), top: alone ? 12 : belowLegend(page.report.sides.length * measures.length) }
  return { option: { ...common, legend, grid, series } }
}

/** The confidence interval, as the area between two lines of which one is not seen. */
function band(side: Side, name: string, index: number, color: string): Series[] {
  if (side.replications < 2) return []
  const values = drawn(side, name)
  const common = { type: "line", stack: `band ${name} ${index}`, symbol: "none", silent: true, lineStyle: { opacity: 0 }, color, stackStrategy: "all" }
  const low = values.map((value) => value?.low ?? null)
  const high = values.map((value) => (value?.low == null || value.high == null ? null : value.high - value.low))
  return [
    { ...common, id: `band low ${name} ${index}`, data: low },
    { ...common, id: `band high ${name} ${index}`, data: high, areaStyle: { color, opacity: 0.16 } },
  ]
}

function limit(page: Page, colours: Palette, target: number): Series {
  return {
    silent: true,
    symbol: "none",
    lineStyle: { color: colours.soft, type: "dotted", width: 1.5 },
    label: { formatter: `${word(page, "target")} ${said(target, "share")}`, position: "insideStartBottom", color: colours.soft, backgroundColor: colours.surface, padding: [1, 4] },
    data: [{ yAxis: target }],
  }
}

function byInterval(page: Page, colours: Palette, unit: Unit, top = 0): EChartsCoreOption {
  const { zone, interval_ms } = page.report
  const starts = page.report.sides[0]?.slots.map((slot) => slot.at_ms) ?? []
  const names = starts.map((at) => clock(at, zone))
  return {
    ...frame(colours),
    xAxis: { type: "category", data: names, ...axisStyle(colours), axisLabel: { color: colours.soft, interval: roundHours(names), hideOverlap: true } },
    yAxis: valueAxis(colours, unit, top),
    tooltip: tooltip(colours, unit, (index) => `${names[index]}–${clock((starts[index] ?? 0) + interval_ms, zone)}`),
  }
}

/** Full hours only, and so few of them that they can be read. */
function roundHours(names: string[]): (index: number, name: string) => boolean {
  const full = names.filter((name) => name.endsWith(":00")).length
  const step = [1, 2, 3, 4, 6, 12, 24].find((hours) => full / hours <= 9) ?? 24
  if (full === 0) return (index) => index % Math.ceil(names.length / 6) === 0
  return (_, name) => name.endsWith(":00") && Number(name.slice(0, 2)) % step === 0
}

// --------------------------------------------------------------------------------------------- waits, staffing

function waitDistribution(page: Page, colours: Palette): Chart {
  const sides = page.report.sides.map(withoutTail)
  const bars = Math.max(...sides.map((side) => side.wait_bars.length), 1)
  const starts = [...Array(bars).keys()].map((bar) => sides.flatMap((side) => side.wait_bars[bar] ?? [])[0]?.from_ms ?? 0)
  const width = (starts[1] ?? 5_000) - (starts[0] ?? 0)
  const series = sides.flatMap((side, index) => {
    const total = callers(side)
    return (["answered", "abandoned"] as const).map((name) => ({
      id: `${name} ${index}`,
      name: label(page, name, side),
      type: "bar",
      stack: String(index),
      barCategoryGap: "12%",
      barGap: "0%",
      itemStyle: { color: name === "answered" ? colours.sides[index] : colours.abandoned, opacity: name === "abandoned" && index ? 0.6 : 1 },
      data: starts.map((_, bar) => (side.wait_bars[bar]?.[name] ?? 0) / total),
    }))
  })
  return {
    option: {
      ...frame(colours),
      xAxis: { type: "category", data: starts.map(minutes), ...axisStyle(colours), axisLabel: { color: colours.soft, hideOverlap: true } },
      yAxis: valueAxis(colours, "share", Math.max(...sides.flatMap((side) => stacked(side)))),
      tooltip: tooltip(colours, "share", (bar) => (bar === bars - 1 ? `≥ ${minutes(starts[bar] ?? 0)}` : `${minutes(starts[bar] ?? 0)}–${minutes((starts[bar] ?? 0) + width)}`)),
      grid: { ...GRID, top: belowLegend(2 * sides.length) },
      series,
    },
  }
}

/** The longest waits of one call in a hundred are one bar, so that the others are not pressed into a corner. */
function withoutTail(side: Side): Side {
  const limit = 0.99 * callers(side)
  let sum = 0
  const last = side.wait_bars.findIndex((bar) => (sum += bar.answered + bar.abandoned) >= limit) + 1
  const tail = side.wait_bars.slice(last)
  if (tail.length < 2) return side
  const rest = { from_ms: tail[0]?.from_ms ?? 0, answered: 0, abandoned: 0 }
  for (const bar of tail) {
    rest.answered += bar.answered
    rest.abandoned += bar.abandoned
  }
  return { ...side, wait_bars: [...side.wait_bars.slice(0, last), rest] }
}

const callers = (side: Side): number => side.wait_bars.reduce((sum, bar) => sum + bar.answered + bar.abandoned, 0) || 1

const stacked = (side: Side): number[] => side.wait_bars.map((bar) => (bar.answered + bar.abandoned) / callers(side))

function minutes(ms: number): string {
  return `${Math.floor(ms / 60_000)}:${String(Math.round(ms / 1000) % 60).padStart(2, "0")}`
}

function staffing(page: Page, colours: Palette): Chart {
  const rows = page.report.staffing
  const names = rows.map((row) => clock(row.at_ms, page.report.zone))
  const tones = [colours.sides[0], colours.sides[1], colours.text, colours.soft]
  return {
    option: {
      ...frame(colours),
      xAxis: { type: "category", data: names, ...axisStyle(colours), axisLabel: { color: colours.soft, interval: roundHours(names), hideOverlap: true } },
      yAxis: { ...valueAxis(colours, "count"), minInterval: 1 },
      tooltip: tooltip(colours, "count", (index) => names[index] ?? ""),
      series: Object.keys(rows[0]?.agents ?? {}).map((method, index) => ({
        id: method,
        name: word(page, method),
        type: "line",
        step: "middle",
        showSymbol: false,
        color: tones[index % tones.length],
        lineStyle: { width: 2 },
        data: rows.map((row) => row.agents[method] ?? null),
      })),
    },
  }
}

// ------------------------------------------------------------------------------------------------------- common

const GRID = { left: 8, right: 12, top: 40, bottom: 4, containLabel: true }

/** Where the plot begins: four names of two sides take two rows. */
function belowLegend(names: number): number {
  return names > 3 ? 62 : 40
}

export function frame(colours: Palette): EChartsCoreOption {
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: GRID,
    legend: { top: 0, left: 0, itemWidth: 16, itemHeight: 8, itemGap: 18, icon: "roundRect", textStyle: { color: colours.soft, width: 170, overflow: "truncate" } },
  }
}

export function axisStyle(colours: Palette): Series {
  return { axisTick: { show: false }, axisLine: { lineStyle: { color: colours.line } }, axisLabel: { color: colours.soft } }
}

function valueAxis(colours: Palette, unit: Unit, top = 0): Series {
  return {
    type: "value",
    min: 0,
    ...scale(unit, top),
    ...axisStyle(colours),
    axisLine: { show: false },
    axisLabel: { color: colours.soft, formatter: (value: number) => (unit === "ms" ? minutes(value) : said(value, unit)) },
    splitLine: { lineStyle: { color: colours.line } },
    splitNumber: 4,
  }
}

const STEPS: Record<Unit, number[]> = {
  count: [],
  share: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2],
  ms: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200].map((seconds) => seconds * 1000),
}

/** Ticks at 5, 10, 30 seconds or whole minutes and at 5, 10, 20 %, where a scale of tens would give 1:40 or 30 %. */
export function scale(unit: Unit, top: number): { max?: number; interval?: number } {
  const steps = STEPS[unit]
  const interval = steps.find((step) => top / step <= 5) ?? steps.at(-1)
  if (interval === undefined || top <= 0) return unit === "share" ? { max: 1, interval: 0.2 } : {}
  const max = Math.ceil(top / interval - 1e-9) * interval
  return { max: unit === "share" ? Math.min(max, 1) : max, interval }
}

/** Built of elements, never of HTML text: the names in it are other people's. */
export function tooltip(colours: Palette, unit: Unit, title: (index: number) => string): Series {
  return {
    trigger: "axis",
    confine: true,
    backgroundColor: colours.surface,
    borderColor: colours.line,
    textStyle: { color: colours.text, fontSize: 13 },
    axisPointer: { type: "line", lineStyle: { color: colours.soft } },
    formatter: (points: (Named & { value: number | null })[]) => {
      const shown = points.filter((point) => !point.seriesId?.startsWith("band") && point.value != null)
      const rows = shown.map((point) => [point.seriesName ?? "", said(point.value ?? 0, unit)] as [string, string])
      return bubble(title(points[0]?.dataIndex ?? 0), rows)
    },
  }
}

export function bubble(title: string, rows: [string, string][]): HTMLElement {
  const box = document.createElement("div")
  box.append(Object.assign(document.createElement("strong"), { textContent: title }))
  for (const [name, value] of rows) box.append(Object.assign(document.createElement("div"), { textContent: `${name}: ${value}` }))
  return box
}
