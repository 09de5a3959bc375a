// A share as people read it.

import { useI18n } from "vue-i18n"

export function usePercent(): (share: number | null | undefined) => string {
  const { n } = useI18n()
  return (share) => (share == null ? "–" : n(share, { style: "percent", maximumFractionDigits: 0 }))
}
