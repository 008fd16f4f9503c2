// From an open alert to a signature of another person, by keyboard alone and with scripts switched off; then what is printed says what the
// screen says.
//
//     node keyboard.mjs URL ACCOUNTS.json
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [url, accountsFile] = process.argv.slice(2);
const accounts = JSON.parse(readFileSync(accountsFile, "utf8"));
const TABS_MAX = 400;

// Presses Tab until `fits` holds for what has the focus.
async function tabTo(page, what, fits) {
  for (let pressed = 0; pressed < TABS_MAX; pressed += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(fits, what)) return;
  }
  throw new Error(`no way by Tab to ${what} on ${page.url()}`);
}
const named = (name) => document.activeElement?.getAttribute("name") === name;
const saying = (text) => ["A", "BUTTON", "SUMMARY"].includes(document.activeElement?.tagName ?? "") && document.activeElement.textContent.trim() === text;

async function signIn(page, role) {
  const { user_name, password } = accounts.find((account) => account.role === role);
  await page.goto(`${url}/`);
  if (!(await page.evaluate(() => document.activeElement?.getAttribute("name") === "user_name"))) await tabTo(page, "user_name", named);
  await page.keyboard.type(user_name);
  await tabTo(page, "password", named);
  await page.keyboard.type(password);
  await enter(page);
  return password;
}

async function enter(page) {
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
}

async function expectText(page, text) {
  const body = await page.locator("main").innerText();
  if (!body.includes(text)) throw new Error(`${page.url()} does not say "${text}":\n${body.slice(0, 1500)}`);
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const context = await browser.newContext({ javaScriptEnabled: false });
const page = await context.newPage();

await signIn(page, "qa");
await expectText(page, "Waiting for you");
await tabTo(page, "Acknowledge", saying);
await enter(page);
const alert = page.url();
await tabTo(page, "severity", named);
await page.keyboard.press("Space");
await tabTo(page, "comment", named);
await page.keyboard.type("read, and compared with the laboratory's notes");
await tabTo(page, "Acknowledge", saying);
await enter(page);
await expectText(page, "read, and compared with the laboratory's notes");

await tabTo(page, "code", named);
await page.keyboard.press("Space");
await tabTo(page, "rationale", named);
await page.keyboard.type("a known change of the request form");
await tabTo(page, "Draft the decision", saying);
await enter(page);
await expectText(page, "a known change of the request form");
await tabTo(page, "Sign out", saying);
await enter(page);

const password = await signIn(page, "reviewer");
await page.goto(`${alert.replace(/\?.*/, "")}/signature`);
await tabTo(page, "user_name", named);
await page.keyboard.type(accounts.find((account) => account.role === "reviewer").user_name);
await tabTo(page, "password", named);
await page.keyboard.type(password);
await enter(page);
await expectText(page, "Signed electronically by Rosa Reviewer");

const screen = (await page.locator("main .manifestation").first().innerText()).trim();
await page.emulateMedia({ media: "print" });
const shown = page.locator("main .manifestation").first();
const printed = (await shown.innerText()).trim();
if (printed !== screen || !(await shown.isVisible())) throw new Error(`printed "${printed}", on the screen "${screen}"`);
await browser.close();
console.log(`signed by keyboard alone, without scripts: ${screen}`);
