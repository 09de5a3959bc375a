// The telephone of this page as its components see it: whether it is wanted, what its line does, what is wrong with it.

import { computed, inject, onScopeDispose, provide, ref, shallowRef, watch, type ComputedRef, type InjectionKey, type Ref, type ShallowRef } from "vue"

import { readTelephones } from "./api.ts"
import type { Live } from "./live.ts"
import type { Telephones } from "./messages.ts"
import type { CallProblem, Registration, Softphone, Voice } from "./softphone.ts"
import { close, keepSettings, keptSettings, openMicrophone, tone, type SoundProblem, type SoundSettings } from "./sound.ts"
import { ownAgent } from "./state.ts"

const RING_HZ = 450
const BEEP_HZ = 880
const LONGEST_RING = 60

export interface Phone {
  telephones: Readonly<ShallowRef<Telephones | null>>
  // The person's calls come to this page.
  inUse: ComputedRef<boolean>
  registration: Readonly<Ref<Registration>>
  voice: Readonly<Ref<Voice>>
  muted: Readonly<Ref<boolean>>
  problem: Readonly<Ref<SoundProblem | CallProblem | "">>
  sound: Ref<SoundSettings>
  answer(): void
  mute(on: boolean): void
  hangUp(): void
  // Looks for the microphone again, and registers.
  retry(): void
}

const KEY: InjectionKey<Phone> = Symbol("phone")

export function providePhone(live: Live, { hasTelephones }: { hasTelephones: boolean }): Phone {
  const telephones = shallowRef<Telephones | null>(null)
  const registration = ref<Registration>("off")
  const voice = ref<Voice>("none")
  const muted = ref(false)
  const problem = ref<SoundProblem | CallProblem | "">("")
  const sound = ref(keptSettings())
  const speaker = new Audio()
  let softphone: Softphone | null = null
  let wish = 0 // of starting or stopping; an older one is void

  const agent = computed(() => ownAgent(live.view.value))
  const inUse = computed(() => {
    const own = telephones.value?.softphone
    if (!own || !live.view.value.me) return false
    return live.view.value.me.agent === null || (agent.value?.presence !== "logged off" && agent.value?.phone === own.phone)
  })
  // The telephone goes with the screen: who took over the one takes over the other.
  const wanted = computed(() => inUse.value && live.state.value !== "taken over" && live.state.value !== "signed out")

  async function start(): Promise<void> {
    const mine = ++wish
    problem.value = ""
    if (softphone?.busy) return softphone.stay()
    softphone?.stop()
    softphone = null
    const stream = await openMicrophone(sound.value)
    if (typeof stream === "string") {
      // Without a microphone it does not register: the switch knows then, and no call is lost here.
      if (mine === wish) problem.value = stream
      return
    }
    close(stream)
    const made = await import("./softphone.ts")
    const own = telephones.value?.softphone
    if (mine !== wish || !own) return
    softphone = new made.Softphone(own, speaker, () => sound.value, {
      registration: (now) => (registration.value = now),
      voice: (now) => (voice.value = now),
      problem: (what) => (problem.value = what),
    })
    softphone.start()
  }

  function stop(): void {
    wish += 1
    softphone?.stop()
    if (!softphone?.busy) softphone = null
    problem.value = ""
  }

  function mute(on: boolean): void {
    if (voice.value !== "talking") return
    softphone?.mute(on)
    muted.value = on
  }

  // Ours: a call is offered to this person. Anything else that rings here is answered by hand only.
  const ours = computed(() => voice.value === "ringing" && agent.value?.line === "offered")
  const answersItself = computed(() => {
    const placed = agent.value ? live.view.value.calls[agent.value.call]?.dialing : false
    return ours.value && Boolean(placed || telephones.value?.softphone?.auto_answer)
  })
  watch(answersItself, (does) => {
    if (!does) return
    tone(sound.value.speaker, BEEP_HZ, 0.15, 0.05, 1)
    softphone?.answer()
  })
  watch(voice, (now, _, onCleanup) => {
    if (now === "none") muted.value = false
    if (now === "ringing" || now === "talking") problem.value = ""
    if (now === "ringing" && !telephones.value?.softphone?.auto_answer) {
      onCleanup(tone(sound.value.speaker, RING_HZ, 1, 3, LONGEST_RING / 4))
    }
  })
  watch(wanted, (now) => (now ? void start() : stop()), { immediate: true })
  watch(sound, keepSettings, { deep: true })
  void watchPermission(() => problem.value && wanted.value && void start())
  if (hasTelephones) {
    readTelephones().then(
      (found) => (telephones.value = found),
      () => undefined, // the page works without; the next time it is loaded it asks again
    )
  }
  onScopeDispose(() => {
    softphone?.hangUp()
    stop()
  })

  const phone: Phone = {
    telephones,
    inUse,
    registration,
    voice,
    muted,
    problem,
    sound,
    answer: () => softphone?.answer(),
    mute,
    hangUp: () => softphone?.hangUp(),
    retry: () => void start(),
  }
  provide(KEY, phone)
  return phone
}

async function watchPermission(changed: () => void): Promise<void> {
  try {
    const permission = await navigator.permissions.query({ name: "microphone" as PermissionName })
    permission.onchange = changed
  } catch {
    // A browser that does not tell: there is a button to try again.
  }
}

export function usePhone(): Phone {
  const phone = inject(KEY)
  if (!phone) throw new Error("providePhone() has not been called above this component")
  return phone
}
