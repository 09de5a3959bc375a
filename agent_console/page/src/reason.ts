// Reasons come from agents, supervisors and the ACD: those that we know are translated, others shown as they are.

import { useI18n } from "vue-i18n"

export function useReason(): (reason: string) => string {
  const { t, te } = useI18n()
  return (reason) => (te(`reason.${reason}`) ? t(`reason.${reason}`) : reason)
}
