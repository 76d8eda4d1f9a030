// Whoever was called since the last look glows once; nobody does when the page opens.
const GLOW = 1300;

function called() {
  return new Set([...document.querySelectorAll("#board-rows .is-called")].map((row) => row.id));
}

let known = called();

document.addEventListener("htmx:after:swap", () => {
  const now = called();
  for (const id of now) {
    if (known.has(id)) continue;
    const row = document.getElementById(id);
    row.classList.add("just-called");
    setTimeout(() => row.classList.remove("just-called"), GLOW);
  }
  known = now;
});
