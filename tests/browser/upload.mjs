// Sending a file with scripts on: the page says how much is sent, can be told to stop, shows a refusal without losing what was typed,
// and leads to the report. Nothing is held against the page by its content security policy.
//
//     node upload.mjs URL ACCOUNTS.json
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { press } from "./acting.mjs";

const [url, accountsFile] = process.argv.slice(2);
const accounts = JSON.parse(readFileSync(accountsFile, "utf8"));
const { user_name, password } = accounts.find((account) => account.role === "data_scientist");
const KILOBYTE = 1024;

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage();
const errors = [];
page.on("console", (message) => message.type() === "error" && !/status of 4/.test(message.text()) && errors.push(message.text()));
page.on("pageerror", (error) => errors.push(error.message));
const devtools = await page.context().newCDPSession(page);
const upload = (bytesPerSecond) =>
  devtools.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytesPerSecond });
await devtools.send("Network.enable");

await page.goto(url);
await page.getByLabel(/user name/i).fill(user_name);
await page.getByLabel(/password/i).fill(password);
await press(page, page.getByRole("button", { name: /sign in/i }));
await page.goto(`${url}/models/thyroid-comment-triage/versions/1.0.0/send`);
const send = () => page.getByRole("button", { name: "Send the batch" }).click();
const said = page.locator(".sending [role=status]").first();
const saying = async (what) => {
  await page.waitForFunction((what) => new RegExp(what).test(document.querySelector(".sending [role=status]")?.textContent ?? ""), what.source);
  return said.innerText();
};

// A table that is not as declared, large enough that half of it can be seen to be sent.
const other = { name: "other.csv", mimeType: "text/csv", buffer: Buffer.from("a,b\n" + "1,2\n".repeat(100 * KILOBYTE)) };
await upload(100 * KILOBYTE);
await page.locator("#name").fill("typed by hand");
await page.getByLabel("Table of one batch").setInputFiles(other);
await send();
console.log(await saying(/MB sent \([1-9]\d* %\), about \d+ s left/));
if (await page.getByRole("button", { name: "Send the batch" }).isEnabled()) throw new Error("the form can be sent twice");
await page.getByRole("button", { name: "Stop", exact: true }).first().click();
console.log(await saying(/^Stopped/));

await upload(-1);
await send();
await page.locator("main .notice.refused").waitFor();
console.log((await page.locator("main .notice.refused").innerText()).slice(0, 120));
if ((await page.locator("#name").inputValue()) !== "typed by hand") throw new Error("what was typed is lost");

// The demonstration sent this file with the configuration that is registered: the same file again leads to its report.
await page.locator("#name").fill("");
await page.locator("#configuration").fill(await page.locator("code.digest").first().innerText());
await page.getByLabel("Table of one batch").setInputFiles("sample_data/thyroid_garvan/batches/1985-05.csv");
await send();
await page.waitForURL(/\/reports\//);
await browser.close();
if (errors.length > 0) throw new Error(errors.join("\n"));
console.log("sent, stopped, refused and sent again, with what was typed kept");
