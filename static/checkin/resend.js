// When the line breaks nothing is lost: what was typed stays, the page says so, and forms marked data-resend go out again
// by themselves. They carry an id or a version, so that a second arrival does nothing.
import { begin, end, isSending } from "./busy.js";
import { hold, release, say } from "./toast.js";
import { word } from "./words.js";

const LONGEST_PAUSE = 8000;
const PATIENCE = 120000;
const waiting = new Map();

function stop(form) {
  clearTimeout(waiting.get(form)?.timer);
  waiting.delete(form);
  if (waiting.size === 0) release();
}

function again(form) {
  const one = waiting.get(form);
  if (!one) return;
  clearTimeout(one.timer);
  if (!form.isConnected) {
    stop(form);
    return;
  }
  end(form);
  form.requestSubmit(one.submitter?.isConnected && one.submitter.form === form ? one.submitter : null);
}

function sendLater(form, submitter, sentence, least = 0) {
  const one = waiting.get(form) ?? { tries: 0, since: Date.now(), submitter };
  if (Date.now() - one.since > PATIENCE) {
    stop(form);
    say(word("givenUp"));
    return;
  }
  const pause = Math.max(Math.min(1000 * 2 ** one.tries, LONGEST_PAUSE), least) * (0.85 + Math.random() * 0.3);
  waiting.set(form, { ...one, tries: one.tries + 1, timer: setTimeout(() => again(form), pause) });
  hold(sentence);
  // The request is over only after this event: show the button as busy again once htmx has tidied up.
  setTimeout(() => waiting.has(form) && !isSending(form) && begin(form, submitter));
}

document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
  const form = ctx?.sourceElement;
  if (!(form instanceof HTMLFormElement) || ctx.response) return;
  if (form.hasAttribute("data-resend")) sendLater(form, ctx.request.submitter, word("offline"));
  else say(word("givenUp"));
});

document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  const form = ctx.sourceElement;
  const { status, headers } = ctx.response;
  if (!(form instanceof HTMLFormElement) || status === 401 || status === 409 || status === 422) return;
  if (status === 503 && form.hasAttribute("data-resend")) {
    sendLater(form, ctx.request.submitter, word("busy"), 1000 * (Number(headers.get("Retry-After")) || 1));
  } else if (!headers.has("HX-Trigger")) {
    say(word(status >= 500 ? "broken" : "refused"));
  }
});

document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  if (ctx.response.status < 500) stop(ctx.sourceElement);
});

window.addEventListener("online", () => [...waiting.keys()].forEach(again));
