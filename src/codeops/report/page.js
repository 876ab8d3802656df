
"use strict";
// Sorts and filters the table of routes. Without it the page holds the same, in the order of money.
(function () {
  const table = document.querySelector("table.routes");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);

  const key = (row, column, isNumber) => {
    const cell = row.cells[column];
    if (!isNumber) return cell.textContent.trim().toLowerCase();
    return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
  };
  const sort = (head, column) => {
    const isNumber = head.dataset.kind === "number";
    const first = isNumber ? "descending" : "ascending";
    const second = isNumber ? "ascending" : "descending";
    const direction = head.getAttribute("aria-sort") === first ? second : first;
    table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    const ordered = rows.slice().sort((one, other) => {
      const a = key(one, column, isNumber);
      const b = key(other, column, isNumber);
      if (a === null || b === null) return (a === null) - (b === null); // what is not known stays last
      return (a < b ? -1 : a > b ? 1 : 0) * sign;
    });
    body.append(...ordered);
    const caption = table.caption;
    if (caption) caption.textContent = "By " + head.textContent.trim() + ", " + direction + ".";
  };
  table.querySelectorAll("thead th[data-kind]").forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sort(head, column));
    head.replaceChildren(button);
  });

  const tools = document.createElement("div");
  tools.className = "tools";
  const search = document.createElement("input");
  search.type = "search";
  search.placeholder = "Filter routes and notes";
  search.setAttribute("aria-label", "Filter routes and notes");
  const verdicts = document.createElement("select");
  verdicts.setAttribute("aria-label", "Verdict");
  const present = ["fail", "inconclusive", "pass"].filter((word) => rows.some((row) => row.dataset.verdict === word));
  ["", ...present].forEach((word) => verdicts.add(new Option(word || "all verdicts", word)));
  const count = document.createElement("span");
  count.className = "quiet";
  count.setAttribute("role", "status");
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row) => {
      const text = row.textContent.toLowerCase();
      const matches = (!verdicts.value || row.dataset.verdict === verdicts.value) && words.every((word) => text.includes(word));
      row.hidden = !matches;
      shown += matches ? 1 : 0;
    });
    count.textContent = shown + " of " + rows.length + " shown";
  };
  search.addEventListener("input", filter);
  verdicts.addEventListener("change", filter);
  tools.append(search, verdicts, count);
  table.parentElement.before(tools);
  filter();
})();
