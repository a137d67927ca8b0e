/** Where the interface begins: finds its host and shows itself. */
import './app.css';
import './fonts.css';
import { mount } from 'svelte';
import Root from './components/App.svelte';
import { connect } from './host';
import { App } from './state/app.svelte';

const target = document.getElementById('app');
if (target) {
  const app = new App(await connect());
  mount(Root, { target, props: { app } });
  const end = await app.start();
  window.addEventListener('pagehide', end, { once: true });
}
