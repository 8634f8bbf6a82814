/**
 * An encoder of SeqTwin in JavaScript: texts to vectors, scores, and search. For web pages and for Node.
 *
 *     import * as ort from "onnxruntime-node"; // or onnxruntime-web
 *     import { open } from "./seqtwin.mjs";
 *     const encoder = await open(ort);
 *     const [a, b] = await encoder.encode(["Vienna", "Wien"]);
 *     encoder.similarity(a, b);
 */

const LONGEST = 100_000; // characters of a text that are read
const BATCH = 64; // the runtime computes the padding too, which makes large batches slow
const UNKNOWN = 1; // the id of tokens that are not in the vocabulary

/**
 * The encoder in a folder. `ort`: the module onnxruntime-web or onnxruntime-node. `folder`: its URL, by default that of
 * this file.
 */
export async function open(ort, folder = new URL("./", import.meta.url)) {
  const settings = JSON.parse(new TextDecoder().decode(await read(new URL("settings.json", folder))));
  const session = await ort.InferenceSession.create(await read(new URL("model.onnx", folder)));
  let corpus = null;
  if (settings.corpus) {
    const texts = JSON.parse(new TextDecoder().decode(await read(new URL("texts.json", folder))));
    const bytes = await read(new URL("vectors.bin", folder));
    const numbers = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    corpus = { texts, vectors: rowsOf(numbers, texts.length, settings.dim) };
  }
  return new Encoder(ort, session, settings, corpus);
}

