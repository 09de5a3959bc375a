// The formula of the service level that the viewer has chosen, wherever one is shown; kept in the browser.

import { ref, watch } from "vue"

import { FORMULAS, type Formula } from "./messages.ts"

const KEY = "callfloor.formula"
const kept = localStorage.getItem(KEY)

export const formula = ref<Formula>(FORMULAS.find((one) => one === kept) ?? "over_offered")

watch(formula, (now) => localStorage.setItem(KEY, now))
