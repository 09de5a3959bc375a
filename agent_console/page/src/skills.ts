// Skills and their levels as a person writes them.

export function writeSkills(skills: Record<string, number>): string {
  return Object.entries(skills)
    .map(([skill, level]) => `${skill} ${level}`)
    .join(", ")
}

// null: not readable. A skill without a level has 1.
export function readSkills(text: string): Record<string, number> | null {
  const found: Record<string, number> = {}
  for (const part of text.split(/[,;，；、]/).map((one) => one.trim()).filter(Boolean)) {
    const match = /^([^\s=:]+)(?:\s*[ =:]\s*(\d{1,4}))?$/.exec(part)
    const level = Number(match?.[2] ?? 1)
    if (!match?.[1] || level < 1 || level > 1000) return null
    found[match[1]] = level
  }
  return found
}
