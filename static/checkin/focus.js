// After a swap the focus goes where the reader has to look: the first error, the warning, or the top of the new page.
// A page that was loaded whole needs none of this: there the first error carries autofocus.

function firstWrong(root) {
  const wrong = root.querySelector('[aria-invalid="true"]');
  if (!wrong || wrong.matches("input, select, textarea")) return wrong;
  return wrong.querySelector("input:checked") ?? wrong.querySelector("input:not(:disabled)");
}

function place(ctx, main) {
  const status = ctx.response?.status;
  if (status === 409) return main.querySelector("#refusal");
  if (status === 422) return main.querySelector("[autofocus]") ?? firstWrong(main) ?? main.querySelector("#refusal");
  return main.querySelector("[autofocus]") ?? (document.activeElement === document.body ? main : null);
}

document.addEventListener("htmx:after:swap", (event) => {
  const { ctx } = event.detail;
  const main = document.querySelector("main");
  if (!main) return;
  if (main.dataset.pageTitle) document.title = main.dataset.pageTitle;
  document.querySelector(".skip")?.setAttribute("href", `#${main.id}`);
  if (ctx.request?.method === "POST") place(ctx, main)?.focus();
});
