// Sentences come translated with the page, in <meta name="words" data-...>.
const words = document.querySelector('meta[name="words"]')?.dataset ?? {};

export function word(name, number = "") {
  return (words[name] ?? "").replace("{n}", number);
}
