// The telephone in the page: SIP over our own WebSocket (JsSIP), sound over WebRTC. It only carries the voice; holding,
// consulting and transferring are asked of the server, as for every other telephone.

import { UA, WebSocketInterface } from "jssip"
import type { RTCSession } from "jssip/lib/RTCSession"
import type { RTCSessionEvent } from "jssip/lib/UA"

import type { Telephones } from "./messages.ts"
import { microphone, type SoundSettings } from "./sound.ts"

export type Identity = NonNullable<Telephones["softphone"]>
// Whether the switch can ring us.
export type Registration = "off" | "connecting" | "registered" | "lost" | "refused"
// What the line does. `answering`: answered, but nothing can be heard yet.
export type Voice = "none" | "ringing" | "answering" | "talking"
export type CallProblem = "no microphone" | "no sound"

export interface PhoneEars {
  registration(now: Registration): void
  voice(now: Voice): void
  problem(what: CallProblem): void
}

export class Softphone {
  private readonly ua: UA
  private readonly ears: PhoneEars
  private readonly speaker: HTMLAudioElement
  private readonly settings: () => SoundSettings
  private session: RTCSession | null = null
  private lost = false
  private leaving = false

  constructor(identity: Identity, speaker: HTMLAudioElement, settings: () => SoundSettings, ears: PhoneEars) {
    this.ears = ears
    this.speaker = speaker
    this.settings = settings
    const url = `${location.protocol.replace("http", "ws")}//${location.host}/sip`
    this.ua = new UA({
      sockets: [new WebSocketInterface(url)],
      uri: identity.uri,
      password: identity.password,
      register_expires: 120,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 5,
      session_timers: false,
      user_agent: "Callfloor",
    })
    this.ua.on("registered", () => this.registered())
    this.ua.on("registrationFailed", () => this.ears.registration(this.ua.isConnected() ? "refused" : "lost"))
    this.ua.on("disconnected", () => {
      this.lost = true
      this.ears.registration(this.leaving ? "off" : "lost")
    })
    this.ua.on("newRTCSession", ({ originator, session }: RTCSessionEvent) => {
      if (String(originator) === "remote") this.comes(session)
    })
  }

  start(): void {
    this.ears.registration("connecting")
    addEventListener("pagehide", this.hangUp)
    addEventListener("beforeunload", this.warn)
    this.ua.start()
  }

  // A talk is under way, or a call rings.
  get busy(): boolean {
    return this.session !== null
  }

  // Is wanted again before its last talk was over.
  stay(): void {
    this.leaving = false
    this.ua.register()
  }

  // Leaves; a talk that is under way is finished first, so that it survives the change to another screen.
  stop(): void {
    this.leaving = true
    if (this.session) {
      this.ua.unregister()
      return
    }
    removeEventListener("pagehide", this.hangUp)
    removeEventListener("beforeunload", this.warn)
    this.ua.stop()
    this.ears.registration("off")
  }

  answer(): void {
    const session = this.session
    if (!session?.isInProgress()) return
    this.ears.voice("answering")
    // No servers that would have to be asked for the way: the browser and the switch see each other.
    session.answer({
      mediaConstraints: { audio: microphone(this.settings()), video: false },
      pcConfig: { iceServers: [] },
    })
  }

  mute(on: boolean): void {
    if (on) this.session?.mute({ audio: true })
    else this.session?.unmute({ audio: true })
  }

  // A page that goes away must say so: otherwise the switch finds out only when the sound has stayed away.
  readonly hangUp = (): void => {
    if (this.session && !this.session.isEnded()) this.session.terminate()
  }

  private readonly warn = (event: BeforeUnloadEvent): void => {
    if (this.session?.isEstablished()) event.preventDefault()
  }

  private registered(): void {
    this.ears.registration("registered")
    // The switch would go on sending what it has to say about the talk to the socket that was lost: a re-INVITE tells it
    // the new one (RFC 3261 section 12.2.1.2, target refresh).
    if (this.lost && this.session?.isEstablished()) this.session.renegotiate({ useUpdate: false })
    this.lost = false
  }

  private comes(session: RTCSession): void {
    if (this.session) {
      session.terminate({ status_code: 486 })
      return
    }
    this.session = session
    session.on("peerconnection", ({ peerconnection }) => this.listen(peerconnection))
    // The first way that is found will do: waiting for the last one delays the answer.
    session.on("icecandidate", ({ ready }) => ready())
    session.on("getusermediafailed", () => this.ears.problem("no microphone"))
    session.on("ended", () => this.over(session))
    session.on("failed", () => this.over(session))
    this.ears.voice("ringing")
  }

  private listen(connection: RTCPeerConnection): void {
    connection.addEventListener("track", ({ track, streams }) => {
      this.speaker.srcObject = streams[0] ?? new MediaStream([track])
      void this.play()
    })
    connection.addEventListener("connectionstatechange", () => {
      if (connection.connectionState === "connected") this.ears.voice("talking")
      if (connection.connectionState === "failed") this.ears.problem("no sound")
    })
  }

  private async play(): Promise<void> {
    try {
      const { speaker } = this.settings()
      if (speaker && "setSinkId" in this.speaker) await this.speaker.setSinkId(speaker)
    } catch {
      // That loudspeaker is not there any more: the usual one does.
    }
    try {
      await this.speaker.play()
    } catch (error) {
      // The call may have ended meanwhile, which also ends the attempt.
      if (error instanceof DOMException && error.name !== "AbortError") this.ears.problem("no sound")
    }
  }

  private over(session: RTCSession): void {
    if (this.session !== session) return
    this.session = null
    this.speaker.srcObject = null
    this.ears.voice("none")
    if (this.leaving) this.stop()
  }
}
