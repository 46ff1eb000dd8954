"""Names, configurations and objects of one family."""

import pytest

from lamina.errors import ArgumentError
from lamina.registry import Registry, custom_object_scope, snake_case

things = Registry("thing")


@things("bx")
class Box:
    def __init__(self, size=1):
        self.size = size

    def get_config(self):
        return {"size": self.size}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


class Own(Box):
    pass


@things()
def twice(x):
    return 2 * x


@pytest.mark.parametrize(
    "identifier", ["Box", "bx", Box, Box(), {"class_name": "Box", "config": {}}, {"class_name": "bx"}]
)
def test_get_makes_the_object(identifier):
    assert things.get(identifier).size == 1


def test_functions_and_none_pass():
    assert things.get("twice") is twice
    assert things.get(twice) is twice
    assert things.get(None) is None


def test_round_trip():
    assert things.serialize(Box(3)) == {"class_name": "Box", "config": {"size": 3}}
    assert things.deserialize(things.serialize(Box(3))).size == 3
    assert things.deserialize(things.serialize(twice)) is twice


def test_custom_objects():
    config = things.serialize(Own(4))
    with pytest.raises(ArgumentError, match="unknown thing 'Own'"):
        things.deserialize(config)
    assert type(things.deserialize(config, {"Own": Own})) is Own
    with custom_object_scope({"Own": Own}):
        assert things.get("Own").size == 1


def test_errors_say_what_was_meant():
    with pytest.raises(ArgumentError, match="did you mean 'twice'"):
        things.get("twise")
    with pytest.raises(ArgumentError, match="names no class"):
        things.get({"config": {}})
    with pytest.raises(ArgumentError, match="this is no thing"):
        things.get(3)


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("MeanSquaredError", "mean_squared_error"),
        ("AUC", "auc"),
        ("SGD", "sgd"),
        ("KLDivergence", "kl_divergence"),
        ("R2Score", "r2_score"),
        ("FBetaScore", "f_beta_score"),
    ],
)
def test_snake_case(name, snake):
    assert snake_case(name) == snake
