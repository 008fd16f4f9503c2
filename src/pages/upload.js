// Files, in the browser: how much of a form has been sent, how long the rest will take, and a way to stop. Without this script the same
// forms are sent by the browser itself; the server does the same either way.
"use strict";

const megabytes = (bytes) => `${(bytes / 1e6).toLocaleString("en", { maximumFractionDigits: 1, minimumFractionDigits: 1 })} MB`;
const AGAIN = "Send it again: files that were taken already give the same answer, and nothing is taken twice.";

// What stands below the button while a form is sent.
function board(form) {
  const box = document.createElement("div");
  box.className = "sending";
  box.hidden = true;
  const bar = document.createElement("progress");
  bar.max = 100;
  bar.setAttribute("aria-label", "Sent");
  const said = document.createElement("p");
  said.setAttribute("role", "status");
  const stop = document.createElement("button");
  stop.type = "button";
  stop.className = "quiet-button";
  stop.textContent = "Stop";
  box.append(bar, said, stop);
  form.append(box);
  return { box, bar, said, stop };
}

function shown(event, started) {
  const share = event.loaded / event.total;
  const left = Math.ceil(((Date.now() - started) / 1000) * (1 / share - 1));
  const rest = share < 1 && Number.isFinite(left) ? `, about ${left} s left` : "";
  return `${megabytes(event.loaded)} of ${megabytes(event.total)} sent (${Math.floor(share * 100)} %)${rest}`;
}

// Shows the page that the server answered with in place of this one.
function show(html) {
  const answered = new DOMParser().parseFromString(html, "text/html");
  const content = answered.querySelector("main");
  if (!content) return false;
  document.title = answered.title;
  document.querySelector("main").replaceWith(content);
  scrollTo(0, 0);
  enhance();
  return true;
}

function send(form, { box, bar, said, stop }) {
  const request = new XMLHttpRequest();
  const buttons = [...form.querySelectorAll("button")].filter((button) => button !== stop);
  const started = Date.now();
  const stay = (event) => event.preventDefault();
  const over = (text) => {
    removeEventListener("beforeunload", stay);
    for (const button of buttons) button.disabled = false;
    bar.hidden = stop.hidden = true;
    said.textContent = text;
  };
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    bar.value = (100 * event.loaded) / event.total;
    said.textContent = shown(event, started);
  });
  request.upload.addEventListener("load", () => {
    bar.removeAttribute("value");
    said.textContent = "All of it is sent; the server is reading it. Large tables take some seconds.";
  });
  request.addEventListener("load", () => {
    over("");
    const led = new URL(request.responseURL);
    if (request.status < 400 && led.pathname !== new URL(form.action).pathname) location.assign(led);
    else if (!show(request.responseText)) said.textContent = `The server answered with status ${request.status}. ${AGAIN}`;
  });
  request.addEventListener("error", () => over(`The connection broke before the server answered. ${AGAIN}`));
  request.addEventListener("abort", () => over("Stopped. If the server had all of it already, it was taken; look at the version's page."));
  stop.onclick = () => request.abort();
  box.hidden = bar.hidden = stop.hidden = false;
  bar.value = 0;
  said.textContent = "Starting to send …";
  request.open("POST", form.action);
  request.send(new FormData(form));
  for (const button of buttons) button.disabled = true;
  addEventListener("beforeunload", stay);
}

function enhance() {
  for (const form of document.querySelectorAll('form[enctype="multipart/form-data"]')) {
    const parts = board(form);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form, parts);
    });
  }
}

// A file that is dropped beside its field would be opened by the browser, and what was typed would be lost.
for (const kind of ["dragover", "drop"]) {
  addEventListener(kind, (event) => {
    if (!event.target.matches?.("input[type=file]")) event.preventDefault();
  });
}
enhance();
