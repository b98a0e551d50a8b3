// Comfort for every page: copying ids, menus. Pages work without it.
(() => {
  "use strict";
  document.documentElement.classList.add("js");

  // say tells people who hear the page what has happened.
  const say = (text) => { const s = document.getElementById("said"); if (s) { s.textContent = ""; s.textContent = text; } };

  document.addEventListener("click", async (e) => {
    for (const d of document.querySelectorAll("details.menu[open]")) if (!d.contains(e.target)) d.open = false;
    const b = e.target.closest(".copy");
    if (!b) return;
    try {
      await navigator.clipboard.writeText(b.dataset.copy);
    } catch {
      getSelection().selectAllChildren(b.parentElement.querySelector("code") ?? b.parentElement); // to copy it by hand
      return;
    }
    b.classList.add("done");
    say(document.body.dataset.copied);
    setTimeout(() => b.classList.remove("done"), 1500);
  });
})();
