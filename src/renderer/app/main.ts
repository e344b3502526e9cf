import './zod-without-eval.js';
import './styles/metrics.css';
import './styles/base.css';
import './styles/controls.css';
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import { clientKey } from '../client/client-context.js';
import { connect } from '../client/connect.js';
import { useHostStore } from '../stores/host.js';
import { useLibraryStore } from '../stores/library.js';
import { useSettingsStore } from '../stores/settings.js';
import App from './App.vue';
import { createMessages } from './i18n/i18n.js';
import { pickLocale } from './i18n/locales.js';
import { createPages } from './router.js';
import { showStartFailure } from './start-failure.js';

async function start(): Promise<void> {
  const i18n = createMessages(pickLocale(navigator.languages));
  const client = await connect();
  const app = createApp(App).provide(clientKey, client).use(createPinia()).use(i18n).use(createPages());
  const [settings, library, host] = app.runWithContext(() => [useSettingsStore(), useLibraryStore(), useHostStore()]);
  await settings.load();
  await Promise.all([library.load(), host.refresh()]);
  app.mount('#app');
}

start().catch((cause: unknown) => showStartFailure(cause));
