// A pressed button shows it at once, and pressing it again while its answer is on the way does nothing.
// The button stays enabled for the browser, so that it keeps the focus.
const GIVE_UP = 15000;
const sending = new Map();

function buttonOf(form, submitter) {
  if (submitter?.classList.contains("button")) return submitter;
  return form.querySelector(".button--main[type=submit], .button[type=submit]");
}

export function begin(form, submitter) {
  const button = buttonOf(form, submitter);
  button?.setAttribute("aria-busy", "true");
  sending.set(form, { button, submitter, timer: setTimeout(() => end(form), GIVE_UP) });
}

export function end(form) {
  const one = sending.get(form);
  if (!one) return;
  clearTimeout(one.timer);
  one.button?.removeAttribute("aria-busy");
  sending.delete(form);
}

export function isSending(form) {
  return sending.has(form);
}

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (sending.has(form)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else if (form.method !== "get") {
      begin(form, event.submitter);
    }
  },
  true,
);

document.addEventListener("htmx:finally:request", (event) => end(event.target));

window.addEventListener("pageshow", () => [...sending.keys()].forEach(end));
