import { createRouter, createWebHashHistory } from 'vue-router';
import HomePage from '../features/library/HomePage.vue';
import MachinePage from './shell/MachinePage.vue';

/** Hash addresses work under `app://` and behind any path of served mode. */
export function createPages() {
  return createRouter({
    history: createWebHashHistory(),
    routes: [
      { path: '/', name: 'home', component: HomePage },
      { path: '/machine/:id', name: 'machine', component: MachinePage, props: true },
      { path: '/:rest(.*)*', redirect: '/' },
    ],
  });
}
