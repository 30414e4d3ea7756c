"""The table of presets and sources: what the source's own code says, by the preset's name."""

from tests.sources import (
    generative_deep_learning,
    keras_documents,
    other_documents,
    wgan_gp_code,
    wgan_gp_residual,
)
from tests.sources.notation import Row

ROWS: dict[str, Row] = {
    **keras_documents.ROWS,
    **generative_deep_learning.ROWS,
    **wgan_gp_code.ROWS,
    **wgan_gp_residual.ROWS,
    **other_documents.ROWS,
}
