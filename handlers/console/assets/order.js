// Dialogs over the page that they belong to, and the time that is left to pay. Without scripts a dialog is a page of its
// own, and the time is as of the page.
(() => {
  "use strict";

  // A link with data-dialog opens its page's dialog here; what can't be shown here is gone to instead.
  let dialog;
  const open = async (url) => {
    const answer = await fetch(url, { headers: { "HX-Request": "true" } });
    if (!answer.ok || answer.redirected) {
      location.assign(url);
      return;
    }
    if (!dialog) {
      dialog = document.createElement("dialog");
      dialog.setAttribute("aria-labelledby", "dialog-title");
      document.body.append(dialog);
    }
    dialog.innerHTML = await answer.text();
    if (!dialog.open) dialog.showModal();
    count();
  };
  document.addEventListener("click", (e) => {
    if (e.defaultPrevented || e.button || e.ctrlKey || e.metaKey || e.shiftKey) return;
    if (e.target === dialog || (dialog && dialog.contains(e.target) && e.target.closest("[data-close]"))) {
      e.preventDefault();
      dialog.close();
      return;
    }
    const link = e.target.closest("a[data-dialog]");
    if (!link) return;
    e.preventDefault();
    open(link.href);
  });
  // A form that only asks stays in its dialog. One that acts is sent once, however often its button is pressed.
  document.addEventListener("submit", (e) => {
    if (!dialog || !dialog.contains(e.target)) return;
    const form = e.target;
    const asks = ((e.submitter && e.submitter.getAttribute("formmethod")) || form.method) === "get";
    if (asks) {
      e.preventDefault();
      const url = new URL(form.action);
      url.search = new URLSearchParams(new FormData(form)).toString();
      open(url);
    } else if (form.dataset.sent) {
      e.preventDefault();
    } else {
      form.dataset.sent = "yes";
    }
  });

  // A page that is gone back to has not sent anything.
  addEventListener("pageshow", (e) => {
    if (e.persisted && dialog) dialog.close();
  });

  // The time that is left, to the second; when it is over, the page is read again, which says what became of it.
  let ticking;
  const count = () => {
    clearTimeout(ticking);
    let more = false;
    for (const t of document.querySelectorAll("time[data-countdown]")) {
      const left = Math.floor((Date.parse(t.dateTime) - Date.now()) / 1000);
      if (left < 0) {
        if (t.dataset.ticked) setTimeout(() => location.reload(), 1500);
        delete t.dataset.ticked;
        continue;
      }
      t.dataset.ticked = "yes";
      more = true;
      const days = Math.floor(left / 86400);
      const clock = [Math.floor(left / 3600) % 24, Math.floor(left / 60) % 60, left % 60].map((n) => String(n).padStart(2, "0")).join(":");
      t.textContent = (days ? (days === 1 ? t.dataset.one : t.dataset.other).replace("{0}", days) + " " : "") + clock;
    }
    if (more) ticking = setTimeout(count, 1000 - (Date.now() % 1000));
  };
  count();
})();
