"""Random bits are those that the authors of Philox published, wherever they are drawn."""

import jax.numpy as jnp
import numpy as np
import pytest
from draws import bound, compilers

from lamina.graph import Graph, placeholder
from lamina.op import OPS
from lamina.ops.random import philox
from lamina.types import Type

ONES = 0xFFFFFFFF
# Random123 1.14, tests/kat_vectors: philox 4x32, 10 rounds: counter, key, result
PUBLISHED = [
    ([0, 0, 0, 0], [0, 0], [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([ONES] * 4, [ONES] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xA4093822, 0x299F31D0],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


@pytest.mark.parametrize(("counter", "key", "wanted"), PUBLISHED)
@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
def test_philox_gives_the_published_words(counter, key, wanted, xp):
    def words(numbers):
        return [xp.asarray([n], "uint32") for n in numbers]

    assert [int(w[0]) for w in philox(xp, words(counter), words(key))] == wanted


def draw(compile, seed, step, stream, shape):
    inputs = [placeholder(Type("uint32", ())) for _ in range(2)]
    graph = Graph(inputs, [OPS["random_bits"].node(inputs, {"shape": shape, "stream": stream})])
    return compile(bound(graph)).run(np.uint32(seed), np.uint32(step))[0]


@pytest.mark.parametrize("compile", compilers())
def test_element_i_is_word_i_of_its_stream(compile):
    """Element i is word i mod 4 of the block with counter (i div 4, step) and key (seed, stream)."""
    bits = draw(compile, seed=7, step=3, stream=2, shape=(3, 7)).reshape(-1)
    for i, word in enumerate(bits):
        block = philox(
            np, [np.asarray([n], "uint32") for n in (i // 4, 0, 3, 0)], [np.asarray([n], "uint32") for n in (7, 2)]
        )
        assert word == block[i % 4][0], i


@pytest.mark.parametrize("compile", compilers())
def test_the_first_words_are_the_published_ones(compile):
    assert [hex(w) for w in draw(compile, 0, 0, 0, (4,))] == [hex(w) for w in PUBLISHED[0][2]]


@pytest.mark.parametrize("compile", compilers())
def test_streams_steps_and_seeds_differ(compile):
    draws = {draw(compile, *at, (8,)).tobytes() for at in [(1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2)]}
    assert len(draws) == 4
