// The colours are those of the report's style sheet, as the browser resolves them now: light, dark or print.

export interface Palette {
  text: string
  soft: string
  line: string
  surface: string
  sides: [string, string]
  answered: string
  abandoned: string
  states: Record<string, string>
}

export function palette(): Palette {
  const probe = document.createElement("span")
  document.body.append(probe)
  const colour = (name: string): string => {
    probe.style.color = `var(--${name})`
    return getComputedStyle(probe).color
  }
  const found: Palette = {
    text: colour("text"),
    soft: colour("soft"),
    line: colour("line"),
    surface: colour("surface"),
    sides: [colour("accent"), colour("other")],
    answered: colour("accent"),
    abandoned: colour("bad"),
    states: {
      free: colour("free"),
      offered: colour("offered"),
      reserved: colour("offered"),
      connected: colour("accent"),
      "wrap-up": colour("wrap-up"),
      resting: colour("line"),
      unreachable: colour("bad"),
      "not ready": colour("not-ready"),
    },
  }
  probe.remove()
  return found
}
