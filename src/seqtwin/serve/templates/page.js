"use strict";
(() => {
  const facts = JSON.parse(document.getElementById("facts").textContent);
  const { limits, threshold } = facts;
  const find = (id) => document.getElementById(id);
  const make = (tag, name, text) => {
    const made = document.createElement(tag);
    if (name) made.className = name;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  // numbers as in the reports: three decimals, no leading zero, a minus sign instead of a hyphen
  const digits = (value, places = 3) => {
    const shown = Math.abs(value).toFixed(places).replace(/^0\./, ".");
    return Number(value.toFixed(places)) < 0 ? `−${shown}` : shown;
  };
  const pause = (seconds) => new Promise((done) => { setTimeout(done, 1000 * seconds); });

  const key = sessionStorage.getItem("seqtwin-key"); // of a service that needs one: key.js put it there
  const access = key ? { Authorization: `Bearer ${key}` } : {};
  const ask = async (path, body, tries = 5) => {
    let answered;
    try {
      answered = await fetch(path, {
        method: "POST", headers: { "Content-Type": "application/json", ...access }, body: JSON.stringify(body),
      });
    } catch {
      throw new Error("The service does not respond. Is it still running?");
    }
    if (answered.status === 503 && tries > 1) {
      await pause(Number(answered.headers.get("Retry-After") || 1));
      return ask(path, body, tries - 1);
    }
    const found = await answered.json();
    if (!answered.ok) throw new Error([found.error.message, found.error.remedy].filter(Boolean).join(": "));
    return found;
  };

  const fault = (place, error) => place.replaceChildren(make("p", "fault", error.message));

  // --- two texts ---------------------------------------------------------------------------------------------
  const verdict = (score) => {
    const line = make("p", "answer");
    const number = make("b", "", digits(score));
    if (threshold === null) {
      line.append("The score is ", number, ".");
      return [line, make("p", "note", "This encoder has no threshold: fitting one needs dev pairs of both labels.")];
    }
    const same = score >= threshold;
    line.append(make("strong", same ? "" : "no", same ? "The same." : "Different."), " The score ", number,
      same ? " reaches" : " is below", ` the threshold of ${digits(threshold)}.`);
    return [line];
  };

  const scale = (score) => {
    const [low, high] = facts.range;
    const place = (value) => `${100 * Math.min(1, Math.max(0, (value - low) / (high - low)))}%`;
    const drawn = make("div", "scale");
    drawn.setAttribute("aria-hidden", "true");
    drawn.append(make("i", "line"));
    if (threshold !== null) {
      const reach = make("i", "reach"), tick = make("i", "tick"), cut = make("span", "cut", `same if ≥ ${digits(threshold)}`);
      reach.style.left = tick.style.left = cut.style.left = place(threshold);
      drawn.append(reach, tick, cut);
    }
    const mark = make("i", "mark");
    mark.style.left = place(score);
    drawn.append(mark, make("span", "end", digits(low, 0)), make("span", "end last", digits(high, 0)));
    return drawn;
  };

  const parts = (side, name, strongest) => {
    const list = make("ol", "parts");
    list.setAttribute("aria-label", `${name}: each part and its contribution to the score`);
    side.steps.forEach((step, i) => {
      const value = side.contributions[i];
      const flat = value === null || Math.abs(value) < 0.0005;
      const item = make("li", flat ? "" : value > 0 ? "up" : "down");
      const tint = make("span", "tint");
      tint.style.opacity = flat ? 0 : 0.08 + 0.34 * Math.abs(value) / strongest;
      const text = make("b", "", step.trim() === "" ? "␣" : step);
      text.dir = "auto";
      item.append(tint, text, make("i", "", value === null ? "–" : `${value > 0 && !flat ? "+" : ""}${digits(value)}`));
      list.append(item);
    });
    return list;
  };

  const reasons = (found) => {
    const all = [...found.left.contributions, ...found.right.contributions].map(Math.abs);
    const strongest = Math.max(...all, 1e-9);
    find("how").textContent = `Method ${found.method}: ${found.meaning}. A solid border raises the score, a dashed border lowers it.`;
    find("sides").replaceChildren(
      make("h3", "", "One text"), parts(found.left, "One text", strongest),
      make("h3", "", "Another text"), parts(found.right, "Another text", strongest),
    );
    find("why").hidden = false;
  };

  let turn = 0;
  const compare = async () => {
    const mine = ++turn;
    const left = find("left").value, right = find("right").value;
    find("why").hidden = true;
    try {
      const { scores } = await ask("/similarity", { pairs: [[left, right]] });
      if (mine !== turn) return; // replaced by a later request
      if (scores[0] === null) throw new Error("There is no score: one of the two texts is empty.");
      find("verdict").replaceChildren(...verdict(scores[0]), ...(facts.range ? [scale(scores[0])] : []));
    } catch (error) {
      fault(find("verdict"), error);
      return;
    }
    const longest = Math.max([...left].length, [...right].length);
    if (longest > limits.explained) {
      find("verdict").append(make("p", "note", `Contributions are available for texts of up to ${limits.explained} characters.`));
      return;
    }
    try {
      const found = await ask("/explain", { left, right });
      if (mine === turn) reasons(found);
    } catch (error) {
      find("verdict").append(make("p", "note", `Contributions are not available: ${error.message}`));
    }
  };
  const onSubmit = (id, act) => find(id).addEventListener("submit", async (event) => {
    event.preventDefault();
    event.target.setAttribute("aria-busy", "true");
    await act();
    event.target.removeAttribute("aria-busy");
  });
  onSubmit("compare", compare);

  // --- neighbours --------------------------------------------------------------------------------------------
  const grid = (caption, heads, rows) => {
    const box = make("div", "scroll"), table = make("table"), head = table.createTHead().insertRow();
    table.createCaption().textContent = caption;
    heads.forEach(([text, kind]) => { const cell = make("th", kind, text); cell.scope = "col"; head.append(cell); });
    const body = table.createTBody();
    rows.forEach(({ cells, far }) => {
      const row = body.insertRow();
      if (far) row.className = "far";
      cells.forEach((text, i) => { const cell = make("td", heads[i][1], text); cell.dir = heads[i][1] === "text" ? "auto" : ""; row.append(cell); });
    });
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", caption);
    box.append(table);
    return box;
  };

  // for pairs only: by a threshold fitted on balanced pairs, far too many items of a corpus would be the same
  const judged = (score) => (threshold === null ? [] : [score >= threshold ? "same" : "different"]);
  const verdictHead = threshold === null ? [] : [["verdict", ""]];
  const search = async () => {
    try {
      const answer = await ask("/search", { queries: [find("query").value], k: Number(find("k").value) });
      const named = Object.keys(answer.results[0][0]?.metadata ?? {});
      const rows = answer.results[0].map((one, i) => ({
        cells: [i + 1, one.text, one.id, digits(one.score), ...named.map((name) => one.metadata[name] ?? "")],
        far: threshold !== null && one.score < threshold,
      }));
      if (!rows.length) throw new Error("The index is empty.");
      const heads = [["rank", "rank"], ["text", "text"], ["id", ""], ["score", "num"], ...named.map((name) => [name, ""])];
      find("found").replaceChildren(grid(rows.length === 1 ? "The nearest item" : `The ${rows.length} nearest items, best first`, heads, rows));
    } catch (error) {
      fault(find("found"), error);
    }
  };
  if (facts.index) onSubmit("search", search);

  // --- a file ------------------------------------------------------------------------------------------------
  const read = (text) => { // RFC 4180: quoted cells may contain commas, line ends and doubled quotes
    const rows = [];
    let row = [], cell = "", quoted = false, closed = false;
    const endCell = () => { row.push(cell); cell = ""; closed = false; };
    const endRow = () => { endCell(); if (row.length > 1 || row[0] !== "") rows.push(row); row = []; };
    const source = text.replace(/^\uFEFF/, "");
    for (let i = 0; i < source.length; i += 1) {
      const sign = source[i];
      if (quoted) {
        if (sign !== '"') cell += sign;
        else if (source[i + 1] === '"') { cell += '"'; i += 1; } else { quoted = false; closed = true; }
      } else if (sign === '"' && cell === "" && !closed) quoted = true;
      else if (sign === ",") endCell();
      else if (sign === "\n" || sign === "\r") { if (sign === "\r" && source[i + 1] === "\n") i += 1; endRow(); }
      else cell += sign;
    }
    if (quoted) throw new Error("The file has a quote that is never closed.");
    if (cell !== "" || row.length || closed) endRow();
    return rows;
  };

  const safe = (cell) => { // a spreadsheet would run such a cell as a formula
    const text = String(cell);
    const guarded = /^[=+\-@\t\r]/.test(text) && !/^[+-]?[\d.]+(e[+-]?\d+)?$/i.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
  };

  const columns = (head) => {
    const places = ["left", "right"].map((name) => head.findIndex((cell) => cell.trim().toLowerCase() === name));
    if (places.includes(-1)) throw new Error(`Expected the columns left and right, found: ${head.join(", ").slice(0, 200)}`);
    return places;
  };

  const usable = (text) => typeof text === "string" && text.trim() !== "" && !/\p{Surrogate}/u.test(text) && [...text].length <= limits.text;
  const PART = 256; // pairs per request, so that the bar moves
  const batches = (pairs) => { // by count, and by size so that no body is too large
    const found = [];
    let size = Infinity;
    pairs.forEach((pair) => {
      const own = 6 * (pair.left.length + pair.right.length) + 16;
      if (size + own > limits.body / 2 || found.at(-1).length >= Math.min(limits.texts, PART)) { found.push([]); size = 0; }
      found.at(-1).push(pair);
      size += own;
    });
    return found;
  };

  let job = 0, link = null;
  const scoreFile = async (file) => {
    const mine = ++job;
    const box = find("scored"), bar = make("progress");
    box.replaceChildren(bar);
    try {
      const [head, ...rows] = read(await file.text());
      if (!head || !rows.length) throw new Error("The file has no rows.");
      const [a, b] = columns(head);
      const pairs = rows.map((row, i) => ({ row: i, left: row[a], right: row[b] })).filter((p) => usable(p.left) && usable(p.right));
      const scores = new Array(rows.length).fill(null);
      bar.max = rows.length;
      let done = 0;
      for (const batch of batches(pairs)) {
        const found = await ask("/similarity", { pairs: batch.map(({ left, right }) => [left, right]) });
        if (mine !== job) return; // replaced by a later file
        batch.forEach((pair, i) => { scores[pair.row] = found.scores[i]; });
        bar.value = done += batch.length;
      }
      scored(box, file.name, head, rows, scores, [a, b]);
    } catch (error) {
      if (mine === job) fault(box, error);
    }
  };

  const scored = (box, name, head, rows, scores, [a, b]) => {
    const said = (score) => (score === null ? [""] : [String(score)]).concat(threshold === null ? [] : [score === null ? "" : Number(score >= threshold)]);
    const lines = [[...head, "score", ...(threshold === null ? [] : ["same"])],
      ...rows.map((row, i) => [...head.map((_, column) => row[column] ?? ""), ...said(scores[i])])];
    if (link) URL.revokeObjectURL(link);
    link = URL.createObjectURL(new Blob([`${lines.map((line) => line.map(safe).join(",")).join("\n")}\n`], { type: "text/csv" }));
    const button = make("a", "button", "Download the scores");
    button.href = link;
    button.download = name.replace(/(\.csv)?$/i, "-scored.csv");
    const count = scores.filter((score) => score !== null);
    const same = threshold === null ? "" : `, ${count.filter((score) => score >= threshold).length} of them the same`;
    const left = rows.length - count.length;
    const shown = rows.slice(0, 10).map((row, i) => ({
      cells: [row[a] ?? "", row[b] ?? "", scores[i] === null ? "–" : digits(scores[i]), ...(scores[i] === null ? verdictHead.map(() => "–") : judged(scores[i]))],
      far: scores[i] === null || (threshold !== null && scores[i] < threshold),
    }));
    box.replaceChildren(
      make("p", "answer", `${count.length.toLocaleString("en")} ${count.length === 1 ? "pair" : "pairs"} scored${same}.`),
      ...(left ? [make("p", "fault", `${left === 1 ? "1 row has" : `${left} rows have`} no score because a side is empty or too long.`)] : []),
      button, grid(`The first ${shown.length} rows`, [["left", "text"], ["right", "text"], ["score", "num"], ...verdictHead], shown),
    );
  };

  const drop = find("drop"), chooser = find("file");
  chooser.addEventListener("change", () => chooser.files[0] && scoreFile(chooser.files[0]));
  const hover = (on) => (event) => { event.preventDefault(); drop.classList.toggle("over", on); };
  drop.addEventListener("dragover", hover(true));
  drop.addEventListener("dragleave", hover(false));
  drop.addEventListener("drop", (event) => {
    hover(false)(event);
    if (event.dataTransfer.files[0]) scoreFile(event.dataTransfer.files[0]);
  });
  // a file dropped outside the box must not replace the page
  for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
  document.querySelectorAll(".threshold").forEach((place) => { place.textContent = digits(threshold); });
  document.querySelectorAll(".origin").forEach((place) => { place.textContent = location.origin; });
})();
