// Comfort for every page: copying ids, keyboard, menus. Pages work without it.
(() => {
  "use strict";
  document.addEventListener("click", async (e) => {
    const b = e.target.closest(".copy");
    if (b) {
      await navigator.clipboard.writeText(b.dataset.copy);
      b.classList.add("done");
      b.title = document.body.dataset.copied;
      setTimeout(() => b.classList.remove("done"), 1500);
    }
    for (const d of document.querySelectorAll("details.menu[open]")) if (!d.contains(e.target)) d.open = false;
  });
})();
