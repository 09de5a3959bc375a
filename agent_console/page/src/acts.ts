// What a supervisor can do about an agent, a waiting call and a queue, as menus show it.

import { useI18n } from "vue-i18n"

import { useLive } from "./live.ts"
import type { Agent, Call, MonitorMode, Queue } from "./messages.ts"
import { isConsultation } from "./state.ts"

export interface Act {
  name: string
  text: string
  act?: () => void
  // A choice first; what cannot be taken back is chosen twice like this.
  of?: Act[]
}

const MODES: MonitorMode[] = ["listen", "whisper", "barge"]
const PRIORITIES = [10, 5, 0, -5]

export function useActs(editSkills: (agent: Agent) => void) {
  const { t } = useI18n()
  const { view, wish } = useLive()

  function agentActs(agent: Agent): Act[] {
    const me = view.value.me?.user ?? ""
    const own = agent.monitors.find((one) => one.by === me)
    const to = { kind: "agent", to: agent.agent } as const
    const hear = MODES.filter((mode) => mode !== own?.mode).map((mode): Act => {
      return { name: mode, text: t(`act.${mode}`), act: () => void wish("monitor", { to, mode }) }
    })
    const acts: Act[] = agent.line === "connected" ? hear : []
    if (own) acts.push({ name: "stop", text: t("act.stop"), act: () => void wish("stop_monitoring") })
    if (agent.presence !== "logged off") {
      const one = { agent: agent.agent }
      if (agent.presence === "not ready") acts.push({ name: "ready", text: t("act.ready"), act: () => void wish("set_ready", one) })
      else acts.push({ name: "not-ready", text: t("act.notReady"), act: () => void wish("set_not_ready", { ...one, reason: "supervisor" }) })
      const out: Act = { name: "log-out-sure", text: t("act.logOutSure", { name: agent.name }), act: () => void wish("set_logged_out", one) }
      acts.push({ name: "log-out", text: t("act.logOut"), of: [out] })
    }
    return [...acts, { name: "skills", text: t("act.skills"), act: () => editSkills(agent) }]
  }

  function callActs(call: Call): Act[] {
    if (call.stage !== "queued" || isConsultation(call.call)) return []
    const others = Object.values(view.value.queues).filter((one) => one.queue !== call.queue)
    const free = Object.values(view.value.agents).filter((one) => one.line === "free" && one.presence === "ready" && one.reachable)
    const move = others.map((one): Act => {
      return { name: `move-${one.queue}`, text: one.name, act: () => void wish("move_call", { call: call.call, queue: one.queue }) }
    })
    const first = PRIORITIES.map((priority): Act => {
      return { name: `priority-${priority}`, text: String(priority), act: () => void wish("set_priority", { call: call.call, priority }) }
    })
    const pull = free.map((one): Act => {
      return { name: `pull-${one.agent}`, text: one.name, act: () => void wish("pull_call", { call: call.call, agent: one.agent }) }
    })
    return [
      { name: "move", text: t("act.move"), of: move },
      { name: "priority", text: t("act.priority", { now: call.priority }), of: first },
      { name: "pull", text: t("act.pull"), of: pull },
    ].filter((one) => one.of.length)
  }

  function queueActs(queue: Queue): Act[] {
    if (!queue.open) return [{ name: "open", text: t("act.open"), act: () => void wish("open_queue", { queue: queue.queue }) }]
    const close: Act = { name: "close-sure", text: t("act.closeSure", { name: queue.name }), act: () => void wish("close_queue", { queue: queue.queue }) }
    return [{ name: "close", text: t("act.close"), of: [close] }]
  }

  return { agentActs, callActs, queueActs }
}
