// The connection to the server: one WebSocket that comes back by itself and asks for what it missed.

import type { About, Answer, Facts, ServerMessage, Wish } from "./messages.ts"

export type LinkState = "connecting" | "connected" | "reconnecting" | "taken over" | "signed out"

const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 10_000
const SILENCE_MS = 25_000 // the server says something every 10 s
const TAKEN_OVER = 4001
const SIGNED_OUT = 4401

export interface Ears {
  message(message: ServerMessage): void
  state(state: LinkState): void
}

export class Link {
  private socket: WebSocket | null = null
  private epoch = ""
  private seq = -1
  private failures = 0
  private retry = 0
  private silence = 0
  private lastRequest = 0
  private readonly pending = new Map<number, (answer: Answer) => void>()
  private readonly url: string
  private readonly ears: Ears

  constructor(url: string, ears: Ears) {
    this.url = url
    this.ears = ears
  }

  open(): void {
    this.ears.state("connecting")
    addEventListener("online", this.hurry)
    document.addEventListener("visibilitychange", this.hurry)
    this.connect()
  }

  // Takes over again from the screen that took over from this one.
  takeBack(): void {
    this.ears.state("connecting")
    this.seq = -1
    this.epoch = ""
    this.connect()
  }

  close(): void {
    removeEventListener("online", this.hurry)
    document.removeEventListener("visibilitychange", this.hurry)
    clearTimeout(this.retry)
    clearTimeout(this.silence)
    const socket = this.socket
    this.socket = null
    socket?.close()
    this.fail("closed")
  }

  // Asks for something. The answer always comes: if the connection is lost first, it is a refusal that says so.
  request(wish: Wish, about: About = {}): Promise<Answer> {
    const id = ++this.lastRequest
    if (this.socket?.readyState !== WebSocket.OPEN) return Promise.resolve({ type: "answer", id, ok: false, why: "offline" })
    this.socket.send(JSON.stringify({ type: "request", id, do: wish, ...about }))
    return new Promise((resolve) => this.pending.set(id, resolve))
  }

  private connect(): void {
    const resume = this.epoch ? `?epoch=${this.epoch}&seq=${this.seq}` : ""
    const socket = new WebSocket(this.url + resume)
    this.socket = socket
    this.listen()
    socket.onmessage = (event) => {
      if (socket === this.socket) this.hear(JSON.parse(String(event.data)) as ServerMessage)
    }
    socket.onclose = (event) => {
      if (socket === this.socket) this.lost(event.code)
    }
  }

  private hear(message: ServerMessage): void {
    this.listen()
    if (this.failures || this.seq < 0) this.ears.state("connected")
    this.failures = 0
    if (message.type === "snapshot") {
      this.epoch = message.epoch
      this.seq = message.seq
    } else if (message.type === "facts") {
      const fresh = this.fresh(message)
      if (fresh) this.ears.message(fresh)
      return
    } else if (message.type === "answer") {
      this.pending.get(message.id)?.(message)
      this.pending.delete(message.id)
    }
    this.ears.message(message)
  }

  // What of these facts is new; null if some before them are missing, which are then asked for.
  private fresh(message: Facts): Facts | null {
    if (message.from > this.seq + 1) {
      this.socket?.send(JSON.stringify({ type: "resume", epoch: this.epoch, seq: this.seq }))
      return null
    }
    const seen = this.seq
    this.seq = Math.max(seen, message.to)
    return { ...message, facts: message.facts.filter((item) => item.seq > seen) }
  }

  private lost(code: number): void {
    this.socket = null
    clearTimeout(this.silence)
    this.fail("connection lost")
    if (code === TAKEN_OVER) return this.ears.state("taken over")
    if (code === SIGNED_OUT) return this.ears.state("signed out")
    this.failures += 1
    this.ears.state("reconnecting")
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (this.failures - 1))
    // Spread out, so that a restarted server is not met by everybody in the same instant.
    this.retry = window.setTimeout(() => this.connect(), wait * (0.5 + Math.random() / 2))
  }

  // The network is back or the tab is looked at again: no reason to wait any longer.
  private readonly hurry = (): void => {
    if (this.socket || !this.failures) return
    clearTimeout(this.retry)
    this.connect()
  }

  // A socket that is silent for too long is dead, whatever it says of itself.
  private listen(): void {
    clearTimeout(this.silence)
    this.silence = window.setTimeout(() => {
      const socket = this.socket
      this.lost(0)
      socket?.close()
    }, SILENCE_MS)
  }

  private fail(why: string): void {
    for (const [id, resolve] of this.pending) resolve({ type: "answer", id, ok: false, why })
    this.pending.clear()
  }
}
