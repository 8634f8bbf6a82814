/** Runs what a folder for the web exports, on the JSON of standard input; see test_web_folder.py. */

import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const asked = JSON.parse(readFileSync(0, "utf8"));
const answers = await { encoder, tokens, tokenizers }[asked.run](asked);
process.stdout.write(JSON.stringify(answers));

/** The token ids of texts by the tokenizer in the settings of each folder. */
async function tokens({ folders, texts }) {
  const found = [];
  for (const folder of folders) {
    const { tokenizer } = await import(pathToFileURL(`${folder}/seqtwin.mjs`));
    const settings = JSON.parse(await readFile(`${folder}/settings.json`, "utf8"));
    found.push(texts.map(tokenizer(settings.tokens)));
  }
  return found;
}

/** Everything that an encoder gives for texts. `runtime`: onnxruntime-web or onnxruntime-node. */
async function encoder({ runtime, folder, texts, queries, refused }) {
  const ort = await import(runtime);
  if (runtime === "onnxruntime-web") ort.env.wasm.numThreads = 1;
  const { open } = await import(pathToFileURL(`${folder}/seqtwin.mjs`));
  const model = await open(ort);
  const vectors = await model.encode(texts);
  const same = model.threshold === null ? null : vectors.map((vector) => model.isSame(vector, vectors[0]));
  const together = await Promise.all(texts.map((text) => model.encode(text)));
  return {
    vectors: vectors.map((vector) => [...vector]),
    alone: together.map(([vector]) => [...vector]),
    none: await model.encode([]),
    scores: vectors.map((a) => vectors.map((b) => model.similarity(a, b))),
    same,
    threshold: model.threshold,
    hits: model.texts && (await Promise.all(queries.map((query) => model.search(query, 3)))),
    errors: await Promise.all(refused.map((text) => model.encode([text]).then(() => "", (error) => error.message))),
  };
}

/** The token ids of texts by the library of Hugging Face, from the files of an ONNX folder. */
async function tokenizers({ folder, texts }) {
  const { Tokenizer } = await import("@huggingface/tokenizers");
  const files = ["tokenizer.json", "tokenizer_config.json"].map((name) => readFile(`${folder}/${name}`, "utf8"));
  const tokenizer = new Tokenizer(...(await Promise.all(files)).map((text) => JSON.parse(text)));
  return texts.map((text) => tokenizer.encode(text).ids);
}
