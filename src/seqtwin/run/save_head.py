"""What is saved of a learner beside its encoder: the head, and what its answers mean."""

from seqtwin.config import RunConfig
from seqtwin.data.batches import DecodeStore
from seqtwin.lookup import Spec, split_spec
from seqtwin.model.heads import Learner
from seqtwin.model.siamese import Siamese
from seqtwin.run.prepared import PreparedExamples, Ready
from seqtwin.store import SavedHead


def saved_head(learner: Siamese | Learner, prepared: Ready, config: RunConfig) -> SavedHead | None:
    """The head of a learner with the names of its classes or its tokens; None for pairs."""
    if not isinstance(learner, Learner) or not isinstance(prepared, PreparedExamples):
        return None
    spec = head_spec(config, prepared)
    return SavedHead(learner.head, spec, prepared.told, prepared.classes, prepared.written)


def head_spec(config: RunConfig, prepared: PreparedExamples) -> Spec:
    """The objective of a config; a decoder is told when to stop: after 2 x the longest training text + 10 tokens."""
    name, options = split_spec(config.objective)
    train = prepared.stores["train"]
    if not isinstance(train, DecodeStore) or options.get("longest") is not None:
        return config.objective
    most = int(train.written.lengths.max()) - 1  # the end is none of its tokens
    return {"name": name, **options, "longest": 2 * most + 10}
