// Somebody's way through the pages in a real browser: each step says what it did, and what it saw there that it should not have.
// Usage: node drive.mjs BASE; prints a line a step and ends with 1 where anything was wrong.

import { createRequire } from 'node:module';
import fs from 'node:fs';

const require = createRequire(`${process.env.BROWSER_MODULES}/`);
const { chromium } = require('playwright-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const base = process.argv[2];
const wrong = [];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });

async function visitor({ language = 'en', width = 1440, scheme = 'light', script = true } = {}) {
  const context = await browser.newContext({
    viewport: { width, height: 900 }, colorScheme: scheme, locale: language, acceptDownloads: true,
    javaScriptEnabled: script, bypassCSP: script,
  });
  const page = await context.newPage();
  page.on('pageerror', error => wrong.push(`${page.url()}: ${error}`));
  page.on('response', response => {
    if (response.status() >= 500) wrong.push(`${response.status()} ${response.url()}`);
  });
  return page;
}

function check(what, holds) {
  console.log(`${holds ? 'ok' : 'WRONG'}  ${what}`);
  if (!holds) wrong.push(what);
}

const heading = page => page.locator('h1').innerText();
const go = async (page, path) => page.goto(base + path);

// The customers of a cloud, as its own people see them.
async function customers(cloud) {
  const page = await visitor();
  await go(page, `/clouds/${cloud}`);
  const links = await page.locator('tbody a').evaluateAll(all => all.map(a => a.getAttribute('href')));
  await page.context().close();
  return [...new Set(links.filter(link => link.includes('/customers/')).map(link => `/c/${cloud}/${link.split('/customers/')[1]}`))];
}

async function first(cloud, path, holds) {
  const page = await visitor();
  for (const customer of await customers(cloud)) {
    await go(page, customer + path);
    if (await holds(page)) { await page.context().close(); return customer; }
  }
  throw new Error(`no customer of ${cloud} fits`);
}

// Every page: nothing sticks out, nothing that axe finds.
async function look(customer, pages) {
  for (const [language, scheme, width] of [['en', 'light', 1440], ['zh-CN', 'dark', 390], ['en', 'dark', 360], ['zh-CN', 'light', 1440]]) {
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
  }
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

// Why a charge is there, from the overview on, and the costs to take along.
{
  const page = await visitor();
  await go(page, customer);
  const shown = (await page.locator('.figures dd').allInnerTexts()).join(' ');
  await page.getByRole('link', { name: 'Where it goes' }).click();
  const month = (await heading(page)).split(' ')[0];
  check(`the month's costs, ${month}, stand on the overview too`, shown.includes(month));
  await page.getByRole('link', { name: 'Last month' }).click();
  await page.getByRole('navigation', { name: 'Grouped by' }).getByRole('link', { name: 'Resource' }).click();
  await page.locator('tbody th a').first().click();
  check('a filter is a chip that can be taken away', await page.locator('.chips a').count() === 1);
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'As CSV' }).click()]);
  check('costs are exported', fs.readFileSync(await file.path(), 'utf8').includes('currency,list,net,'));
  await page.locator('#charges tbody a').first().click();
  check('a charge says why', (await page.locator('main').innerText()).includes('The arithmetic'));
  await page.context().close();
}

// Topping up by a code that is scanned, without script; in Chinese.
{
  const payer = await first('bohrium', '/resources', runs);
  const page = await visitor({ language: 'zh-CN', script: false });
  await go(page, `${payer}/balance`);
  const cash = async () => Number((await page.locator('.figures dd').first().innerText()).replace(/[^0-9.]/g, ''));
  const before = await cash();
  await page.getByRole('link', { name: '充值' }).click();
  await page.getByLabel('金额').fill('200.00');
  await page.getByLabel('支付宝扫码').check();
  await page.getByRole('button', { name: '下一步' }).click();
  check('what will happen is said first', (await page.locator('.effect').innerText()).includes('¥200.00'));
  await page.getByRole('button', { name: /支付/ }).click();
  check('there is a code to scan', await page.locator('svg.qr').count() === 1);
  await page.getByRole('button', { name: '模拟付款' }).click();
  check('it is on the balance', (await page.locator('.done').innerText()).includes('款项已到账') && await cash() > before + 100);
  await page.context().close();
}

// The refill, switched and read back; a code that is none.
{
  const page = await visitor();
  await go(page, `${customer}/payment`);
  const box = page.getByLabel('Switched on');
  const was = await box.isChecked();
  await box.setChecked(!was);
  await page.locator('#refill').getByRole('button', { name: 'Save' }).click();
  check('the refill is switched', await page.getByLabel('Switched on').isChecked() === !was);
  await go(page, `${customer}/credits`);
  await page.getByLabel('Code').fill('NO-SUCH-CODE');
  await page.getByRole('button', { name: 'Redeem' }).click();
  check('a wrong code is told beside its field', await page.locator('.error').count() === 1 && await page.getByLabel('Code').inputValue() === 'NO-SUCH-CODE');
  await page.context().close();
}

// A bill: its paper, its PDF, an objection.
{
  const billed = await first('aicloud', '/bills?kind=bill', page => page.locator('tbody th a').count());
  const page = await visitor();
  await go(page, `${billed}/bills?kind=bill`);
  await page.locator('tbody th a').first().click();
  check('a bill looks like its paper', await page.locator('.paper').count() === 1);
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'PDF' }).click()]);
  check('its PDF is one', fs.readFileSync(await file.path()).subarray(0, 5).toString() === '%PDF-');
  await page.getByLabel('What is wrong').fill('The second line is not ours.');
  await page.getByRole('button', { name: 'Raise the objection' }).click();
  check('an objection is raised', (await page.locator('main').innerText()).includes('being looked into'));
  await look(billed, [new URL(page.url()).pathname]);
  await page.context().close();
}

await browser.close();
if (wrong.length) {
  console.log(`\n${wrong.length} wrong:\n${wrong.join('\n')}`);
  process.exit(1);
}
