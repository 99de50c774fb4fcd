// Somebody's way through the pages in a real browser: each step says what it did, and what it saw there that it should not have.
// What is pressed and read is named by the keys of the pages' own texts, so that a step is the same one in either language.
// Usage: node drive.mjs BASE; prints a line a step and ends with 1 where anything was wrong.

import { createRequire } from 'node:module';
import fs from 'node:fs';
import net from 'node:net';

const require = createRequire(`${process.env.BROWSER_MODULES}/`);
const { chromium } = require('playwright-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const base = process.argv[2];
const wrong = [];
// Longer than anything here takes on a machine that does much else: whoever waits so long waits in vain.
const PATIENCE = 180_000;
const LANGUAGES = ['en', 'zh'];
const words = Object.fromEntries(LANGUAGES.map(language => {
  const files = ['', 'enter.', 'operator.'].map(part => fs.readFileSync(`${process.env.WORDS}/${part}${language}.txt`, 'utf8'));
  const lines = files.join('\n').split('\n').filter(line => !line.startsWith('#') && line.includes(' = '));
  return [language, Object.fromEntries(lines.map(line => [line.slice(0, line.indexOf(' = ')), line.slice(line.indexOf(' = ') + 3)]))];
}));

// What a text is in a language, its places filled; one that is not there is a mistake of this script.
const speaks = language => (key, places = {}) => {
  const text = words[language][key];
  if (text === undefined) throw new Error(`no text ${key} in ${language}`);
  return text.replace(/\{(\w+)\}/g, (whole, name) => places[name] ?? whole);
};

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });

async function visitor({ language = 'en', width = 1440, scheme = 'light', script = true } = {}) {
  const context = await browser.newContext({
    viewport: { width, height: 900 }, colorScheme: scheme, locale: language, acceptDownloads: true,
    javaScriptEnabled: script, bypassCSP: script,
  });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.on('pageerror', error => wrong.push(`${page.url()}: ${error}`));
  page.on('response', response => {
    if (response.status() >= 500) wrong.push(`${response.status()} ${response.url()}`);
  });
  return page;
}

let last = Date.now();

// What took long is told with how long.
function check(what, holds) {
  const now = Date.now();
  const seconds = (now - last) / 1000;
  last = now;
  console.log(`${holds ? 'ok' : 'WRONG'}  ${what}${seconds < 3 ? '' : `, after ${seconds.toFixed(1)} s`}`);
  if (!holds) wrong.push(what);
}

const heading = page => page.locator('h1').innerText();
const go = async (page, path) => page.goto(base + path);

// The customers of a cloud, as its own people see them.
async function customers(cloud) {
  const page = await visitor();
  await go(page, `/clouds/${cloud}/accounts`);
  const links = await page.locator('tbody th a').evaluateAll(all => all.map(a => a.getAttribute('href')));
  await page.context().close();
  return [...new Set(links.map(link => `/c/${cloud}/${link.split('/accounts/')[1]}`))];
}

// The customer who comes `after` so many others of whom the same is true.
async function first(cloud, path, holds, after = 0) {
  const page = await visitor();
  for (const customer of await customers(cloud)) {
    await go(page, customer + path);
    if (await holds(page) && after-- === 0) { await page.context().close(); return customer; }
  }
  throw new Error(`no customer of ${cloud} fits`);
}

// Every page, in either language, light and dark, wide and narrow, four browsers at once: nothing sticks out, nothing that axe finds.
async function look(customer, pages) {
  await Promise.all([['en', 'light', 1440], ['zh-CN', 'dark', 390], ['en', 'dark', 360], ['zh-CN', 'light', 1440]].map(async ([language, scheme, width]) => {
    const page = await visitor({ language, scheme, width });
    for (const path of pages) {
      const response = await go(page, path.startsWith('/') && !path.startsWith('//') ? path : customer + path);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      await page.evaluate(axe);
      const found = await page.evaluate(async () => (await window.axe.run()).violations.map(v => `${v.id} at ${v.nodes[0].target}`));
      const what = `${response.status()} ${path} ${language} ${scheme} ${width}`;
      check(`${what}${over > 0 ? ` sticks out by ${over}` : ''}${found.length ? ` axe: ${found.join('; ')}` : ''}`,
        response.status() === 200 && over <= 0 && found.length === 0);
    }
    await page.context().close();
  }));
}