/** The bytes at a URL; in Node it may be a file. */
async function read(url) {
  if (url.protocol === "file:") {
    const { readFile } = await import("node:fs/promises");
    return new Uint8Array(await readFile(url));
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

function rowsOf(numbers, rows, width) {
  return Array.from({ length: rows }, (_, row) => numbers.subarray(row * width, (row + 1) * width));
}

/**
 * `dim`: the width of a vector. `threshold`: the score from which two texts count as the same; null if there is none.
 * `texts`: the corpus, null if there is none. `similarityName`, `fingerprint`: as in SeqTwin.
 */
export class Encoder {
  #ort;
  #session;
  #tokenize;
  #score;
  #empty;
  #vectors;
  #last = Promise.resolve(); // a session runs one batch at a time

  constructor(ort, session, settings, corpus) {
    this.#ort = ort;
    this.#session = session;
    this.#tokenize = tokenizer(settings.tokens);
    this.#empty = settings.tokens.empty;
    this.#score = scorer(settings.similarity);
    this.#vectors = corpus && corpus.vectors;
    this.dim = settings.dim;
    this.threshold = settings.threshold;
    this.similarityName = settings.similarity.name;
    this.fingerprint = settings.fingerprint;
    this.texts = corpus && corpus.texts;
  }

  /** The token ids of a text, at least one. Throws for a text without a token, unless the encoder was trained for it. */
  tokenize(text) {
    if (typeof text !== "string") throw new TypeError(`expected a text, got ${text === null ? "null" : typeof text}`);
    const ids = this.#tokenize(text);
    if (ids.length) return ids;
    if (this.#empty === "unk") return [UNKNOWN];
    throw new RangeError(`${JSON.stringify(text.slice(0, 40))} has no token, and this encoder refuses empty texts`);
  }

  /** The vector of each text, a Float32Array of `dim` numbers. Throws as `tokenize`. */
  async encode(texts) {
    const all = (typeof texts === "string" ? [texts] : [...texts]).map((text) => this.tokenize(text));
    const vectors = [];
    for (let start = 0; start < all.length; start += BATCH) {
      vectors.push(...(await this.#run(all.slice(start, start + BATCH))));
    }
    return vectors;
  }

  #run(batch) {
    const run = this.#last.then(() => this.#encodeBatch(batch));
    this.#last = run.catch(() => {});
    return run;
  }

  async #encodeBatch(batch) {
    const width = Math.max(...batch.map((ids) => ids.length));
    const sequences = new BigInt64Array(batch.length * width);
    batch.forEach((ids, row) => ids.forEach((id, place) => (sequences[row * width + place] = BigInt(id))));
    const lengths = BigInt64Array.from(batch, (ids) => BigInt(ids.length));
    const { vectors } = await this.#session.run({
      sequences: new this.#ort.Tensor("int64", sequences, [batch.length, width]),
      lengths: new this.#ort.Tensor("int64", lengths, [batch.length]),
    });
    return rowsOf(vectors.data, batch.length, this.dim).map((row) => row.slice());
  }

  /** The score of two vectors, higher = more similar. */
  similarity(a, b) {
    if (a.length !== this.dim || b.length !== this.dim) throw new RangeError(`expected vectors of ${this.dim} numbers`);
    return this.#score(a, b);
  }

  /** Whether the score of two vectors reaches the threshold. Throws for an encoder without one. */
  isSame(a, b) {
    if (this.threshold === null) throw new Error("this encoder has no threshold: compare the similarity with your own");
    return this.similarity(a, b) >= this.threshold;
  }

  /** The k texts of the corpus that are nearest to a text, best first: [{ text, row, score }]. */
  async search(query, k = 10) {
    if (!this.#vectors) throw new Error("this folder has no texts to search: export it again with --texts FILE");
    const [vector] = await this.encode([query]);
    const hits = this.#vectors.map((own, row) => ({ text: this.texts[row], row, score: this.#score(vector, own) }));
    return hits.sort((a, b) => b.score - a.score || a.row - b.row).slice(0, k);
  }
}

// --- similarities ----------------------------------------------------------------------------------------------------

const sum = (a, b, term) => a.reduce((total, value, place) => total + term(value, b[place]), 0);
const dot = (a, b) => sum(new Float64Array(a), b, (x, y) => x * y);
const manhattan = (a, b) => sum(new Float64Array(a), b, (x, y) => Math.abs(x - y));
const euclidean = (a, b) => Math.sqrt(sum(new Float64Array(a), b, (x, y) => (x - y) ** 2) + 1e-12);
const size = (a) => (dot(a, a) > 1e-24 ? Math.sqrt(dot(a, a)) : 1);

const SIMILARITIES = {
  cosine: () => (a, b) => Math.min(1, Math.max(-1, dot(a, b) / (size(a) * size(b)))),
  dot: () => dot,
  negative_euclidean: () => (a, b) => -euclidean(a, b),
  exp_manhattan: (tau) => (a, b) => Math.exp(-manhattan(a, b) / tau),
  exp_euclidean: (tau) => (a, b) => Math.exp(-euclidean(a, b) / tau),
};

function scorer({ name, tau }) {
  return SIMILARITIES[name](tau);
}

// --- tokens ----------------------------------------------------------------------------------------------------------

/** The function from a text to its ids. `tokens`: of settings.json. */
export function tokenizer(tokens) {
  const ids = new Map(tokens.vocabulary.map((token, id) => [token, id]));
  const pieces = UNITS[tokens.unit](tokens, ids);
  const normalize = normalizer(tokens);
  return (text) => pieces(normalize(shorten(text))).slice(0, tokens.max_length);
}

function shorten(text) {
  const short = text.length <= LONGEST ? text : [...text].slice(0, LONGEST).join("");
  return short.replace(/\p{Surrogate}/gu, "?"); // half a character
}

function normalizer({ form, unchanged, accents, lower }) {
  // letter by letter, as the tokenizer does: the sigma at the end of a word is like every other sigma
  const lowered = (text) => Array.from(text, (letter) => lower[letter] ?? letter).join("");
  const keep = unchanged && new RegExp(`([${unchanged}])`, "u"); // the tokenizer's version of Unicode is older
  const part = (text) => (form ? text.normalize(form) : text);
  const normal = (text) => (keep ? text.split(keep).map((own) => (keep.test(own) ? own : part(own))).join("") : part(text));
  const marks = accents && new RegExp(accents, "gu");
  return (text) => {
    let changed = normal(text);
    if (marks) changed = changed.replace(marks, "");
    if (lower) changed = lowered(changed);
    return changed.replace(/\p{White_Space}+/gu, " ").replace(/^ | $/g, "");
  };
}

const UNITS = {
  char: (_, ids) => (text) => Array.from(text, (letter) => ids.get(letter) ?? UNKNOWN),
  word: words,
  bpe: bytePairs,
};

/** Words between blanks; every mark of punctuation is a word. */
function words({ punctuation }, ids) {
  const marks = punctuation.map(([first, last]) => `\\u{${first.toString(16)}}-\\u{${last.toString(16)}}`).join("");
  const piece = new RegExp(`[${marks}]|[^ ${marks}]+`, "gu");
  return (text) => (text.match(piece) ?? []).map((word) => ids.get(word) ?? UNKNOWN);
}

const PIECES = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+/gu;

/** Byte pairs: the bytes of each piece, merged in the order of the merges that were learned. */
function bytePairs({ merges }, ids) {
  const ranks = new Map(merges.map(([left, right], rank) => [`${left} ${right}`, rank]));
  const letters = byteLetters();
  const bytes = new TextEncoder();
  const known = new Map();
  const merged = (piece) => {
    const symbols = merge(Array.from(bytes.encode(piece), (byte) => letters[byte]), ranks);
    return symbols.map((symbol) => ids.get(symbol) ?? UNKNOWN);
  };
  return (text) =>
    (text.match(PIECES) ?? []).flatMap((piece) => {
      if (!known.has(piece)) {
        if (known.size >= 50_000) known.clear();
        known.set(piece, merged(piece));
      }
      return known.get(piece);
    });
}

/** The letter that stands for each byte in the vocabulary. */
function byteLetters() {
  let next = 256;
  const isShown = (byte) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isShown(byte) ? byte : next++));
}

