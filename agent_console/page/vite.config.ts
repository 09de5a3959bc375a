import vue from "@vitejs/plugin-vue"
import { defineConfig } from "vite"

// `npm run dev` serves the page with hot reload and passes the rest on to a running `callfloor serve`.
const server = "http://127.0.0.1:8080"

export default defineConfig({
  plugins: [vue()],
  define: { __VUE_I18N_LEGACY_API__: false, __VUE_I18N_FULL_INSTALL__: false },
  build: { target: "es2022", sourcemap: false },
  server: { proxy: { "/api": server, "/ws": { target: server, ws: true } } },
})
