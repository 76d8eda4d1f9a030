// Signed out in the middle of a check-in: what was typed waits in this tab while the same person signs in again. It is
// erased when it comes back, when somebody else signs in, on any other page, and after ten minutes.
import { say } from "./toast.js";

const NAME = "checkin:kept";
const AT_MOST = 600000;

function erase() {
  sessionStorage.removeItem(NAME);
}

function keep(form) {
  const person = form.closest("main").dataset.person;
  const fields = [...new FormData(form)].filter(([name]) => name !== "csrf_token");
  sessionStorage.setItem(NAME, JSON.stringify({ person, at: Date.now(), fields }));
}

function fill(form, fields) {
  for (const [name, value] of fields) {
    for (const field of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (field.type === "radio") field.checked = field.checked || (field.value === value && !field.disabled);
      else if (field.type !== "submit") field.value = value;
      if (value && field.closest("details")) field.closest("details").open = true;
    }
  }
}

function look() {
  const kept = JSON.parse(sessionStorage.getItem(NAME));
  if (!kept) return;
  const left = kept.at + AT_MOST - Date.now();
  if (left > 0 && document.querySelector("input[type=password]")) {
    setTimeout(erase, left);
    return;
  }
  erase();
  const main = document.querySelector("main[data-person]");
  if (left <= 0 || main?.dataset.person !== kept.person) return;
  fill(main.querySelector("form"), kept.fields);
  main.querySelector("#checkin-submit").focus();
  say(main.dataset.kept);
}

document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  if (ctx.response.status === 401 && ctx.sourceElement.closest("main[data-person]")) keep(ctx.sourceElement);
});

look();
