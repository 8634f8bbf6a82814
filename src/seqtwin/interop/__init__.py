"""Adapters to other libraries, each imported only when it is used.

- `onnx_graph`: an ONNX graph under construction.
- `onnx_channels`: the channels beside the recurrent network in an ONNX graph.
- `onnx_kernels`: the kernel channel as nodes of an ONNX graph.
- `onnx_lexical`: the lexical channel as nodes of an ONNX graph.
- `onnx`: the ONNX graph of an encoder.
- `onnx_folder`: the folder of an encoder exported to ONNX.
- `web_folder`: the folder of an encoder for web pages and Node.
- `web_tokens`: a tokenizer as data for JavaScript.
- `sentence_transformers`: an encoder as a SentenceTransformer, or as a folder that it loads without seqtwin.
- `modeling_seqtwin`: the first module of such a folder, which contains a copy of the file.
- `wrapped_encoder`: any encoder of texts as one module of sentence-transformers.
- `sklearn`: a scikit-learn estimator that trains an encoder on pairs.
- `mteb`: an encoder as a model of MTEB.
"""
