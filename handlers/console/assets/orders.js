// The list of orders: what is chosen is counted and added up, and empty filters stay out of the address.
(() => {
  "use strict";
  const rows = document.querySelector("form.orders-rows");
  const bar = rows?.querySelector(".bulk");
  if (bar) {
    const all = rows.querySelector("[data-all]");
    const boxes = [...rows.querySelectorAll("input[name=order_id]")];
    const told = bar.querySelector("output");
    const help = told.textContent;

    // sum adds exact decimals: digits without their point, which stands at the same place in all of a currency.
    const sum = (chosen) => {
      const sums = new Map();
      for (const b of chosen) {
        const [, part = ""] = b.dataset.amount.split(".");
        const was = sums.get(b.dataset.zero) ?? { n: 0n, digits: part.length };
        sums.set(b.dataset.zero, { n: was.n + BigInt(b.dataset.amount.replace(".", "")), digits: part.length });
      }
      return [...sums].map(([zero, s]) => {
        const digits = s.n.toString().padStart(s.digits + 1, "0");
        const whole = digits.slice(0, digits.length - s.digits).replace(/\B(?=(\d{3})+$)/g, ",");
        return zero.replace("0", whole + (s.digits ? "." + digits.slice(-s.digits) : ""));
      }).join(" + ");
    };
    const show = () => {
      const chosen = boxes.filter((b) => b.checked);
      bar.classList.toggle("chosen", chosen.length > 0);
      told.textContent = chosen.length ? told.dataset.chosen.replace("{0}", chosen.length).replace("{1}", sum(chosen)) : help;
      for (const b of bar.querySelectorAll("button")) b.disabled = !chosen.length;
      all.checked = chosen.length > 0 && chosen.length === boxes.length;
      all.indeterminate = chosen.length > 0 && !all.checked;
    };
    all.addEventListener("change", () => { for (const b of boxes) b.checked = all.checked; show(); });
    rows.addEventListener("change", (e) => { if (e.target.name === "order_id") show(); });
    addEventListener("pageshow", show); // coming back, the browser has the boxes as they were
    show();
  }
  for (const f of document.querySelectorAll("form.orders-filters")) {
    f.addEventListener("submit", () => {
      const empty = [...f.elements].filter((e) => e.name && e.value === "");
      for (const e of empty) e.disabled = true;
      setTimeout(() => { for (const e of empty) e.disabled = false; });
    });
  }
})();
