// The parts of ECharts that the page's charts are made of. Import it only from what is loaded lazily: it is large.

import { BarChart, LineChart } from "echarts/charts"
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components"
import { init, use } from "echarts/core"
import { CanvasRenderer } from "echarts/renderers"

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer])

export { init }
export type { ECharts, EChartsCoreOption } from "echarts/core"

// A token of style.css as the browser resolves it now, light or dark: a canvas knows no var().
export function colour(name: string): string {
  const probe = document.createElement("span")
  probe.className = `colour-${name}`
  document.body.append(probe)
  const found = getComputedStyle(probe).color
  probe.remove()
  return found
}
