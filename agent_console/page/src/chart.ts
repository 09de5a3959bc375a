// ECharts with the few parts that the page's charts are made of, and the page's colours as the browser resolves them now.
// Import it only from what is loaded lazily: it is large.

import { BarChart, LineChart } from "echarts/charts"
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components"
import { use } from "echarts/core"
import { CanvasRenderer } from "echarts/renderers"
import { onScopeDispose, ref, type Ref } from "vue"

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer])

export { init, type EChartsCoreOption, type EChartsType } from "echarts/core"

const TONES = ["text", "soft", "line", "surface", "accent", "good", "warn", "bad"] as const
export type Tones = Record<(typeof TONES)[number], string>

// Follows the screen from light to dark and back.
export function useTones(): Readonly<Ref<Tones>> {
  const tones = ref(readTones())
  const dark = matchMedia("(prefers-color-scheme: dark)")
  const change = () => (tones.value = readTones())
  dark.addEventListener("change", change)
  onScopeDispose(() => dark.removeEventListener("change", change))
  return tones
}

function readTones(): Tones {
  const probe = document.createElement("span")
  document.body.append(probe)
  const found = TONES.map((name) => {
    probe.style.color = `var(--${name})`
    return [name, getComputedStyle(probe).color]
  })
  probe.remove()
  return Object.fromEntries(found) as Tones
}

// What all charts have in common. Nothing moves by itself, and a tooltip is drawn, not HTML: names are other people's.
export function frame(tones: Tones): Record<string, unknown> {
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 8, right: 12, top: 36, bottom: 4, containLabel: true },
    legend: { top: 0, left: 0, itemWidth: 14, itemHeight: 8, icon: "roundRect", textStyle: { color: tones.soft } },
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      confine: true,
      backgroundColor: tones.surface,
      borderColor: tones.line,
      textStyle: { color: tones.text, fontSize: 13 },
      axisPointer: { type: "line", lineStyle: { color: tones.soft } },
    },
  }
}

export function axis(tones: Tones): Record<string, unknown> {
  return {
    axisTick: { show: false },
    axisLine: { lineStyle: { color: tones.line } },
    axisLabel: { color: tones.soft, hideOverlap: true },
    splitLine: { lineStyle: { color: tones.line } },
  }
}
