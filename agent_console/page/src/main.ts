import { createApp } from "vue"

import App from "./App.vue"
import { i18n, speak } from "./i18n.ts"
import "./style.css"
import { newRouter } from "./views.ts"

speak(i18n.global.locale.value)
createApp(App).use(i18n).use(newRouter()).mount("#app")
