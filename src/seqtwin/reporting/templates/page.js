"use strict";
(() => {
  const order = new Map();
  // a field whose text says all has no key
  const value = (row, column, numeric) => {
    const cell = row.cells[column], key = cell.dataset.key ?? cell.textContent;
    if (key === "") return null;
    return numeric ? Number(key.replace(/−/g, "-").replace(/[,+]/g, "")) : key;
  };
  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
  const sort = (table, column, down) => {
    const heads = [...table.tHead.rows[0].cells];
    if (!heads[column]) return;
    const numeric = heads[column].classList.contains("num");
    const rows = [...table.tBodies[0].rows].sort((one, two) => {
      const a = value(one, column, numeric), b = value(two, column, numeric);
      if (a === null || b === null) return (a === null) - (b === null);
      return down ? compare(b, a) : compare(a, b);
    });
    table.tBodies[0].append(...rows);
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
    order.set(table.id, `${column}${down ? "d" : "a"}`);
  };
  const remember = () => {
    const parts = [...order].map(([id, place]) => `${id}.${place}`);
    history.replaceState(null, "", `#sort=${parts.join(";")}`);
  };
  document.querySelectorAll("table.data").forEach((table) => table.tHead.addEventListener("click", (event) => {
    const head = event.target.closest("button") && event.target.closest("th");
    if (!head) return;
    const sorted = head.getAttribute("aria-sort");
    sort(table, head.cellIndex, sorted ? sorted === "ascending" : head.classList.contains("num"));
    remember();
  }));
  for (const [, id, column, way] of location.hash.matchAll(/([\w-]+)\.(\d+)([ad])/g)) {
    const table = document.getElementById(id);
    if (table && table.matches("table.data")) sort(table, Number(column), way === "d");
  }
  // a link into a folded part opens it, and all parts around it
  const reveal = (name) => {
    const target = name && document.getElementById(name);
    if (!target) return;
    for (let part = target.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
    target.scrollIntoView();
  };
  const named = () => decodeURIComponent(location.hash.slice(1));
  addEventListener("hashchange", () => reveal(named()));
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && link.hash === location.hash) reveal(named());
  });
  if (order.size) document.getElementById(order.keys().next().value).closest("details").open = true;
  else reveal(named());
  document.querySelectorAll("figure.map").forEach((figure) => {
    const readout = figure.querySelector(".readout");
    const say = (event) => {
      const cell = event.target.closest("[data-summary]");
      if (cell) readout.textContent = cell.dataset.summary;
    };
    figure.addEventListener("focusin", say);
    figure.addEventListener("pointerover", say);
  });
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
})();
