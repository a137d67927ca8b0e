/**
 * Opens the built interface in a real browser under the window's own content security policy, on a simulated pool; looks
 * at every screen in every theme and language with axe, does the main job once, and keeps pictures in artefacts/ui.
 * Fails on a finding of axe, on an error of the console, and on anything that the policy refuses.
 *
 *     node scripts/shots.mjs [NAME]    only the scenes whose name holds NAME
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import { chromium } from 'playwright-core';

const ui = fileURLToPath(new URL('..', import.meta.url));
const dist = join(ui, 'dist');
const pictures = join(ui, '..', 'artefacts', 'ui');
const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};
const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];
const WINDOW = { width: 1360, height: 860 };
const STEP_MS = 10_000;

const LISTS = {
  mixed: [
    '203.0.113.7:8080',
    'socks5://198.51.100.4:1080',
    'gateway.example.org:3128 # Frankfurt',
    '203.0.113.7:8080',
    'http://user:secret@proxy.example.com:8888',
    'not a proxy at all',
    '1.2.3.400:80',
    '010.1.2.3:3128',
    '5.6.7.8:99999',
    'intranet:8080',
    'Array',
  ].join('\n'),
};

const EVERY = ['dark', 'light'].flatMap((theme) => ['en', 'zh-TW', 'zh-CN'].map((lang) => ({ theme, lang })));
/** Each theme and each language at least once, for what shows little that the others do not. */
const SOME = [
  { theme: 'dark', lang: 'en' },
  { theme: 'light', lang: 'zh-TW' },
  { theme: 'dark', lang: 'zh-CN' },
];
const REFUSED = { unfinished: 12_000, notice: 'key_in_file', fail: 'checkStart:no_judge' };

function inEach(looks, name, steps, query = {}) {
  return looks.map((look) => ({
    name: `${name}-${look.theme}-${look.lang}`,
    query: { ...look, ...query },
    steps,
  }));
}

/** What is looked at: an address, and what is done there before the picture is taken. */
const scenes = [
  ...inEach(EVERY, 'proxies', checkWithDrawer),
  ...inEach(EVERY, 'settings', wrongSettings),
  ...inEach(EVERY, 'sources', sourcesWithPage),
  ...inEach(SOME, 'sources-collecting', sourcesCollecting, { visits: 6 }),
  ...inEach(SOME, 'source-add', sourceAdd),
  ...inEach(SOME, 'source-how', sourceHow),
  ...inEach(SOME, 'settings-collecting', settingsCollecting),
  ...inEach(SOME, 'import', importPreview),
  ...inEach(SOME, 'table', wideTable),
  ...inEach(SOME, 'drawer-failed', failedDrawer),
  ...inEach(SOME, 'export', exportSheet),
  ...inEach(SOME, 'first', firstStart, { rows: 0 }),
  ...inEach(SOME, 'notices', notices, REFUSED),
  {
    name: 'small-900x600',
    query: { theme: 'dark' },
    size: { width: 900, height: 600 },
    steps: checkWithDrawer,
  },
  {
    name: 'small-table-900x600',
    query: { theme: 'light' },
    size: { width: 900, height: 600 },
    steps: wideTable,
  },
  {
    name: 'scale-200',
    query: { theme: 'light' },
    size: { width: 680, height: 430 },
    scale: 2,
    steps: wideTable,
  },
  {
    name: 'scale-200-import',
    query: { theme: 'dark' },
    size: { width: 680, height: 430 },
    scale: 2,
    steps: importPreview,
  },
  {
    name: 'small-sources-900x600',
    query: { theme: 'dark', visits: 6 },
    size: { width: 900, height: 600 },
    steps: sourcesCollecting,
  },
  {
    name: 'small-source-page-900x600',
    query: { theme: 'light', lang: 'zh-TW' },
    size: { width: 900, height: 600 },
    steps: sourcesWithPage,
  },
  {
    name: 'scale-200-sources',
    query: { theme: 'light' },
    size: { width: 680, height: 430 },
    scale: 2,
    steps: sourcesChosen,
  },
  {
    name: 'scale-200-source-add',
    query: { theme: 'dark' },
    size: { width: 680, height: 430 },
    scale: 2,
    steps: sourceAdd,
  },
  { name: 'many-sources', query: { theme: 'light', sources: 600, visits: 30 }, steps: manySources },
  ...inEach(SOME, 'sources-by-name', sourcesByName),
  { name: 'sources-chosen-light', query: { theme: 'light' }, steps: sourcesChosen },
  { name: 'sources-collected-dark', query: { theme: 'dark', visits: 60 }, steps: sourcesCollected },
  { name: 'source-captcha-light', query: { theme: 'light' }, steps: sourceCaptcha },
  { name: 'source-wrong-dark', query: { theme: 'dark' }, steps: sourceWrong },
  { name: 'find-source-dark', query: { theme: 'dark' }, steps: findSource },
  { name: 'filter-source-light', query: { theme: 'light' }, steps: filterSource },
  { name: 'first-collecting', query: { theme: 'dark', rows: 0, visits: 2 }, steps: firstCollecting },
  { name: 'collect-job', query: { theme: 'light', rows: 0, visits: 30, speed: 4000 }, steps: collectJob },
  { name: 'filters-dark', query: { theme: 'dark' }, steps: filters },
  { name: 'unchecked-light', query: { theme: 'light', unchecked: 1 }, steps: wideTable },
  { name: 'million', query: { theme: 'dark', rows: 1_000_000 }, steps: million },
  { name: 'main-job', query: { theme: 'light', rows: 0, speed: 20 }, steps: mainJob },
];

