// What a demonstration has no records of, made over the API, so that the pages about them are visited as well: a proposed policy, drawn
// predictions that two people read, a proposed redaction, a batch and a test run that are marked as invalid. Prints the addresses.
//
//     node records.mjs URL ACCOUNTS.json
import { readFileSync } from "node:fs";

const [url, accountsFile] = process.argv.slice(2);
const accounts = JSON.parse(readFileSync(accountsFile, "utf8"));

// Somebody who is signed in: `ask(METHOD, PATH, BODY)` gives what the server answers.
async function as(role) {
  const { user_name, password } = accounts.find((account) => account.role === role);
  const headers = { "content-type": "application/json" };
  const ask = async (method, path, body) => {
    const response = await fetch(`${url}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${role}: ${method} ${path}: ${response.status} ${text}`);
    const cookie = response.headers.get("set-cookie");
    if (cookie) headers.cookie = cookie.split(";")[0];
    return text ? JSON.parse(text) : {};
  };
  headers["x-form-token"] = (await ask("POST", "/session", { user_name, password })).form_token;
  // What is signed: the sheet first, then its digest and the password again.
  const sign = async (path, sheetPath, said) => {
    const { sheet, sha256 } = await ask("POST", sheetPath, said);
    return { sheet, ...(await ask("POST", path, { ...said, sheet_sha256: sha256, password })) };
  };
  return { ask, sign };
}

const dana = await as("data_scientist");
const quentin = await as("qa");
const rosa = await as("reviewer");
const pavel = await as("process_expert");
const because = "so that the page about it is looked at in a browser";

// The change that the signed decision of the oldest alert accepts: the same limits for another reason.
const { id: decided, model, version } = (await dana.ask("GET", "/alerts")).findLast(({ state }) => state === "decided");
const below = `/models/${model}/versions/${version}`;
const { policy } = (await dana.ask("GET", below)).registration;
const proposed = await dana.ask("POST", `${below}/references`, { alert: decided, rationale: because, policy: { ...policy, rationale: because } });

// Every drawn prediction is to be read twice; one of them was, by two people who differ.
const batches = (await quentin.ask("GET", `${below}/batches?limit=2`)).items;
const plan = { batches: [batches[1].name], purpose: because, allocation: { per_stratum: 2 }, blind_share: 0.5, second_share: 1 };
const { id: sample } = await quentin.ask("POST", `${below}/review-samples`, plan);
for (const [person, answer, most] of [[rosa, "0", 100], [pavel, "1", 1]]) {
  for (let read = 0; read < most; read += 1) {
    const { case: drawn } = await person.ask("POST", `/review-samples/${sample}/next-case`, {});
    if (!drawn) break;
    await person.ask("POST", `/review-samples/${sample}/cases/${drawn.case}/answer`, { answer });
  }
}

const { entry } = (await rosa.ask("GET", `/alerts/${decided}`)).acknowledgement;
const noted = (await rosa.ask("GET", `/ledger/entries/${entry}`)).body.rows.find(({ table }) => table === "acknowledgement");
const rows = [{ table: noted.table, record: noted.key, columns: ["comment"] }];
const asked = { rows, asked_by: "data_subject", request: "a test", ground: "objection", reason: because };
const redaction = await rosa.sign("/redactions", "/redactions/sheet", asked);

const invalid = `${below}/batches/${batches[0].id}/invalidation`;
const { report } = (await quentin.sign(invalid, `${invalid}/sheet`, { reason: because })).sheet;
const [run] = await quentin.ask("GET", `${below}/test-runs`);
await quentin.sign(`/test-runs/${run.id}/invalidation`, `/test-runs/${run.id}/invalidation/sheet`, { reason: because });
console.log(
  JSON.stringify([
    `${below}/references`,
    `/references/${proposed.id}`,
    "/review-samples",
    `/review-samples/${sample}`,
    `/review-samples/${sample}/case`,
    `/review-samples/${sample}/cases/1`,
    `/review-samples/${sample}/cases/2`,
    "/redactions",
    `/redactions/${redaction.id}`,
    `/reports/${report.id}`,
    `/reports/${report.id}/invalidation`,
    `${below}/acceptance`,
    `${below}/test-runs/${run.id}`,
    `/test-runs/${run.id}/invalidation`,
    below,
  ]),
);
