// Two languages from the start. The person's choice is kept in the browser; before that, the browser's own is taken.

import { createI18n } from "vue-i18n"

import { en } from "./words/en.ts"
import { zhCN } from "./words/zh-CN.ts"

export type Language = "en" | "zh-CN"

const KEY = "callfloor.language"

function preferred(): Language {
  const chosen = localStorage.getItem(KEY)
  if (chosen === "en" || chosen === "zh-CN") return chosen
  return navigator.language.startsWith("zh") ? "zh-CN" : "en"
}

export const i18n = createI18n({ legacy: false, locale: preferred(), fallbackLocale: "en", messages: { en, "zh-CN": zhCN } })

export function speak(language: Language): void {
  i18n.global.locale.value = language
  document.documentElement.lang = language
  localStorage.setItem(KEY, language)
}

export function otherLanguage(): Language {
  return i18n.global.locale.value === "en" ? "zh-CN" : "en"
}
