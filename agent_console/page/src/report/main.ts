// Draws the charts of a report into its figures, and again whenever the light changes. The tables need none of this.

import { BarChart, CustomChart, LineChart } from "echarts/charts"
import { AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components"
import { init, use, type EChartsType } from "echarts/core"
import { SVGRenderer } from "echarts/renderers"

import { CHARTS, type Chart } from "./charts.ts"
import { palette, type Palette } from "./palette.ts"
import type { Page } from "./report.ts"
import { timelines } from "./timelines.ts"

use([BarChart, LineChart, CustomChart, GridComponent, TooltipComponent, LegendComponent, MarkLineComponent, AriaComponent, SVGRenderer])

const page = JSON.parse(document.getElementById("report")?.textContent ?? "") as Page
const drawn = new Map<HTMLElement, EChartsType>()

function chartOf(place: HTMLElement, colours: Palette): Chart | undefined {
  const side = page.report.sides[Number(place.dataset["side"] ?? 0)]
  if (place.dataset["chart"] === "timelines") return side && timelines(page, colours, side)
  return CHARTS[place.dataset["chart"] ?? ""]?.(page, colours)
}

function draw(): void {
  const colours = palette()
  for (const place of document.querySelectorAll<HTMLElement>("[data-chart]")) {
    const chart = chartOf(place, colours)
    if (chart === undefined) continue
    if (chart.height !== undefined) place.style.height = `${chart.height}px`
    const canvas = drawn.get(place) ?? init(place, null, { renderer: "svg" })
    drawn.set(place, canvas)
    canvas.setOption({ ...chart.option, aria: { enabled: true, label: { description: place.getAttribute("aria-label") ?? "" } } }, { notMerge: true })
  }
}

function fit(): void {
  for (const canvas of drawn.values()) canvas.resize()
}

draw()
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw)
matchMedia("print").addEventListener("change", () => {
  fit()
  draw()
})
addEventListener("resize", fit)
