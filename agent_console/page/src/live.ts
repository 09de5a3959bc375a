// The live view of this page: the link, what it has told so far, and the server's clock.

import { inject, onScopeDispose, provide, ref, shallowRef, type InjectionKey, type Ref, type ShallowRef } from "vue"

import { Link, type LinkState } from "./link.ts"
import type { About, Answer, ServerMessage, Wish } from "./messages.ts"
import { NOTHING, reduce, type View } from "./state.ts"

export interface Live {
  view: Readonly<ShallowRef<View>>
  state: Readonly<Ref<LinkState>>
  // The server's time in ms, moving on every second.
  now: Readonly<Ref<number>>
  // Why the last wish was not granted; "" if it was.
  refusal: Ref<string>
  wish(wish: Wish, about?: About): Promise<Answer>
  // The same, where whoever asks says themselves what became of it.
  ask(wish: Wish, about?: About): Promise<Answer>
  // Moves the agent's console from the screen that took it over back to this one.
  takeBack(): void
}

const KEY: InjectionKey<Live> = Symbol("live")

export function provideLive(): Live {
  const view = shallowRef(NOTHING)
  const state = ref<LinkState>("connecting")
  const refusal = ref("")
  const now = ref(Date.now())
  let ahead = 0 // of this machine's clock is the server's

  function message(message: ServerMessage): void {
    if ("at" in message) ahead = message.at - Date.now()
    now.value = Date.now() + ahead
    view.value = reduce(view.value, message)
  }

  const link = new Link(`${location.protocol.replace("http", "ws")}//${location.host}/ws`, {
    message,
    state: (next) => (state.value = next),
  })
  const clock = setInterval(() => (now.value = Date.now() + ahead), 1000)
  onScopeDispose(() => {
    clearInterval(clock)
    link.close()
  })
  link.open()

  async function wish(wish: Wish, about: About = {}): Promise<Answer> {
    const answer = await link.request(wish, about)
    refusal.value = answer.ok ? "" : answer.why
    return answer
  }

  const live: Live = { view, state, now, refusal, wish, ask: (wish, about) => link.request(wish, about), takeBack: () => link.takeBack() }
  provide(KEY, live)
  return live
}

export function useLive(): Live {
  const live = inject(KEY)
  if (!live) throw new Error("provideLive() has not been called above this component")
  return live
}
