// Single keys: / searches, g and a letter goes to a page, j and k walk through rows, n turns the page, ? tells them all.
(() => {
  "use strict";
  const help = document.getElementById("keys");
  document.addEventListener("click", (e) => {
    if (e.target.closest("[data-shortcuts]")) help?.showModal();
    else if (e.target === help) help.close();
  });
  if (document.body.dataset.keys === "off") return;

  const typing = (e) => e.target.closest("input:not([type=checkbox]):not([type=radio]), select, textarea, [contenteditable]");
  const rows = () => [...document.querySelectorAll("main tbody tr")].filter((r) => r.querySelector("a[href]") && r.offsetParent);

  // walk puts the focus on the link of the next row, or the one before, so that Enter opens it.
  const walk = (step) => {
    const all = rows();
    const now = all.findIndex((r) => r.contains(document.activeElement));
    const row = all[now < 0 ? (step > 0 ? 0 : all.length - 1) : now + step];
    const link = row?.querySelector("a[href]");
    link?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
  };

  let gone = 0; // when g was pressed
  const act = {
    "/": () => document.getElementById("find")?.select(),
    "?": () => help?.showModal(),
    j: () => walk(1),
    k: () => walk(-1),
    n: () => document.querySelector("[data-next]")?.click(),
  };
  document.addEventListener("keydown", (e) => {
    if (e.key === "Escape") {
      const menu = document.querySelector("details.menu[open]");
      if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
      else if (e.target.id === "find") e.target.blur();
      return;
    }
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || typing(e) || document.querySelector("dialog[open]")) return;
    if (Date.now() - gone < 1500) {
      gone = 0;
      document.querySelector(`[data-go="${CSS.escape(e.key)}"]`)?.click();
      return;
    }
    if (e.key === "g") { gone = Date.now(); return; }
    if (Object.hasOwn(act, e.key)) { e.preventDefault(); act[e.key](); }
  });
})();
