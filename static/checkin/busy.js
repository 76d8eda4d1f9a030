// A pressed button shows it at once, and pressing it again while its answer is on the way does nothing. Nor does another
// button of the page, whose answer would find another page than the one it was pressed on; all of them stand back meanwhile.
// They stay enabled for the browser, so that the focus stays.
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

function hasToWait(form) {
  const page = form.closest("main") ?? form;
  return [...sending.keys()].some((other) => page.contains(other));
}

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (form.method === "get") return;
    if (hasToWait(form)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else {
      begin(form, event.submitter);
    }
  },
  true,
);

document.addEventListener("htmx:finally:request", (event) => end(event.target));

window.addEventListener("pageshow", () => [...sending.keys()].forEach(end));