const runs = page => page.locator('td .good').count();
const customer = await first('elestio', '/resources', runs);
const own = ['', '/costs', '/costs?by=resource&period=days', '/resources', '/bills', '/balance', '/balance/top-up', '/payment', '/credits', '/orders', '/settings'];
await look(customer, [...own.map(rest => customer + rest), '/elestio/prices', '/elestio/calculator', '/elestio/prices/service', '/elestio/billing']);

// The README's pictures, where somebody asks for them: PICTURES=docs/pictures cargo test -p farthing --test browser.
if (process.env.PICTURES) {
  const page = await visitor({ width: 1120 });
  for (const [path, name] of [['', 'overview'], ['/costs?period=days', 'costs']]) {
    await go(page, customer + path);
    await page.screenshot({ path: `${process.env.PICTURES}/${name}.png`, clip: { x: 0, y: 0, width: 1120, height: 760 } });
  }
  await page.context().close();
}

for (const language of LANGUAGES) {
  const say = speaks(language);

  // Why a charge is there, from the overview on, and the costs to take along.
  {
    const page = await visitor({ language });
    await go(page, customer);
    const shown = (await page.locator('.figures dd').allInnerTexts()).join(' ');
    await page.getByRole('link', { name: say('month.see_costs') }).click();
    const month = (await heading(page)).match(/\d[\d,]*\.\d\d/)[0];
    check(`the month's costs, ${month}, stand on the overview too`, shown.includes(month));
    await page.getByRole('link', { name: say('period.last') }).click();
    await page.getByRole('navigation', { name: say('costs.group') }).getByRole('link', { name: say('by.resource') }).click();
    await page.locator('tbody th a').first().click();
    check('a filter is a chip that can be taken away', await page.locator('.chips a').count() === 1);
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: say('action.csv') }).click()]);
    check('costs are exported', fs.readFileSync(await file.path(), 'utf8').includes('currency,list,net,'));
    await page.locator('#charges tbody a').first().click();
    check('a charge says why', (await page.locator('main').innerText()).includes(say('why.arithmetic')));
    await page.context().close();
  }

  // Topping up by a code that is scanned, without script.
  {
    const payer = await first('bohrium', '/resources', runs);
    const page = await visitor({ language, script: false });
    await go(page, `${payer}/balance`);
    const cash = async () => Number((await page.locator('.figures dd').first().innerText()).replace(/[^0-9.]/g, ''));
    const before = await cash();
    await page.locator('main').getByRole('link', { name: say('action.top_up'), exact: true }).first().click();
    await page.getByLabel(say('top_up.amount')).fill('200.00');
    await page.getByLabel(say('top_up.channel.alipay')).check();
    await page.getByRole('button', { name: say('top_up.next') }).click();
    check('what will happen is said first', (await page.locator('.effect').innerText()).includes('¥200.00'));
    await page.getByRole('button', { name: say('top_up.button', { amount: '' }).trim() }).click();
    check('there is a code to scan', await page.locator('svg.qr').count() === 1);
    await page.getByRole('button', { name: say('payment.pretend') }).click();
    check('it is on the balance', (await page.locator('.done').innerText()).includes(say('done.paid')) && await cash() > before + 100);
    await page.context().close();
  }

  // The refill, switched and read back; a code that is none.
  {
    const page = await visitor({ language });
    await go(page, `${customer}/payment`);
    const box = page.getByLabel(say('refill.on'));
    const was = await box.isChecked();
    await box.setChecked(!was);
    await page.locator('#refill').getByRole('button', { name: say('refill.save') }).click();
    check('the refill is switched', await page.getByLabel(say('refill.on')).isChecked() === !was);
    await go(page, `${customer}/credits`);
    await page.getByLabel(say('coupon.code')).fill('NO-SUCH-CODE');
    await page.getByRole('button', { name: say('coupon.button') }).click();
    check('a wrong code is told beside its field', await page.locator('.error').count() === 1 && await page.getByLabel(say('coupon.code')).inputValue() === 'NO-SUCH-CODE');
    await page.context().close();
  }

  // A bill: its paper, its PDF, an objection; each by another customer.
  {
    const billed = await first('aicloud', '/bills?kind=bill', page => page.locator('tbody th a').count(), LANGUAGES.indexOf(language));
    const page = await visitor({ language });
    await go(page, `${billed}/bills?kind=bill`);
    await page.locator('tbody th a').first().click();
    check('a bill looks like its paper', await page.locator('.paper').count() === 1);
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'PDF' }).click()]);
    check('its PDF is one', fs.readFileSync(await file.path()).subarray(0, 5).toString() === '%PDF-');
    await page.getByLabel(say('dispute.reason')).fill('The second line is not ours.');
    await page.getByRole('button', { name: say('dispute.button') }).click();
    check('an objection is raised', (await page.locator('main').innerText()).includes(say('dispute.states.open')));
    await look(billed, [new URL(page.url()).pathname]);
    await page.context().close();
  }
}

