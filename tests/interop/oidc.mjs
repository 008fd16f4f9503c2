// People sign in at a packaged identity provider and sign a record after a login anew; an old login, another person and a provider that is
// down are refused. The browser is played by fetch with a cookie jar for each site.
//
//     node oidc.mjs path/to/driftledger
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Provider } from "oidc-provider";

const program = process.argv[2];
const folder = mkdtempSync(join(tmpdir(), "driftledger-oidc-"));
const server = "http://127.0.0.1:18472";
const running = [];
process.on("exit", () => {
  for (const child of running) child.kill();
  rmSync(folder, { recursive: true, force: true });
});

// The provider: any login is taken, and becomes the subject.
const http = createServer().listen(0, "127.0.0.1");
await new Promise((done) => http.once("listening", done));
const issuer = `http://127.0.0.1:${http.address().port}`;
process.removeAllListeners("warning");
const provider = new Provider(issuer, {
  clients: [{
    client_id: "driftledger", client_secret: "a shared secret of the test",
    redirect_uris: [`${server}/sign-in/provider/answer`], id_token_signed_response_alg: "RS256", require_auth_time: true,
  }],
  findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  cookies: { keys: ["one key of the test"] },
});
http.on("request", provider.callback());

const data = join(folder, "demo");
const made = execFileSync(program, ["demo", "--data", data, "--no-serve", "--json"], { encoding: "utf8" });
const accounts = JSON.parse(made.trim().split("\n").at(-1)).accounts;
const password = (name) => accounts.find((account) => account.user_name === name).password;
const secret = join(folder, "secret");
writeFileSync(secret, "a shared secret of the test\n");
running.push(spawn(program, [
  "serve", data, "--listen", "127.0.0.1:18472", "--public-url", server, "--oidc-issuer", issuer,
  "--oidc-client-id", "driftledger", "--oidc-client-secret-file", secret,
], { stdio: "inherit" }));
for (let tried = 0; ; tried += 1) {
  if (await fetch(`${server}/health/live`).then((answer) => answer.ok, () => false)) break;
  assert(tried < 300, "the server does not start");
  await new Promise((done) => setTimeout(done, 200));
}

