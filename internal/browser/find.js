// Finds what a test names, as people find it. how: "css", "name" (of a link or button) or "field" (by its label).
(how, what) => {
  const plain = (s) => (s || "").replace(/\s+/g, " ").trim();
  const seen = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0;
  const name = (e) => plain(e.getAttribute("aria-label") || e.innerText || e.value);
  const fields = () => [...document.querySelectorAll("input:not([type=hidden]), select, textarea")];
  const ways = {
    css: () => [...document.querySelectorAll(what)],
    name: () => [...document.querySelectorAll("a, button, summary, [role=button], [role=tab], input[type=submit], label")].filter((e) => name(e) === what),
    field: () => fields().filter((e) => e.name === what || plain(e.getAttribute("aria-label")) === what ||
      [...(e.labels || [])].some((l) => [plain(l.innerText), plain(l.firstChild && l.firstChild.textContent)].includes(what))),
  };
  // A dialog that is open covers the page: what is in it comes first.
  const open = document.querySelector("dialog[open]:modal");
  const found = ways[how]().filter(seen).sort((a, b) => (open ? open.contains(b) - open.contains(a) : 0));
  return found[0];
}