// What operators do in a day, each language in a cloud of its own; without script in one of them.
for (const [language, cloud] of [['en', 'aicloud'], ['zh', 'bohrium']]) {
  const say = speaks(language);
  const at = `/clouds/${cloud}`;
  const page = await visitor({ language, script: language === 'en' });
  const done = key => page.locator('.done').innerText().then(text => text.includes(say(key)));
  const noted = async text => (await go(page, `${at}/audit?q=${encodeURIComponent(text)}`), await page.locator('tbody tr:not(.empty)').count()) > 0;
  await go(page, at);
  check(`today begins with a sentence: ${await heading(page)}`, /[.。]$/.test(await heading(page)));

  // A transfer that nobody knows, from the queue to somebody's balance.
  await go(page, `${at}/accounts`);
  const account = (await page.locator('tbody th a').first().innerText()).trim();
  await go(page, `${at}/queues`);
  await page.locator('#bank tbody a').first().click();
  const movement = page.url();
  await page.getByLabel(say('bank.to_other')).check();
  await page.getByLabel(say('bank.other_account'), { exact: true }).fill('nobody-has-this-name');
  await page.getByLabel(say('ops.reason'), { exact: true }).fill('they called and said so');
  await page.getByRole('button', { name: say('queues.decide') }).click();
  check('an account that is not there is told beside its field', (await page.locator('.error').innerText()).includes('nobody-has-this-name'));
  await page.getByLabel(say('bank.other_account'), { exact: true }).fill(account);
  await page.getByLabel(say('ops.reason'), { exact: true }).fill('they called and said so');
  await page.getByRole('button', { name: say('queues.decide') }).click();
  check('a transfer is matched', await done('ops.done.movement') && (await page.locator('main').innerText()).includes(account));
  await go(page, `${at}/accounts?q=${new URL(movement).pathname.split('/').pop()}`);
  check('the account is found by it', await page.locator(`tbody th a[href$="/accounts/${account}"]`).count() === 1);

  // A refund that a customer asked for.
  await go(page, `${at}/queues`);
  const asked = await page.locator('#refunds tbody tr:not(.empty)').count();
  await page.locator('#refunds tbody a').first().click();
  await page.getByLabel(say('queues.approve')).check();
  await page.getByLabel(say('ops.reason'), { exact: true }).fill('it was never used');
  await page.getByRole('button', { name: say('queues.decide') }).click();
  check('a refund is approved', await done('ops.done.approved'));
  await go(page, `${at}/queues`);
  check('it waits no longer', await page.locator('#refunds tbody tr:not(.empty)').count() === asked - 1);

  // A price, doubled: a mistake is shown where it is, then the difference, then it is applied.
  await go(page, `${at}/policy`);
  await page.getByRole('link', { name: say('policy.change') }).click();
  const catalog = page.locator('textarea[name=catalog_toml]');
  const before = await catalog.inputValue();
  const [, price] = before.match(/price = "([0-9.]+) \/ hour"/);
  await catalog.fill(before.replace(`"${price} / hour"`, `"${price} / huor"`));
  await page.getByRole('button', { name: say('policy.plan') }).click();
  const mistake = await page.locator('pre').first().innerText();
  check('a mistake has its line and a caret', /catalog\.toml:\d+/.test(mistake) && mistake.includes('^'));
  await catalog.fill(before.replace(`"${price} / hour"`, `"${price * 2} / hour"`));
  await page.getByRole('button', { name: say('policy.plan') }).click();
  check('the difference is shown first', (await page.locator('#changes').innerText()).includes('100.0%'));
  check('and whom it costs more', await page.locator('#effect table').count() > 0);
  check('nothing is applied yet', await page.locator('.done').count() === 0);
  await page.getByLabel(say('ops.reason'), { exact: true }).fill('power costs more');
  await page.getByLabel(say('ops.type_name', { name: cloud })).fill(cloud);
  await page.getByRole('button', { name: say('policy.apply'), exact: true }).click();
  check('the price is applied', await done('ops.done.applied') && new URL(page.url()).pathname.endsWith('/policy/versions/2'));
  check('and stands in the audit log with why', await noted('power costs more'));

  // An account that nothing is to be deleted of.
  await go(page, `${at}/accounts/${account}/actions`);
  await page.locator('#keep').getByLabel(say('ops.reason'), { exact: true }).fill('their lawyer wrote to us');
  await page.getByRole('button', { name: say('actions.keep', { name: account }) }).click();
  check('an account is kept', await done('ops.done.kept'));
  check('it says so on its page', (await (await go(page, `${at}/accounts/${account}`), page.locator('main').innerText())).includes('their lawyer wrote to us'));
  check('and in the audit log', await noted('their lawyer wrote to us'));

  const entry = (await page.locator('tbody a').first().getAttribute('href'));
  await look(at, [...['', '/accounts', '/accounts?standing=arrears', `/accounts/${account}`, `/accounts/${account}/actions`, `/accounts/${account}/ledger`, `/accounts/${account}/costs`,
    '/queues', new URL(movement).pathname.slice(at.length), '/policy', '/policy/change', '/policy/versions/2', '/money', '/deliveries', '/health', '/audit', '/audit?chain=read']
    .map(rest => at + rest), entry, '/', '/about']);
  await page.context().close();
}

