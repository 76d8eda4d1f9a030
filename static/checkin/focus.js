// After a swap the focus goes where the reader has to look: the first error, the warning, or the top of the new page.
// A page that was loaded whole needs none of this: there the first error carries autofocus.

function firstWrong(root) {
  const wrong = root.querySelector('[aria-invalid="true"]');
  if (!wrong || wrong.matches("input, select, textarea")) return wrong;
  return wrong.querySelector("input:checked") ?? wrong.querySelector("input:not(:disabled)");
}

function place(ctx, main) {
  const asked = main.querySelector("[autofocus]");
  if (ctx.response?.status >= 400) return asked ?? firstWrong(main) ?? main.querySelector('[role="alert"]');
  return asked ?? (document.activeElement === document.body ? main : null);
}

// What stands outside of the part that was swapped follows it: title, skip link, the page that is marked in the header.
function follow(main) {
  if (main.dataset.pageTitle) document.title = main.dataset.pageTitle;
  document.querySelector(".skip")?.setAttribute("href", `#${main.id}`);
  for (const link of document.querySelectorAll(".bar__pages a")) {
    if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

document.addEventListener("htmx:after:swap", (event) => {
  const { ctx } = event.detail;
  const main = document.querySelector("main");
  if (!main) return;
  follow(main);
  if (ctx.request?.method === "POST") place(ctx, main)?.focus();
});
