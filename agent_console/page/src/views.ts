// Every view there is: its path, and who has it. The first that a person has is where they begin.

import type { Component, InjectionKey } from "vue"
import { createRouter, createWebHashHistory, type RouteRecordRaw } from "vue-router"

import type { Me } from "./messages.ts"
import { isAdmin, isPerson, isSupervisor, seesQueues } from "./roles.ts"
import AccountView from "./views/AccountView.vue"
import AgentView from "./views/AgentView.vue"
import CallView from "./views/CallView.vue"
import CallsView from "./views/CallsView.vue"

// Loaded when they are shown: no agent's browser needs them.
const AdminView = () => import("./views/AdminView.vue")
const DaysView = () => import("./views/DaysView.vue")
const FloorView = () => import("./views/FloorView.vue")
const WallView = () => import("./views/WallView.vue")

// Signs out, for a view that has no frame around it.
export const LEAVE: InjectionKey<() => Promise<void>> = Symbol("leave")

// `within`: not in the navigation, but reached from that view.
export interface View {
  name: string
  path: string
  component: Component | (() => Promise<Component>)
  isFor: (me: Me) => boolean
  within?: string
}

export const VIEWS = [
  { name: "agent", path: "/agent", component: AgentView, isFor: (me: Me) => me.agent !== null },
  { name: "floor", path: "/floor", component: FloorView, isFor: isSupervisor },
  { name: "wall", path: "/wall", component: WallView, isFor: seesQueues },
  { name: "days", path: "/days/:date?", component: DaysView, isFor: isSupervisor },
  { name: "calls", path: "/calls", component: CallsView, isFor: isPerson },
  { name: "admin", path: "/admin", component: AdminView, isFor: isAdmin },
  { name: "call", path: "/calls/:call", component: CallView, isFor: isPerson, within: "calls" },
  // Reached by the viewer's own name.
  { name: "account", path: "/account", component: AccountView, isFor: isPerson, within: "account" },
] as const satisfies View[]

export function newRouter() {
  const routes: RouteRecordRaw[] = VIEWS.map(({ name, path, component }) => ({ name, path, component }))
  const nowhere = { path: "/:path(.*)*", name: "nowhere", component: { render: () => null } }
  return createRouter({ history: createWebHashHistory(), routes: [...routes, nowhere] })
}
