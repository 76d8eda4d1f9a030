// The page's one status line. say() is news that goes away by itself, hold() stays until release().
const SHOWN_FOR = 7000;
const place = document.getElementById("toast");
let held = false;
let timer = 0;

function show(sentence) {
  clearTimeout(timer);
  const line = document.createElement("p");
  line.textContent = sentence;
  place.replaceChildren(line);
}

export function say(sentence) {
  if (!sentence || held) return;
  show(sentence);
  timer = setTimeout(() => place.replaceChildren(), SHOWN_FOR);
}

export function hold(sentence) {
  held = true;
  if (place.textContent !== sentence) show(sentence);
}

export function release() {
  if (!held) return;
  held = false;
  place.replaceChildren();
}

if (place.firstElementChild) timer = setTimeout(() => place.replaceChildren(), SHOWN_FOR);

document.addEventListener("checkin:toast", (event) => say(event.detail.message ?? event.detail.value));
