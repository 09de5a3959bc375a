// Microphone, loudspeaker and tones: what the softphone needs of this machine.

export interface SoundSettings {
  // Ids of devices; "" is the one that the system uses.
  microphone: string
  speaker: string
  // Echo cancellation, noise suppression and automatic gain. Headsets that do it themselves sound better without.
  processing: boolean
}

export type SoundProblem = "insecure" | "denied" | "no microphone" | "in use"

const KEPT_AS = "callfloor.sound"
export const USUAL: SoundSettings = { microphone: "", speaker: "", processing: true }

export function keptSettings(): SoundSettings {
  try {
    return { ...USUAL, ...(JSON.parse(localStorage.getItem(KEPT_AS) ?? "{}") as Partial<SoundSettings>) }
  } catch {
    return USUAL // somebody else wrote there, or nothing may be kept
  }
}

export function keepSettings(settings: SoundSettings): void {
  try {
    localStorage.setItem(KEPT_AS, JSON.stringify(settings))
  } catch {
    // A browser that keeps nothing asks for them again.
  }
}

export function microphone(settings: SoundSettings): MediaTrackConstraints {
  const on = settings.processing
  return {
    // Not `exact`: a headset that was unplugged must not make the call fail.
    ...(settings.microphone ? { deviceId: settings.microphone } : {}),
    echoCancellation: on,
    noiseSuppression: on,
    autoGainControl: on,
  }
}

// A stream of the microphone, or why there is none.
export async function openMicrophone(settings: SoundSettings): Promise<MediaStream | SoundProblem> {
  // `mediaDevices` is there only on https, or on this very machine.
  if (!isSecureContext) return "insecure"
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: microphone(settings) })
  } catch (error) {
    const name = error instanceof DOMException ? error.name : ""
    return name === "NotAllowedError" ? "denied" : name === "NotReadableError" ? "in use" : "no microphone"
  }
}

export function close(stream: MediaStream): void {
  stream.getTracks().forEach((track) => track.stop())
}

// Tells how loud the microphone is, 0 to 1, several times a second, until the function that is returned is called.
export function meter(stream: MediaStream, tell: (level: number) => void): () => void {
  const context = new AudioContext()
  const analyser = context.createAnalyser()
  context.createMediaStreamSource(stream).connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples)
    const rms = Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length)
    // As ears hear it: -60 dB is nothing, 0 dB all.
    tell(rms > 0.001 ? 1 + Math.log10(rms) / 3 : 0)
  }, 100)
  return () => {
    clearInterval(timer)
    void context.close()
  }
}

// A tone in the loudspeaker; `pattern` is [on, off] in seconds, repeated. The function that is returned ends it.
export function tone(speaker: string, hz: number, on: number, off: number, times: number): () => void {
  const context: AudioContext & { setSinkId?: (id: string) => Promise<void> } = new AudioContext()
  if (speaker) context.setSinkId?.(speaker).catch(() => undefined) // not there any more: the usual one does
  const sound = context.createOscillator()
  const loudness = context.createGain()
  sound.frequency.value = hz
  loudness.gain.value = 0
  for (let n = 0; n < times; n++) {
    const begin = context.currentTime + n * (on + off)
    // Not at once, which would click.
    loudness.gain.setTargetAtTime(0.15, begin, 0.01)
    loudness.gain.setTargetAtTime(0, begin + on, 0.01)
  }
  sound.connect(loudness).connect(context.destination)
  sound.start()
  const end = () => {
    if (context.state !== "closed") void context.close()
  }
  sound.stop(context.currentTime + times * (on + off))
  sound.onended = end
  return end
}