// A browser: a cookie jar a site, redirects followed by hand.
class Browser {
  jars = new Map();
  jar(url) {
    const { host } = new URL(url);
    if (!this.jars.has(host)) this.jars.set(host, new Map());
    return this.jars.get(host);
  }
  async go(url, options = {}) {
    const jar = this.jar(url);
    const headers = { ...options.headers, cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") };
    const answer = await fetch(url, { ...options, headers, redirect: "manual" });
    for (const set of answer.headers.getSetCookie()) {
      const [pair] = set.split(";");
      const at = pair.indexOf("=");
      if (/max-age=0|expires=thu, 01 jan 1970/i.test(set) || at === pair.length - 1) jar.delete(pair.slice(0, at));
      else jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    const location = answer.headers.get("location");
    if (!location) return { url, status: answer.status, text: await answer.text() };
    return this.go(new URL(location, url).href);
  }
  // Fills in what the provider asks until it sends the browser back: a login, then consent.
  async login(from, subject) {
    let page = await this.go(from);
    let asked = 0;
    while (page.url.startsWith(issuer)) {
      const action = /<form[^>]*action="([^"]+)"/.exec(page.text)?.[1];
      assert(action, page.text);
      const isLogin = page.text.includes('name="login"');
      asked += Number(isLogin);
      const fields = new URLSearchParams(isLogin ? { login: subject, password: "any" } : {});
      for (const [input] of page.text.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
        const part = (name) => new RegExp(`${name}="([^"]*)"`).exec(input)?.[1] ?? "";
        fields.set(part("name"), part("value"));
      }
      // Another person than the one whose session the provider has: that session ends first.
      if (fields.has("xsrf")) fields.set("logout", "yes");
      const body = fields.toString();
      page = await this.go(new URL(action, page.url).href, {
        method: "POST", body, headers: { "content-type": "application/x-www-form-urlencoded" },
      });
    }
    return { ...page, asked };
  }
  async api(method, path, body) {
    const headers = { "content-type": "application/json", "x-form-token": this.token ?? "" };
    const page = await this.go(`${server}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
    const said = page.text ? JSON.parse(page.text) : null;
    this.token = said?.form_token ?? this.token;
    return { status: page.status, said };
  }
}
const byPassword = async (name) => {
  const browser = new Browser();
  const { status } = await browser.api("POST", "/session", { user_name: name, password: password(name) });
  assert.equal(status, 200, name);
  return browser;
};

// Somebody nobody linked is known to the provider and not here.
const stranger = await new Browser().login(`${server}/sign-in/provider`, "rosa-at-work");
assert.equal(stranger.status, 403);
assert.match(stranger.text, /account is linked to/);

// Two people link an account; then its password opens nothing.
const adam = await byPassword("adam");
const link = "/accounts/rosa/identity";
assert.equal((await adam.api("POST", link, { issuer, subject: "rosa-at-work", reason: "SOP 3" })).status, 204);
const quentin = await byPassword("quentin");
assert.equal((await quentin.api("POST", `${link}/answer`, { granted: true, reason: "seen" })).status, 204);
const closed = await new Browser().api("POST", "/session", { user_name: "rosa", password: password("rosa") });
assert.deepEqual([closed.status, closed.said.code], [403, "provider_sign_in"]);

// She signs in at the provider.
const rosa = new Browser();
const entered = await rosa.login(`${server}/sign-in/provider?next=/fleet`, "rosa-at-work");
assert.deepEqual([entered.status, entered.asked], [200, 1], entered.text);
const session = await rosa.api("GET", "/session");
assert.equal(session.said.account.user_name, "rosa");

// A second sign-in asks for nothing, the provider's session is enough; to sign, it asks again.
assert.equal((await rosa.login(`${server}/sign-in/provider`, "rosa-at-work")).asked, 0);
await rosa.api("GET", "/session");
const alerts = (await quentin.api("GET", "/alerts")).said;
let id;
for (const one of alerts.map((alert) => alert.id ?? alert.episode.id)) {
  await quentin.api("POST", `/alerts/${one}/acknowledgement`, { severity: "minor", comment: "seen" });
  const drafted = await quentin.api("POST", `/alerts/${one}/decision`, { code: "no_action", rationale: "a known change of the form" });
  if (drafted.status === 201) id ??= one;
}
assert(id, "no alert can be decided");
const sha256 = (await quentin.api("GET", `/alerts/${id}`)).said.decision.sha256;
const sign = () => rosa.api("POST", `/alerts/${id}/signature`, { decision_sha256: sha256, password: "" });
assert.equal((await sign()).said.code, "fresh_login_needed");
const other = await rosa.login(`${server}/account/fresh-login`, "somebody-else");
assert.equal(other.status, 403, other.text);
assert.equal((await sign()).said.code, "fresh_login_needed");
const proved = await rosa.login(`${server}/account/fresh-login`, "rosa-at-work");
assert.deepEqual([proved.status, proved.asked], [200, 1], "the provider asked anew");
assert.match(proved.text, /You are identified/);
const signed = await sign();
assert.equal(signed.status, 201, JSON.stringify(signed.said));
assert.equal(signed.said.provider.subject, "rosa-at-work");
assert(Math.abs(signed.said.provider.auth_time - Date.now() / 1000) < 60, "auth_time is of this login");
assert.equal(signed.said.method, "new login at the identity provider");
const misuse = (await adam.api("GET", "/misuse-events")).said;
assert.equal(misuse[0].rule, "other_identity");

// A provider that is down is named.
http.close();
http.closeAllConnections();
const down = await new Browser().go(`${server}/sign-in/provider`);
assert.equal(down.status, 424);
assert.match(down.text, /does not answer/);

running[0].kill();
const checked = execFileSync(program, ["check", data], { encoding: "utf8" });
console.log(`identity provider: signed in, logged in anew to sign, refused what must be: ${checked.trim().split("\n").at(-1)}`);
process.exit(0);