await browser.close();

// What Lighthouse says of the pages that are opened most. How fast they are is told and not asked for: it depends on what else the machine
// does. LIGHTHOUSE_RUNS=3 looks so often and tells the middle one.
{
  const { default: lighthouse } = await import(require.resolve('lighthouse'));
  const port = await new Promise(free => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => free(port));
    });
  });
  const chrome = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage', `--remote-debugging-port=${port}`] });
  const asked = ['accessibility', 'best-practices'];
  // The whole report of one visit; where Lighthouse itself breaks down, of another.
  const report = async path => {
    for (let turn = 1; ; turn++) {
      const { lhr } = await lighthouse(base + customer + path, { port, logLevel: 'error', maxWaitForFcp: PATIENCE, maxWaitForLoad: PATIENCE, onlyCategories: ['performance', ...asked] });
      const broken = lhr.runtimeError ?? Object.values(lhr.audits).find(audit => audit.scoreDisplayMode === 'error');
      if (!broken) return lhr;
      console.log(`    lighthouse ${path || '/'} broke down: ${broken.id ?? broken.code}: ${broken.errorMessage ?? broken.message}`);
      if (turn === 3) throw new Error('Lighthouse breaks down each time');
    }
  };
  for (const path of ['', '/costs']) {
    const speeds = [];
    for (let run = 0; run < Number(process.env.LIGHTHOUSE_RUNS ?? 1); run++) {
      const lhr = await report(path);
      const percent = category => Math.round(lhr.categories[category].score * 100);
      const lacks = category => lhr.categories[category].auditRefs.filter(({ id, weight }) => weight && lhr.audits[id].score !== null && lhr.audits[id].score < 1).map(({ id }) => id);
      for (const category of asked) check(`lighthouse ${path || '/'}: ${category} ${percent(category)} ${lacks(category).join(' ')}`.trim(), percent(category) >= 95);
      speeds.push(percent('performance'));
    }
    speeds.sort((a, b) => a - b);
    console.log(`    lighthouse ${path || '/'}: performance ${speeds[Math.floor(speeds.length / 2)]}`);
  }
  await chrome.close();
}

if (wrong.length) {
  console.log(`\n${wrong.length} wrong:\n${wrong.join('\n')}`);
  process.exit(1);
}
