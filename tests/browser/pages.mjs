// Every page as every role, in a real browser: no server fault, no script or policy error, no serious finding of axe-core in light and
// dark, nothing wider than a narrow screen. Then one signature by keyboard alone, and one without scripts.
//
//     node pages.mjs URL ACCOUNTS.json [FOLDER_FOR_PICTURES] [ADDRESSES.json: these pages and no others]
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { press } from "./acting.mjs";

const [url, accountsFile, pictures, addressesFile] = process.argv.slice(2);
const accounts = JSON.parse(readFileSync(accountsFile, "utf8"));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const EACH = 2; // addresses visited of one kind
const SIGNERS = ["qa", "process_expert"]; // who sees most of single pages
const these = addressesFile && JSON.parse(readFileSync(addressesFile, "utf8"));
if (pictures) mkdirSync(pictures, { recursive: true });

const findings = new Set();
let visited = 0;

// The kind of an address: ids, names and numbers left out.
const kind = (address) =>
  address
    .replace(/\?.*/, "?")
    .replace(/\/models\/[^/]+\/versions\/[^/]+/, "/models/M/versions/V")
    .replace(/\/models\/[^/]+/, "/models/M")
    .replace(/\/(batches|reports|drafts|cohorts)\/[^/]+/, "/$1/X")
    .replace(/[a-z]{1,3}-[0-9a-f-]{12,}/g, "ID")
    .replace(/[0-9a-f-]{20,}/g, "ID")
    .replace(/\d+/g, "N");

async function signIn(page, { user_name, password }) {
  await page.goto(`${url}/`);
  await page.getByLabel(/user name/i).fill(user_name);
  await page.getByLabel(/password/i).fill(password);
  await press(page, page.getByRole("button", { name: /sign in/i }));
}

// What axe-core holds against the page as it is shown now.
async function serious(page) {
  await page.evaluate(axe);
  const result = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return result.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 160)}`);
}

async function visit(page, address, role) {
  const response = await page.goto(url + address);
  const status = response.status();
  visited += 1;
  const say = (text) => findings.add(`${kind(address)} (${role}): ${text}`);
  if (status >= 500) say(`status ${status}`);
  if (status === 404) say(`a link leads nowhere: ${address}`);
  if (!(response.headers()["content-type"] ?? "").startsWith("text/html")) return [];
  if (!(await page.title())) say("no title");
  if ((await page.locator("h1").count()) !== 1) say(`${await page.locator("h1").count()} main headings`);
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const finding of await serious(page)) say(`${scheme}: ${finding}`);
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      if (wide > width) say(`${wide} px wide on a screen of ${width} px`);
      if (pictures) {
        const name = `${role}${kind(address).replace(/[/?]+/g, "_")}-${scheme}-${width}.png`;
        await page.screenshot({ path: `${pictures}/${name}`, fullPage: true });
      }
    }
    await page.setViewportSize({ width: 1280, height: 900 });
  }
  return page.evaluate(() =>
    [...document.querySelectorAll("a[href]")]
      .filter((link) => link.origin === location.origin && !link.hasAttribute("download"))
      .map((link) => link.pathname + link.search),
  );
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const seenAnywhere = new Set();
for (const account of these ? accounts.filter(({ role }) => SIGNERS.includes(role)) : accounts) {
  const context = await browser.newContext();
  const page = await context.newPage();
  let at = "/";
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of (403|404|409)/.test(message.text())) findings.add(`${kind(at)} (${account.role}): console: ${message.text()}`);
  });
  page.on("pageerror", (error) => findings.add(`${kind(at)} (${account.role}): script: ${error.message}`));
  await signIn(page, account);
  const kinds = new Map();
  const waiting = these ? [...these] : ["/", ...seenAnywhere];
  const seen = new Set(waiting);
  while (waiting.length > 0) {
    at = waiting.shift();
    const of = kind(at);
    kinds.set(of, (kinds.get(of) ?? 0) + 1);
    if (kinds.get(of) > EACH || /^\/(api|log)\//.test(at)) continue;
    let links = [];
    try {
      links = await visit(page, at, account.role);
    } catch (error) {
      if (!/Download is starting|ERR_ABORTED/.test(error.message)) throw error;
    }
    for (const link of these ? [] : links.filter((link) => !seen.has(link))) {
      seen.add(link);
      waiting.push(link);
      if (!kinds.has(kind(link))) seenAnywhere.add(link);
    }
  }
  console.log(`${account.role}: ${kinds.size} kinds of page`);
  await context.close();
}
await browser.close();
console.log(`${visited} pages visited`);
for (const finding of findings) console.log(`FOUND ${finding}`);
process.exit(findings.size === 0 ? 0 : 1);