/** The symbols after all merges: the pair with the lowest rank first, and of equal ones the first. */
function merge(symbols, ranks) {
  const next = symbols.map((_, place) => place + 1);
  const before = symbols.map((_, place) => place - 1);
  const heap = new Heap();
  const offer = (left) => {
    const right = next[left];
    if (left < 0 || right >= symbols.length) return;
    const rank = ranks.get(`${symbols[left]} ${symbols[right]}`);
    if (rank !== undefined) heap.push({ rank, left, right, pair: symbols[left] + symbols[right], length: symbols[left].length });
  };
  symbols.forEach((_, place) => offer(place));
  for (let top = heap.pop(); top; top = heap.pop()) {
    const { left, right, pair, length } = top;
    const outdated = symbols[left] === null || symbols[right] === null || next[left] !== right;
    if (outdated || symbols[left].length !== length || symbols[left] + symbols[right] !== pair) continue;
    symbols[left] = pair;
    symbols[right] = null;
    next[left] = next[right];
    if (next[left] < symbols.length) before[next[left]] = left;
    if (before[left] >= 0) offer(before[left]);
    offer(left);
  }
  return symbols.filter((symbol) => symbol !== null);
}

class Heap {
  #items = [];

  static #isBefore(a, b) {
    return a.rank < b.rank || (a.rank === b.rank && a.left < b.left);
  }

  push(item) {
    const items = this.#items;
    let place = items.push(item) - 1;
    while (place && Heap.#isBefore(item, items[(place - 1) >> 1])) {
      items[place] = items[(place - 1) >> 1];
      place = (place - 1) >> 1;
    }
    items[place] = item;
  }

  pop() {
    const items = this.#items;
    const [top] = items;
    const item = items.pop();
    if (!items.length) return top;
    let place = 0;
    for (let child = 1; child < items.length; child = 2 * place + 1) {
      if (child + 1 < items.length && Heap.#isBefore(items[child + 1], items[child])) child += 1;
      if (!Heap.#isBefore(items[child], item)) break;
      items[place] = items[child];
      place = child;
    }
    items[place] = item;
    return top;
  }
}