const id = (page, name) => page.getByTestId(name);

async function tableReady(page) {
  await page.locator('[data-place="0"][data-testid]').waitFor();
}

async function checkWithDrawer(page) {
  await tableReady(page);
  await id(page, 'check-button').click();
  await page.waitForFunction(() => document.querySelector('progress')?.value > 0.02);
  await page.locator('[data-place="1"]').dblclick({ position: { x: 60, y: 16 } });
  await id(page, 'score-parts').waitFor();
}

async function wideTable(page) {
  await tableReady(page);
  await page.locator('[data-place="2"]').click({ position: { x: 60, y: 16 } });
  await page.keyboard.press('Shift+ArrowDown');
}

async function failedDrawer(page) {
  await tableReady(page);
  await id(page, 'search').fill('tls_intercepted');
  await page.waitForFunction(
    () => Number(document.querySelector('[data-testid=count]').dataset.shown) < 10_000,
  );
  await page.locator('[data-place="0"]').click({ position: { x: 60, y: 16 } });
  await page.keyboard.press('Enter');
  await id(page, 'certificate').first().waitFor();
  await id(page, 'failed-stage').first().scrollIntoViewIfNeeded();
}

async function sourcesReady(page) {
  await id(page, 'nav-sources').click();
  await page.locator('[data-testid=sources-table] [data-place="0"]').waitFor();
}

async function sourcesWithPage(page) {
  await sourcesReady(page);
  await page.locator('[data-place="3"]').click({ position: { x: 90, y: 16 } });
  await page.keyboard.press('Enter');
  await id(page, 'yield-chart').waitFor();
}

async function sourcesCollecting(page) {
  await sourcesReady(page);
  await id(page, 'collect').click();
  await page.waitForFunction(() => document.querySelector('progress')?.value > 0.1);
  await page.locator('[data-outcome=visiting]').first().waitFor();
}

async function sourcesCollected(page) {
  await sourcesReady(page);
  await id(page, 'collect').click();
  await id(page, 'toast-warn').waitFor();
  await id(page, 'remedy').click();
  await page.locator('[data-testid=sources-failing][aria-pressed=true]').waitFor();
  await page.locator('[data-place="1"]').click({ position: { x: 90, y: 16 } });
  await page.keyboard.press('Enter');
  await id(page, 'source-drawer').waitFor();
}

