/** The demo page: searches the texts of the folder, and compares two texts. */

import { open } from "./seqtwin.mjs";

const RUNTIME = "./node_modules/onnxruntime-web/dist/ort.wasm.min.mjs"; // npm install onnxruntime-web
const HITS = 10;
let ready = ""; // the status while nothing is wrong
const [status, search, compare, hits, score] = ["status", "search", "compare", "hits", "score"].map((id) =>
  document.getElementById(id),
);

async function start() {
  let ort;
  try {
    ort = await import(RUNTIME);
  } catch {
    throw new Error("ONNX Runtime is missing. In this folder, run the line of README.md that begins with npm install.");
  }
  ort.env.wasm.numThreads = 1; // more threads need special headers of the server
  return open(ort);
}

/** Calls `answer` for each input; while it runs, only the newest input waits. */
function onInput(form, answer) {
  let busy = false;
  let again = false;
  const run = async () => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    do {
      again = false;
      status.textContent = await answer().then(
        () => ready,
        (error) => error.message,
      );
    } while (again);
    busy = false;
  };
  form.addEventListener("input", run);
  form.addEventListener("submit", (event) => event.preventDefault());
  return run();
}

function row(hit) {
  const item = document.createElement("li");
  for (const text of [hit.text, hit.score.toFixed(4)]) {
    const part = document.createElement("span");
    part.textContent = text;
    item.append(part);
  }
  return item;
}

function showSearch(encoder) {
  const { query } = search.elements;
  search.hidden = false;
  query.value = encoder.texts[0];
  return onInput(search, async () => {
    const found = query.value.trim() ? await encoder.search(query.value, HITS) : [];
    hits.replaceChildren(...found.map(row));
  });
}

function showCompare(encoder) {
  const { left, right } = compare.elements;
  compare.hidden = false;
  return onInput(compare, async () => {
    score.textContent = "";
    if (!left.value.trim() || !right.value.trim()) return;
    const [a, b] = await encoder.encode([left.value, right.value]);
    const value = encoder.similarity(a, b);
    const same = encoder.threshold === null ? "" : encoder.isSame(a, b) ? ": the same" : ": not the same";
    score.textContent = `${encoder.similarityName} ${value.toFixed(4)}${same}`;
  });
}

try {
  const encoder = await start();
  const texts = encoder.texts ? `${encoder.texts.length} texts, ` : "";
  ready = `Ready: ${texts}vectors of ${encoder.dim} numbers. Everything runs in this page.`;
  if (encoder.texts) await showSearch(encoder);
  await showCompare(encoder);
  document.body.dataset.ready = "true";
} catch (error) {
  status.textContent = error.message;
}
