// The pictures of the documents, of the pages as the demonstration leaves them.
//
//     node pictures.mjs URL ACCOUNTS.json FOLDER
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [url, accountsFile, folder] = process.argv.slice(2);
const accounts = JSON.parse(readFileSync(accountsFile, "utf8"));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

// Signs in as somebody of the role in a window of this height, and calls `shoot` with the page.
async function as(role, height, shoot) {
  const { user_name, password } = accounts.find((account) => account.role === role);
  const context = await browser.newContext({ viewport: { width: 1200, height } });
  const page = await context.newPage();
  await page.goto(`${url}/`);
  await page.fill('[name="user_name"]', user_name);
  await page.fill('[name="password"]', password);
  await Promise.all([page.waitForNavigation(), page.press('[name="password"]', "Enter")]);
  await shoot(page);
  await context.close();
}

// Follows the first link whose address has this form.
async function follow(page, pattern) {
  const found = await page.$$eval("main a[href]", (links) => links.map((link) => link.getAttribute("href")));
  const wanted = found.find((href) => pattern.test(href));
  if (!wanted) throw new Error(`no link like ${pattern} on ${page.url()}: ${found.join(" ")}`);
  await page.goto(new URL(wanted, url).href);
}

const shot = (page, name) => page.screenshot({ path: `${folder}/${name}.png` });

await as("qa", 900, async (page) => {
  await shot(page, "inbox");
  await page.goto(`${url}/models`);
  await follow(page, /^\/models\/[^/]+\/versions\/[^/]+$/);
  const top = await page.evaluate(() => [...document.querySelectorAll("h2")].find((h) => h.textContent.startsWith("Batches")).offsetTop);
  await page.screenshot({ path: `${folder}/version.png`, fullPage: true, clip: { x: 0, y: top - 20, width: 1200, height: 1300 } });
  await page.click('.heat-map a:text-is("1985-06")');
  await page.screenshot({ path: `${folder}/report.png`, fullPage: true, clip: { x: 0, y: 0, width: 1200, height: 1700 } });
});
await browser.close();