async function sourcesChosen(page) {
  await sourcesReady(page);
  await page.locator('[data-place="2"]').click({ position: { x: 90, y: 16 } });
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Space');
  await page.keyboard.press('Control+ArrowDown');
  await page.keyboard.press('Control+ArrowDown');
  await page.keyboard.press('Control+Space');
  await page.keyboard.press('Delete');
  await id(page, 'undo').waitFor();
  await page.locator('[data-place="5"]').click({ position: { x: 90, y: 16 } });
  await page.keyboard.press('Shift+ArrowDown');
}

/** Six hundred sources of which thirty a second are visited: few are in the page, and it scrolls all the while. */
async function manySources(page) {
  await sourcesReady(page);
  await id(page, 'collect').click();
  await page.locator('[data-outcome=visiting]').first().waitFor();
  const slowest = await slowestFrame(id(page, 'sources-table'), 120);
  const drawn = await page.locator('[data-place]').count();
  expect(drawn < 80, `${drawn} rows are in the page`);
  console.log(`  600 sources, visited: ${drawn} drawn, slowest of 120 frames ${slowest.toFixed(0)} ms`);
  await id(page, 'sources-table').focus();
  await page.keyboard.press('End');
  await page.locator('[data-place="599"]').waitFor();
}

/** In compact rows: what comparing told of some, and one that paused by itself. */
async function sourcesByName(page) {
  await sourcesReady(page);
  await page.keyboard.press('Control+k');
  await id(page, 'command-text').press('End');
  await id(page, 'found-command-density').click();
  await id(page, 'sort-name').click();
  await page.locator('[data-testid=source-row-28]').dblclick({ position: { x: 90, y: 12 } });
  await id(page, 'source-paused').waitFor();
}

async function sourceAdd(page) {
  await sourcesReady(page);
  await id(page, 'source-add').click();
  await id(page, 'source-address').fill('https://lists.example.net/zephyr/main/socks5.txt');
  await id(page, 'source-test-result').waitFor();
}

async function sourceHow(page) {
  await sourcesReady(page);
  await id(page, 'source-add').click();
  await id(page, 'source-address').fill('https://api.example.net/proxies.json');
  await id(page, 'source-test-result').waitFor();
  await id(page, 'source-how').click();
  await id(page, 'source-json_path').fill('data[*]');
  await id(page, 'source-interval').fill('1');
  await page.getByRole('alert').first().waitFor();
  await id(page, 'source-format').selectOption('json');
}

async function sourceCaptcha(page) {
  await sourcesReady(page);
  await id(page, 'source-add').click();
  await id(page, 'source-address').fill('https://www.example.com/captcha');
  await id(page, 'source-test-trouble').waitFor();
}

async function sourceWrong(page) {
  await sourcesReady(page);
  await id(page, 'source-add').click();
  await id(page, 'source-address').fill('example.com/list.txt');
  await id(page, 'source-address').press('Enter');
  await page.getByRole('alert').waitFor();
}

async function findSource(page) {
  await tableReady(page);
  await page.keyboard.press('Control+k');
  await id(page, 'command-text').fill('alder');
  await page.locator('[data-testid^=found-source]').first().waitFor();
}

async function filterSource(page) {
  await tableReady(page);
  await id(page, 'chip-source').click();
  await id(page, 'chip-source-find').fill('socks5');
  await page.locator('[data-testid^="chip-source-"][type=checkbox]').first().check();
  await page.waitForFunction(
    () => Number(document.querySelector('[data-testid=count]').dataset.shown) < 10_000,
  );
}

async function settingsCollecting(page) {
  await id(page, 'nav-settings').click();
  await id(page, 'through-own').check();
  await id(page, 'setting-through').fill('localhost');
  await id(page, 'setting-through').scrollIntoViewIfNeeded();
}

async function firstCollecting(page) {
  await id(page, 'first-collect').click();
  await id(page, 'first-collecting').waitFor();
}

/** From nothing: collect, see the table fill, have it checked by itself, and see what each source was worth. */
async function collectJob(page) {
  await id(page, 'first-collect').click();
  await tableReady(page);
  await page.locator('[data-testid=toast-warn], [data-testid=toast-good]').first().waitFor();
  await id(page, 'stop-button').waitFor();
  const working = () => Number(document.querySelector('[data-testid=working]').dataset.working) > 100;
  await page.waitForFunction(working);
  await id(page, 'nav-sources').click();
  await page.locator('[data-place="0"]').dblclick({ position: { x: 90, y: 16 } });
  await id(page, 'source-proxies').click();
  await tableReady(page);
  expect((await id(page, 'chip-source-clear').count()) === 1, 'the table shows the proxies of that source');
}

