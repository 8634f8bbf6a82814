"""Training: the loop, the losses of pairs and of heads, the objectives, and diagnostics of a trained encoder.

- `losses`: LOSSES, the losses of pairs.
- `cross_entropy`: HEAD_LOSSES, the losses of logits.
- `distillation`: DISTIL_LOSSES, the losses of vectors against those of a teacher.
- `fit_lexical`: the frequencies of n-grams that a lexical channel starts from.
- `fit_kernels`: the scaling, dilations, biases and components that a kernel channel starts from.
- `layer_rates`: the learning rate of each parameter.
- `optimizers`: OPTIMIZERS, and SCHEDULES of the learning rate.
- `averaging`: AVERAGES, averages of the weights over the steps.
- `encode_store`: vectors and scores of a whole store.
- `hard_negatives`: different pairs that the current encoder finds.
- `epoch_pairs`: the training pairs of each epoch.
- `recipe`: the settings of a training.
- `ranks`: one training on several processes.
- `processes`: starts these processes, or joins those that torchrun started.
- `run_state`: the state of a training, and its error when it diverges.
- `saved_state`: the state as JSON and tensors, and back.
- `checkpoint`: checkpoints, and the exact continuation from one.
- `clock`: wall time and CPU time by phase.
- `learning_curve`: what is recorded after each epoch, and what follows from it.
- `fit`: the training loop.
- `stacked_states`: the states of many encoders at once, on a GPU.
- `states_of_one_batch`: the states of many encoders for the same batch, on the CPU.
- `fit_stacked`: the training loop for many small encoders at once.
- `evaluate_heads`: the predictions of a head, with every metric of them.
- `diagnostics`: measurements that explain a trained encoder.
"""
