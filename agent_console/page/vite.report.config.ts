import { defineConfig } from "vite"

// The charts of the simulator's report: one script that a report carries inside itself, so that it opens from disk.
// It is built after the page, into the same folder, because that is what the wheel holds.
export default defineConfig({
  publicDir: false,
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  build: {
    target: "es2022",
    sourcemap: false,
    emptyOutDir: false,
    lib: { entry: "src/report/main.ts", formats: ["iife"], name: "callfloorReport", fileName: () => "report.js" },
  },
})
