// The agents' day as rows of coloured spans.

import type { CustomSeriesRenderItemAPI, CustomSeriesRenderItemParams } from "echarts/types/dist/shared"

import { axisStyle, bubble, frame, type Chart } from "./charts.ts"
import { clock, duration } from "./format.ts"
import type { Palette } from "./palette.ts"
import type { Page, Side } from "./report.ts"

const ROW_PX = 22
const AROUND_PX = 78

export function timelines(page: Page, colours: Palette, side: Side): Chart {
  const { zone } = page.report
  const names = side.agents.map((agent) => agent.name)
  const from = side.slots[0]?.at_ms ?? 0
  const states = Object.keys(colours.states).filter((state) => side.agents.some((agent) => agent.timeline.some((entry) => entry[1] === state)))
  return {
    height: names.length * ROW_PX + AROUND_PX,
    option: {
      ...frame(colours),
      tooltip: {
        confine: true,
        backgroundColor: colours.surface,
        borderColor: colours.line,
        textStyle: { color: colours.text, fontSize: 13 },
        formatter: (point: { seriesName: string; value: [number, number, number] }) => {
          const [row, start, end] = point.value
          return bubble(names[row] ?? "", [[point.seriesName, `${clock(start, zone)}–${clock(end, zone)} (${duration(end - start)})`]])
        },
      },
      xAxis: {
        type: "value",
        min: from,
        max: side.until_ms,
        interval: hours(side.until_ms - from),
        ...axisStyle(colours),
        splitLine: { lineStyle: { color: colours.line } },
        axisLabel: { color: colours.soft, hideOverlap: true, showMaxLabel: false, formatter: (at: number) => clock(at, zone) },
      },
      yAxis: { type: "category", data: names, inverse: true, ...axisStyle(colours), axisLine: { show: false }, axisLabel: { color: colours.soft, width: 130, overflow: "truncate", interval: 0 } },
      series: states.map((state) => ({
        id: state,
        name: page.words[`agent ${state}`] ?? state,
        type: "custom",
        color: colours.states[state],
        itemStyle: { color: colours.states[state] },
        renderItem: span,
        encode: { x: [1, 2], y: 0 },
        data: side.agents.flatMap((agent, row) => spans(agent.timeline, side.until_ms, state).map(([start, end]) => [row, start, end])),
      })),
    },
  }
}

function spans(timeline: [number, string][], until: number, state: string): [number, number][] {
  return timeline.flatMap(([start, one], index) => (one === state ? [[start, timeline[index + 1]?.[0] ?? until] as [number, number]] : []))
}

function hours(span: number): number {
  return [0.25, 0.5, 1, 2, 3, 4, 6, 12, 24].map((length) => length * 3_600_000).find((length) => span / length <= 10) ?? 86_400_000
}

function span(_: CustomSeriesRenderItemParams, api: CustomSeriesRenderItemAPI): unknown {
  const row = api.value(0)
  const [left = 0, middle = 0] = api.coord([api.value(1), row])
  const [right = 0] = api.coord([api.value(2), row])
  const height = ROW_PX * 0.62
  return { type: "rect", shape: { x: left, y: middle - height / 2, width: Math.max(right - left, 0.5), height }, style: { fill: api.visual("color") } }
}
