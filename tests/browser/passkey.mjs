// A reviewer registers a passkey of Chromium's virtual authenticator and signs a decision with it; without it she does not sign.
//
//     node passkey.mjs URL ACCOUNTS.json
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { press } from "./acting.mjs";

const [at, accountsFile] = process.argv.slice(2);
// Browsers bind passkeys to host names.
const url = at.replace("127.0.0.1", "localhost");
const accounts = JSON.parse(readFileSync(accountsFile, "utf8"));
const of = (role) => accounts.find((account) => account.role === role);
const faults = [];

async function signIn(browser, role) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => message.type() === "error" && !message.text().startsWith("Failed to load resource") && faults.push(message.text()));
  await page.goto(`${url}/`);
  await page.getByLabel(/user name/i).fill(of(role).user_name);
  await page.getByLabel(/password/i).fill(of(role).password);
  await press(page, page.getByRole("button", { name: "Sign in" }));
  return page;
}

// Sends something to the API as the page's session.
const api = (page, method, path, body) =>
  page.evaluate(
    async ([method, path, body]) => {
      const { form_token } = await (await fetch("/api/v1/session")).json();
      const headers = { "content-type": "application/json", "x-form-token": form_token };
      const answer = await fetch(`/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
      const text = await answer.text();
      return { status: answer.status, said: text ? JSON.parse(text) : null };
    },
    [method, path, body],
  );

function expect(what, found) {
  if (!found) throw new Error(`${what}\n${faults.join("\n")}`);
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const qa = await signIn(browser, "qa");
// The pages of who has no passkey load no script and connect to nothing; the API's own page may.
await qa.goto(`${url}/api/docs/`);
const alerts = (await api(qa, "GET", "/alerts")).said;
let id;
for (const one of alerts.map((alert) => alert.id ?? alert.episode.id)) {
  await api(qa, "POST", `/alerts/${one}/acknowledgement`, { severity: "minor", comment: "seen" });
  const drafted = await api(qa, "POST", `/alerts/${one}/decision`, { code: "no_action", rationale: "a known change of the form" });
  if (drafted.status === 201) id ??= one;
}
expect("no alert can be decided", id);

const page = await signIn(browser, "reviewer");
const devtools = await page.context().newCDPSession(page);
await devtools.send("WebAuthn.enable");
const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
  options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
});
await page.goto(`${url}/account/passkeys`);
await page.getByLabel("What you call it").fill("virtual key");
await page.getByLabel("Your password, again").fill(of("reviewer").password);
await page.getByRole("button", { name: "Register" }).click();
await page.waitForURL(/done=registered/, { timeout: 20000 }).catch(async () => expect(`not registered: ${await page.locator("main").innerText()}`, false));
expect("the passkey is listed", (await page.locator("main").innerText()).includes("virtual key"));

const sheet = `${url}/alerts/${id}/signature`;
const fill = async () => {
  await page.goto(sheet);
  await page.getByLabel("Your user name").fill(of("reviewer").user_name);
  await page.getByLabel("Your password, again").fill(of("reviewer").password);
};
// Somebody without her finger does not sign.
await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
await fill();
await page.getByRole("button", { name: "Sign the decision" }).click();
await page.getByText("It did not confirm").waitFor({ timeout: 60000 });
expect("nothing is signed", !(await page.locator("main").innerText()).includes("Signed electronically"));
await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });
await fill();
await page.getByRole("button", { name: "Sign the decision" }).click();
await page.waitForURL(/done=signed/, { timeout: 20000 }).catch(async () => expect(`not signed: ${await page.locator("main").innerText()}`, false));
await page.goto(sheet);
expect("the manifestation is shown", (await page.locator("main").innerText()).includes("Signed electronically by"));
expect("no script error", faults.length === 0);
await browser.close();
console.log("passkey: registered with Chromium's virtual authenticator, refused without its owner, signed a decision");