async function importPreview(page) {
  await tableReady(page);
  await id(page, 'import-button').click();
  await id(page, 'import-paste').click();
  await id(page, 'import-text').fill(LISTS.mixed);
  await id(page, 'import-read').click();
  await id(page, 'import-accepted').waitFor();
}

async function exportSheet(page) {
  await tableReady(page);
  await id(page, 'export-button').click();
  await id(page, 'export-count').waitFor();
  await id(page, 'export-secrets').check();
}

async function wrongSettings(page) {
  await id(page, 'nav-settings').click();
  await id(page, 'setting-timeout').fill('90');
  await id(page, 'judge-add').click();
  await id(page, 'judge-2').fill('ftp://judge');
  await id(page, 'setting-concurrency').fill('256');
  await id(page, 'setting-concurrency').blur();
}

async function firstStart(page) {
  await id(page, 'first-start').waitFor();
}

async function notices(page) {
  await tableReady(page);
  await id(page, 'check-button').click();
  await id(page, 'toast-bad').locator('summary').click();
}

async function filters(page) {
  await tableReady(page);
  await id(page, 'chip-latency').click();
  await id(page, 'chip-latency-1000').check();
  await page.keyboard.press('Escape');
  await id(page, 'chip-status').click();
  await id(page, 'chip-status-active').check();
  await id(page, 'chip-status-failed').check();
}

/** Scrolls, and answers how long the slowest of 120 frames took. */
function slowestFrame(grid, pixels) {
  return grid.evaluate(async (element, step) => {
    let worst = 0;
    let before = performance.now();
    for (let frame = 0; frame < 120; frame++) {
      element.scrollTop += step;
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      worst = Math.max(worst, now - before);
      before = now;
    }
    return worst;
  }, pixels);
}

/** A million rows: few of them are there, any place is reached, and none is ever blank for long. */
async function million(page) {
  await tableReady(page);
  const grid = id(page, 'table');
  await grid.focus();
  await page.keyboard.press('End');
  await page.locator('[data-place="999999"][data-testid]').waitFor();
  await page.keyboard.press('Home');
  await page.locator('[data-place="0"][data-testid]').waitFor();
  const slowest = await slowestFrame(grid, 640);
  const drawn = await page.locator('[data-place]').count();
  expect(drawn < 80, `${drawn} rows are in the page`);
  console.log(`  a million rows: ${drawn} drawn, slowest of 120 frames ${slowest.toFixed(0)} ms`);
  await grid.evaluate((element) => element.scrollTo(0, element.scrollHeight / 2));
  await page.waitForFunction(() => document.querySelectorAll('[data-place][aria-busy=true]').length === 0);
}

/** A list in, a check, the working ones, one of them in full, and out again. */
async function mainJob(page) {
  await id(page, 'first-paste').click();
  await id(page, 'import-text').fill(
    Array.from({ length: 30 }, (_, at) => `203.0.113.${at + 1}:8080`)
      .concat('nonsense', '203.0.113.1:8080')
      .join('\n'),
  );
  await id(page, 'import-read').click();
  expect((await id(page, 'import-accepted').textContent()) === '30', 'thirty are accepted');
  expect((await id(page, 'import-duplicates').textContent()) === '1', 'one stood twice');
  expect((await id(page, 'import-refused').textContent()) === '1', 'one line is refused');
  await id(page, 'import-commit').click();
  await tableReady(page);
  await id(page, 'check-button').click();
  await id(page, 'stop-button').waitFor();
  await id(page, 'check-button').waitFor();
  const working = await id(page, 'working').getAttribute('data-working');
  expect(Number(working) > 0, 'some were found working');
  await id(page, 'new-order').click();
  await id(page, 'chip-status').click();
  await id(page, 'chip-status-active').check();
  await page.waitForFunction(
    (shown) => document.querySelector('[data-testid=count]').dataset.shown === shown,
    working,
  );
  await page.keyboard.press('Escape');
  await id(page, 'sort-latency').click();
  await page.locator('[role=columnheader][aria-sort=ascending]').waitFor();
  await page.locator('[data-place="0"]').click({ position: { x: 60, y: 16 } });
  await page.keyboard.press('Enter');
  await id(page, 'score-parts').waitFor();
  await page.keyboard.press('Escape');
  await id(page, 'drawer').waitFor({ state: 'detached' });
  await id(page, 'export-button').click();
  const download = page.waitForEvent('download');
  await id(page, 'export-save').click();
  const lines = (await readFile(await (await download).path(), 'utf8')).trim().split('\n');
  expect(lines.length === Number(working) + 1, `${lines.length} lines are a head and ${working} proxies`);
}

