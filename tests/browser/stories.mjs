// The four stories by clicking, with scripts switched off: a data scientist registers a version from its files and sends two months, QA
// reads the alarm and drafts a decision, a reviewer signs it, an inspector takes the evidence. The pack is left for who verifies it.
//
//     node stories.mjs URL ACCOUNTS.json PACK.zip
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { press } from "./acting.mjs";

const [url, accountsFile, pack] = process.argv.slice(2);
const accounts = JSON.parse(readFileSync(accountsFile, "utf8"));
const SAMPLE = "sample_data/thyroid_garvan";
const MODEL = "triage-by-clicking";
const account = (role) => accounts.find((account) => account.role === role);

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

// A page of somebody who has just signed in.
async function as(role) {
  const page = await (await browser.newContext({ javaScriptEnabled: false, acceptDownloads: true })).newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(url);
  await page.getByLabel(/user name/i).fill(account(role).user_name);
  await page.getByLabel(/password/i).fill(account(role).password);
  await press(page, page.getByRole("button", { name: /sign in/i }));
  await expectText(page, "Waiting for you");
  return page;
}

async function expectText(page, text) {
  const body = await page.locator("main").innerText();
  if (!body.includes(text)) throw new Error(`${page.url()} does not say "${text}":\n${body.slice(0, 1500)}`);
}

async function follow(page, name) {
  await press(page, page.getByRole("link", { name }).first());
}

const dana = await as("data_scientist");
await follow(dana, "Models");
await follow(dana, /register a version/i);
const files = dana.locator("section", { has: dana.locator("#files") });
await files.getByLabel("Model", { exact: true }).fill(MODEL);
await files.getByLabel("Version", { exact: true }).fill("1.0.0");
await files.getByLabel("What it is for").fill("does the report need a comment by a physician?");
await files.getByLabel("Training data").setInputFiles(`${SAMPLE}/train.csv`);
await files.getByLabel(/^Reference/).setInputFiles(`${SAMPLE}/reference.csv`);
await files.getByLabel("Files of the model").setInputFiles(`${SAMPLE}/model_trees.json`);
await files.getByLabel(/^Column declaration/).setInputFiles(`${SAMPLE}/schema.json`);
await files.getByLabel(/^Monitoring policy/).setInputFiles(`${SAMPLE}/policy.json`);
await press(dana, files.getByRole("button", { name: "Register it" }));
await expectText(dana, "overlap");
await files.getByLabel("Training data").setInputFiles(`${SAMPLE}/train.csv`);
await files.getByLabel(/^Reference/).setInputFiles(`${SAMPLE}/reference.csv`);
await files.getByLabel("Files of the model").setInputFiles(`${SAMPLE}/model_trees.json`);
await files.getByLabel(/^Column declaration/).setInputFiles(`${SAMPLE}/schema.json`);
await files.getByLabel(/^Monitoring policy/).setInputFiles(`${SAMPLE}/policy.json`);
await files.getByLabel(/^Why training rows/).fill("requests of two patients with the same few measurements");
await press(dana, files.getByRole("button", { name: "Register it" }));
await expectText(dana, MODEL);
const version = new URL(dana.url()).pathname;
if (version !== `/models/${MODEL}/versions/1.0.0`) throw new Error(`registering led to ${version}`);
console.log("registered from files; an overlap had to be explained first");

for (const month of ["1985-05", "1985-06"]) {
  await dana.goto(`${url}${version}/send`);
  await dana.getByLabel("Table of one batch").setInputFiles(`${SAMPLE}/batches/${month}.csv`);
  await press(dana, dana.getByRole("button", { name: "Send the batch" }));
  if (!new URL(dana.url()).pathname.startsWith("/reports/")) throw new Error(`sending led to ${dana.url()}`);
}
await expectText(dana, "TSH");
await expectText(dana, "This batch raised the alarm.");
console.log("two months sent; the second one raised the alarm");

const quentin = await as("qa");
await press(quentin, quentin.locator("main li", { hasText: MODEL }).locator("h3 a").first());
if (!new URL(quentin.url()).pathname.startsWith("/alerts/")) throw new Error(`the inbox led to ${quentin.url()}`);
const story = new URL(quentin.url()).pathname;
await quentin.locator('input[name="severity"][value="major"]').check();
await quentin.locator("#comment").fill("TSH below 0.05 appears, the reference has none");
await press(quentin, quentin.getByRole("button", { name: "Acknowledge" }));
await quentin.locator('input[name="code"][value="accept_with_rationale"]').check();
await quentin.locator("#rationale").fill("a more sensitive TSH assay since May");
await press(quentin, quentin.getByRole("button", { name: "Draft the decision" }));
await expectText(quentin, "a more sensitive TSH assay since May");
console.log("acknowledged and decided");

const rosa = await as("reviewer");
await rosa.goto(`${url}${story}/signature`);
await rosa.getByLabel(/user name/i).fill(account("reviewer").user_name);
await rosa.getByLabel(/password/i).fill(account("reviewer").password);
await press(rosa, rosa.getByRole("button", { name: /sign/i }).last());
await expectText(rosa, "Signed electronically by");
console.log((await rosa.locator("main .manifestation").first().innerText()).trim());

const irene = await as("inspector");
await follow(irene, "Evidence");
await irene.getByLabel("Model", { exact: true }).fill(MODEL);
await press(irene, irene.getByRole("button", { name: "Make the pack" }));
while ((await irene.getByRole("link", { name: /^Download/ }).count()) === 0) await follow(irene, "Look again");
const [download] = await Promise.all([irene.waitForEvent("download"), irene.getByRole("link", { name: /^Download/ }).click()]);
await download.saveAs(pack);
await browser.close();
console.log(`evidence taken: ${download.suggestedFilename()}`);
