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
  #letters; // of each token; 0 where tokens have no letters
  #vectors;
  #last = Promise.resolve(); // a session runs one batch at a time

  constructor(ort, session, settings, corpus) {
    this.#ort = ort;
    this.#session = session;
    this.#tokenize = tokenizer(settings.tokens);
    this.#empty = settings.tokens.empty;
    this.#letters = settings.tokens.letters ? settings.tokens.letters.longest : 0;
    this.#score = scorer(settings.similarity);
    this.#vectors = corpus && corpus.vectors;
    this.dim = settings.dim;
    this.threshold = settings.threshold;
    this.similarityName = settings.similarity.name;
    this.fingerprint = settings.fingerprint;
    this.texts = corpus && corpus.texts;
  }

  /**
   * The token ids of a text, at least one; where tokens have letters, an array per token, of its id and those of its
   * letters. Throws for a text without a token, unless the encoder was trained for it.
   */
  tokenize(text) {
    if (typeof text !== "string") throw new TypeError(`expected a text, got ${text === null ? "null" : typeof text}`);
    const steps = this.#tokenize(text);
    if (steps.length) return steps;
    if (this.#empty === "unk") return this.#letters ? [[UNKNOWN, ...new Array(this.#letters).fill(0)]] : [UNKNOWN];
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
    const time = Math.max(...batch.map((steps) => steps.length));
    const rows = this.#letters ? [batch.length, time, 1 + this.#letters] : [batch.length, time];
    const width = rows.slice(1).reduce((a, b) => a * b);
    const sequences = new BigInt64Array(batch.length * width);
    batch.forEach((steps, row) => sequences.set(steps.flat().map(BigInt), row * width));
    const lengths = BigInt64Array.from(batch, (steps) => BigInt(steps.length));
    const { vectors } = await this.#session.run({
      sequences: new this.#ort.Tensor("int64", sequences, rows),
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

function sum(a, b, term) {
  let total = 0;
  for (let place = 0; place < a.length; place += 1) total += term(a[place], b[place]);
  return total;
}

const dot = (a, b) => sum(a, b, (x, y) => x * y);
const manhattan = (a, b) => sum(a, b, (x, y) => Math.abs(x - y));
const euclidean = (a, b) => Math.sqrt(sum(a, b, (x, y) => (x - y) ** 2) + 1e-12);
const size = (a) => {
  const squared = dot(a, a);
  return squared > 1e-24 ? Math.sqrt(squared) : 1;
};

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

/**
 * The function from a text to its steps: token ids, or with letters one array per token, of its id and those of its
 * letters. `tokens`: of settings.json.
 */
export function tokenizer(tokens) {
  const ids = new Map(tokens.vocabulary.map((token, id) => [token, id]));
  if (tokens.letters) return spelledWords(tokens, ids);
  const pieces = UNITS[tokens.unit](tokens, ids);
  const normalize = normalizer(tokens);
  return (text) => pieces(normalize(shorten(text))).slice(0, tokens.max_length);
}

function shorten(text) {
  const short = text.length <= LONGEST ? text : [...text].slice(0, LONGEST).join("");
  return short.replace(/\p{Surrogate}/gu, "?"); // half a character
}

function normalizer(tokens) {
  const [form, lowered, marks] = [normalForm(tokens), lowerCase(tokens), accents(tokens)];
  return (text) => {
    const bare = marks ? form(text).replace(marks, "") : form(text);
    return Array.from(bare, lowered).join("").replace(/\p{White_Space}+/gu, " ").replace(/^ | $/g, "");
  };
}

function normalForm({ form, unchanged }) {
  const part = (text) => (form ? text.normalize(form) : text);
  if (!unchanged) return part;
  const keep = new RegExp(`([${unchanged}])`, "u"); // the tokenizer's version of Unicode is older
  return (text) => {
    const parts = text.split(keep);
    return parts.map((own, place) => (place % 2 ? own : part(own))).join("");
  };
}

// letter by letter, as the tokenizer does: the sigma at the end of a word is like every other sigma
const lowerCase = ({ lower }) => (lower ? (letter) => lower[letter] ?? letter : (letter) => letter);

const accents = (tokens) => tokens.accents && new RegExp(tokens.accents, "gu");

const UNITS = {
  char: (_, ids) => (text) => Array.from(text, (letter) => ids.get(letter) ?? UNKNOWN),
  word: words,
  bpe: bytePairs,
};

const inClass = (ranges) =>
  ranges.map(([first, last]) => `\\u{${first.toString(16)}}-\\u{${last.toString(16)}}`).join("");

/** Words between blanks; every mark of punctuation is a word. */
function words({ punctuation }, ids) {
  const marks = inClass(punctuation);
  const piece = new RegExp(`[${marks}]|[^ ${marks}]+`, "gu");
  return (text) => (text.match(piece) ?? []).map((word) => ids.get(word) ?? UNKNOWN);
}

// --- words with their letters as written -------------------------------------------------------------------------------

/** The id of each word, and the ids of its letters as they are written in the text. */
function spelledWords(tokens, ids) {
  const { alphabet, longest, last } = tokens.letters;
  const letterIds = new Map(Array.from(alphabet, (letter, place) => [letter, place + 2]));
  const find = wordFinder(tokens);
  const spell = (word) => {
    const letters = Array.from(word.toLowerCase().normalize("NFC"));
    const kept = letters.length <= longest ? letters : [...letters.slice(0, longest - last), ...letters.slice(-last)];
    return Array.from({ length: longest }, (_, place) => (place < kept.length ? letterIds.get(kept[place]) ?? UNKNOWN : 0));
  };
  return (text) => {
    const letters = Array.from(shorten(text));
    const found = find(letters);
    return found.slice(0, tokens.max_length).map(({ word, start, end }, place) => {
      const until = Math.max(end, place + 1 < found.length ? found[place + 1].start : letters.length);
      const written = letters.slice(start, until).join("").replace(/^[\p{White_Space}\x1c-\x1f]+|[\p{White_Space}\x1c-\x1f]+$/gu, "");
      return [ids.get(word) ?? UNKNOWN, ...spell(written)];
    });
  };
}

/** The function from the letters of a text to its words in normal form, each with its first letter and the one after. */
function wordFinder(tokens) {
  const [lowered, marks] = [lowerCase(tokens), accents(tokens)];
  const isMark = new RegExp(`^[${inClass(tokens.punctuation)}]$`, "u");
  const isBlank = /^\p{White_Space}$/u;
  const place = placed(normalForm(tokens));
  return (letters) => {
    const found = [];
    let word = null; // the word that the next letter continues
    for (const { letter, start, end } of place(letters)) {
      if (marks && letter.replace(marks, "") === "") continue;
      for (const low of Array.from(lowered(letter))) {
        if (isBlank.test(low)) word = null;
        else if (isMark.test(low) || !word) found.push((word = { word: low, start, end }));
        else Object.assign(word, { word: word.word + low, end });
        if (isMark.test(low)) word = null;
      }
    }
    return found;
  };
}

/** The function from letters to the letters of their normal form, each with the places of those it came from. */
function placed(form) {
  const isDependent = (chunk, letter) =>
    letter > "\x7f" && (/^\p{M}$/u.test(letter) || (chunk.length < 8 && form(chunk + letter) !== form(chunk) + form(letter)));
  return function* (letters) {
    for (let start = 0, end = 1; start < letters.length; start = end, end += 1) {
      let chunk = letters[start];
      while (end < letters.length && isDependent(chunk, letters[end])) chunk += letters[end++];
      yield* placedChunk(form, letters, start, end);
    }
  };
}

/** The same for letters that belong together. Where none of them changed another, each has a place of its own. */
function* placedChunk(form, letters, start, end) {
  const whole = form(letters.slice(start, end).join(""));
  const alone = letters.slice(start, end).map(form);
  const split = whole === alone.join("");
  const [first, rest] = [alone[0], form(letters.slice(start + 1, end).join(""))];
  const cuts = split ? alone.map((part, at) => [part, start + at, start + at + 1]) : [[whole, start, end]];
  const found = !split && first + rest === whole ? [[first, start, start + 1], [rest, start + 1, end]] : cuts;
  for (const [part, from, to] of found) for (const letter of part) yield { letter, start: from, end: to };
}

// --- byte pairs ----------------------------------------------------------------------------------------------------------

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
