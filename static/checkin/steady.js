// A double tap means one thing. What the answer to the first tap brings under the finger is not pressed by the second:
// nobody has read it by then. Once is enough for a mouse and for the keyboard, which are not held off.
const TOO_SOON = 500;
let changedAt = -Infinity;

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.request?.method === "POST") changedAt = performance.now();
});

document.addEventListener(
  "click",
  (event) => {
    const again = event.pointerType === "touch" || event.detail > 1;
    if (!again || performance.now() - changedAt > TOO_SOON || !event.target.closest("a, button, summary")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);
