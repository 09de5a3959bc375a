// src/messages.ts, written by hand to say only what the page uses, agrees with the protocol's schema: everything that
// the server may send is something that the page has a type for, and everything that the page may ask is understood.
// There is nothing to run: vue-tsc finds the fault.

import type * as page from "../src/messages.ts"
import type * as wire from "./protocol.ts"

type Holds<Part extends Whole, Whole> = Part

export type PageTakesWhatIsSent = Holds<wire.FromServer, page.ServerMessage>
export type ServerTakesWhatIsAsked = Holds<{ type: "request"; id: number; do: page.Wish } & page.About, wire.Request>
