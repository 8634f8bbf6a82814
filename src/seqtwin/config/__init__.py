"""Configs of runs and studies: checked models, read from YAML files and command-line overrides.

- `augment_section`: the models of changed texts, hard negatives and further files.
- `encoder_section`: the models of the encoder section of a run.
- `fit_section`: the models of the fit section of a run.
- `run`: the models of a run and their JSON schema.
- `study`: the models of a study, and the default grids.
- `idle_options`: options of a run that cannot have an effect.
- `read`: runs and studies from files and overrides.
"""

from seqtwin.config.augment_section import AugmentConfig, HardNegativesConfig, MixConfig
from seqtwin.config.encoder_section import EncoderConfig, LexicalConfig
from seqtwin.config.fit_section import LARGEST_SEED, FitConfig, RatesConfig
from seqtwin.config.read import (
    data_overrides,
    objective_of,
    overridden,
    override_study,
    read_run,
    read_study,
    study_of,
)
from seqtwin.config.run import (
    PATHS,
    DataConfig,
    RunConfig,
    TokensConfig,
    anchored,
    each_path,
    json_schema,
    parse_run,
    paths_of,
    portable,
    vary,
)
from seqtwin.config.study import (
    USUAL_GRID,
    ComparisonConfig,
    PublishedConfig,
    StudyConfig,
    TierName,
    parse_study,
    usual_grid,
)

__all__ = [
    "LARGEST_SEED",
    "PATHS",
    "USUAL_GRID",
    "AugmentConfig",
    "ComparisonConfig",
    "DataConfig",
    "EncoderConfig",
    "FitConfig",
    "HardNegativesConfig",
    "LexicalConfig",
    "MixConfig",
    "PublishedConfig",
    "RatesConfig",
    "RunConfig",
    "StudyConfig",
    "TierName",
    "TokensConfig",
    "anchored",
    "data_overrides",
    "each_path",
    "json_schema",
    "objective_of",
    "overridden",
    "override_study",
    "parse_run",
    "parse_study",
    "paths_of",
    "portable",
    "read_run",
    "read_study",
    "study_of",
    "usual_grid",
    "vary",
]
