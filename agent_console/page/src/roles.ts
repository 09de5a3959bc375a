// Who somebody is, as far as the page cares; what they may do, the server decides. Pure.

import type { Me } from "./messages.ts"

export const isAdmin = (me: Me): boolean => me.role === "admin"
export const isSupervisor = (me: Me): boolean => me.role === "supervisor" || isAdmin(me)
// A screen where nobody sits.
export const isWall = (me: Me): boolean => me.role === "wall"
export const isPerson = (me: Me): boolean => !isWall(me)
export const seesQueues = (me: Me): boolean => isSupervisor(me) || isWall(me)
