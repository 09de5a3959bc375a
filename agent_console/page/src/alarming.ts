// The alarms of this page, for whoever shows them: judged each second as long as `useAlarmWatch` lives somewhere.

import { computed, ref, shallowRef, watch as whenever } from "vue"

import { acknowledge as acknowledged, alarmsOf, judge, readSettings, type Alarm, type AlarmSettings, type Floor, type Watch } from "./alarms.ts"
import { formula } from "./formula.ts"
import type { Live } from "./live.ts"
import type { View } from "./state.ts"

const KEY = "callfloor.alarms"

export const settings = ref<AlarmSettings>(readSettings(localStorage.getItem(KEY)))
const watch = shallowRef<Watch>({})
export const alarms = computed(() => alarmsOf(watch.value))
// By queue; an alarm that is acknowledged counts less than one that is not.
export const alarmedQueues = computed(() => {
  const found = new Map<string, "acknowledged" | "new">()
  for (const one of alarms.value) if (one.kind !== "link" && found.get(one.of) !== "new") found.set(one.of, one.acknowledged ? "acknowledged" : "new")
  return found
})

export function saveSettings(next: AlarmSettings): void {
  settings.value = readSettings(JSON.stringify(next))
  localStorage.setItem(KEY, JSON.stringify(settings.value))
}

export function acknowledge(of: string): void {
  watch.value = acknowledged(watch.value, of)
}

// `tell` is told of those that have begun. Without a connection nothing is judged: what is shown is old.
export function useAlarmWatch({ view, state, now }: Live, tell: (begun: Alarm[]) => void): void {
  whenever(now, () => {
    if (state.value !== "connected") return
    const before = watch.value
    watch.value = judge(before, floorOf(view.value), settings.value, now.value)
    const begun = alarms.value.filter((one) => !before[`${one.kind} ${one.of}`]?.began_at)
    if (begun.length) tell(begun)
  })
}

function floorOf({ queues, links, today }: View): Floor {
  const levels = (today?.queues ?? []).flatMap(({ queue, offered, service_level }) => {
    const share = service_level[formula.value]
    return share == null ? [] : [[queue, { share, calls: offered }] as const]
  })
  return { queues: Object.values(queues), links: Object.values(links), levels: Object.fromEntries(levels) }
}