function expect(holds, what) {
  if (!holds) throw new Error(`expected: ${what}`);
}

async function serve() {
  const { app } = JSON.parse(await readFile(join(ui, '..', 'tauri.conf.json'), 'utf8'));
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url, 'http://localhost').pathname);
    const file = join(dist, path === '/' ? 'index.html' : path);
    readFile(file).then(
      (content) => {
        response.writeHead(200, {
          'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
          'content-security-policy': app.security.csp,
        });
        response.end(content);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

async function look(browser, origin, { name, query, size = WINDOW, scale = 1, steps }) {
  const context = await browser.newContext({
    viewport: size,
    deviceScaleFactor: scale,
    locale: 'en-GB',
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(STEP_MS);
  const findings = [];
  try {
    const page = await context.newPage();
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) findings.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => findings.push(`page: ${error.stack ?? error.message}`));
    // The desktop application freezes it too, so that no script can change what all objects share.
    await page.addInitScript(() => Object.freeze(Object.prototype));
    await page.goto(`${origin}/?${new URLSearchParams({ host: 'fake', ...query })}`);
    await steps(page);
    await page.evaluate(() => document.fonts.ready);
    await page.screenshot({ path: join(pictures, `${name}.png`) });
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() =>
      globalThis.axe.run(document, { resultTypes: ['violations'] }),
    );
    for (const { id: rule, help, nodes } of violations) {
      findings.push(`axe ${rule}: ${help}`);
      for (const node of nodes.slice(0, 4))
        findings.push(`    ${node.html.slice(0, 160)}\n    ${node.failureSummary.replaceAll('\n', ' ')}`);
    }
  } catch (error) {
    findings.push(String(error.message));
    await context.pages()[0]?.screenshot({ path: join(pictures, `${name}-broken.png`) });
  } finally {
    await context.close();
  }
  return findings;
}

const executablePath = process.env.CHROMIUM ?? BROWSERS.find((path) => existsSync(path));
if (!executablePath) {
  console.error('No Chromium was found: install it, or name it in CHROMIUM.');
  process.exit(1);
}
if (!existsSync(join(dist, 'index.html'))) {
  console.error('ui/dist is not there: run npm run build first.');
  process.exit(1);
}
await mkdir(pictures, { recursive: true });
const wanted = scenes.filter(({ name }) => name.includes(process.argv[2] ?? ''));
const server = await serve();
const browser = await chromium.launch({ executablePath, args: FLAGS });
let failed = 0;
try {
  const queue = [...wanted];
  // Two at a time: more only wait for each other on a small machine.
  const work = async () => {
    for (let scene = queue.shift(); scene; scene = queue.shift()) {
      const findings = await look(browser, server.origin, scene);
      if (findings.length > 0) failed++;
      console.log(`${findings.length > 0 ? 'FAILED' : 'ok    '} ${scene.name}`);
      for (const finding of findings) console.log(`  ${finding}`);
    }
  };
  await Promise.all([work(), work()]);
} finally {
  await browser.close();
  server.close();
}
console.log(
  `${wanted.length - failed} of ${wanted.length} scenes are as they should be; pictures are in artefacts/ui.`,
);
process.exitCode = failed > 0 ? 1 : 0;
