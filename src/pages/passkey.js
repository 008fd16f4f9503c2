// Passkeys, in the browser: registering one on /account/passkeys, and asking it before a form with data-record is sent.
// Everything is decided on the server; what this sends is checked there, and again by whoever verifies the records.
"use strict";

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

async function post(path, token, body) {
  const answer = await fetch(`/api/v1/session/passkeys${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-form-token": token },
    body: JSON.stringify(body),
  });
  const said = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Error(said.detail ? `${said.detail}; ${said.hint}` : `status ${answer.status}`);
  return said;
}

async function prove(form) {
  const token = form.elements.form_token.value;
  const about = { record_sha256: form.dataset.record, meaning: form.dataset.meaning };
  const question = await post("/question", token, about);
  if (question.credential_ids.length === 0) return;
  const credential = await navigator.credentials.get({
    publicKey: {
      challenge: bytes(question.challenge),
      rpId: question.rp_id,
      allowCredentials: question.credential_ids.map((id) => ({ type: "public-key", id: bytes(id) })),
      userVerification: "required",
    },
  });
  const { authenticatorData, clientDataJSON, signature } = credential.response;
  const assertion = {
    credential_id: text(credential.rawId),
    authenticator_data: text(authenticatorData),
    client_data_json: text(clientDataJSON),
    signature: text(signature),
  };
  await post("/proof", token, { ...about, assertion });
}

async function register(form) {
  const token = form.elements.form_token.value;
  const options = (await post("", token, { password: form.elements.password?.value ?? "" })).publicKey;
  options.challenge = bytes(options.challenge);
  options.user.id = bytes(options.user.id);
  options.excludeCredentials = (options.excludeCredentials ?? []).map((known) => ({ ...known, id: bytes(known.id) }));
  const made = await navigator.credentials.create({ publicKey: options });
  const credential = {
    id: made.id,
    rawId: text(made.rawId),
    type: made.type,
    response: { attestationObject: text(made.response.attestationObject), clientDataJSON: text(made.response.clientDataJSON) },
    extensions: {},
  };
  await post("/confirmation", token, { name: form.elements.name.value, credential });
  location.assign("/account/passkeys?done=registered");
}

function guard(form, act, then) {
  const status = form.querySelector("[data-passkey-said]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (status) status.textContent = "Waiting for your passkey …";
    try {
      await act(form);
      then(form);
    } catch (error) {
      if (status) status.textContent = `It did not confirm: ${error.message}`;
    }
  });
}

for (const form of document.querySelectorAll("form[data-record]")) guard(form, prove, (sent) => sent.submit());
for (const form of document.querySelectorAll("form[data-passkey-new]")) guard(form, register, () => {});
