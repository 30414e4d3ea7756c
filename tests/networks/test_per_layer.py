import pytest

from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.networks.per_layer import per_layer


def rates(*entries: float) -> Config:
    return Config(architecture="mlp", mlp_critic_dropout=entries)


def test_one_entry_stands_for_all_layers() -> None:
    assert per_layer(rates(0.25), "mlp_critic_dropout", 3, "layers") == (0.25, 0.25, 0.25)
    assert per_layer(rates(0.25), "mlp_critic_dropout", 0, "layers") == ()


def test_one_entry_a_layer_is_taken_as_it_is() -> None:
    assert per_layer(rates(0.1, 0.2), "mlp_critic_dropout", 2, "layers") == (0.1, 0.2)


@pytest.mark.parametrize("entries", [(), (0.1, 0.2), (0.1, 0.2, 0.3, 0.4)])
def test_other_numbers_of_entries_are_refused(entries: tuple[float, ...]) -> None:
    text = ",".join(map(str, entries))
    with pytest.raises(UserError, match=f"--mlp_critic_dropout={text} .*3 layers of it.* or 3"):
        per_layer(rates(*entries), "mlp_critic_dropout", 3, "layers of it")
