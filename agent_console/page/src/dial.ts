// Calls that the agent places: the own telephone rings first.

import { computed, type ComputedRef } from "vue"
import { useRouter } from "vue-router"

import { useLive } from "./live.ts"
import { ownAgent } from "./state.ts"

const DIALABLE = /^\+?[0-9*#]{1,32}$/

// The number as it is dialed, without what people put between its digits; "" if it is none.
export function dialable(text: string): string {
  const number = text.replace(/[\s()./-]/g, "")
  return DIALABLE.test(number) ? number : ""
}

export function useDial(): { can: ComputedRef<boolean>; dial(number: string): Promise<boolean> } {
  const { view, wish } = useLive()
  const router = useRouter()
  const can = computed(() => {
    const agent = ownAgent(view.value)
    return !!agent && agent.presence !== "logged off" && ["free", "wrap-up", "resting"].includes(agent.line)
  })

  async function dial(number: string): Promise<boolean> {
    const answer = await wish("place_call", { to: { kind: "number", to: number } })
    if (answer.ok) await router.push({ name: "agent" })
    return answer.ok
  }

  return { can, dial }
}
