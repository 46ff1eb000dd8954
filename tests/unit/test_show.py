"""Pictures: read, shown, and brought into a network's form."""

import numpy as np
import pytest
from PIL import Image

from lamina.cli import blocks
from lamina.data import pictures
from lamina.errors import ArgumentError, FileFormatError, ShapeError

FORM = {"kind": "picture", "shape": [28, 28], "content": [20, 20], "centre": "mass"}


def page(height, width, box, paper=250, ink=10):
    grey = np.full((height, width), paper, "uint8")
    grey[box] = ink
    return grey


@pytest.mark.parametrize(
    "form", [FORM, FORM | {"shape": [28, 28, 1]}, FORM | {"shape": [784]}, FORM | {"centre": "box"}]
)
def test_size_place_and_polarity_do_not_matter(form):
    expected = pictures.prepare(page(40, 40, np.s_[10:30, 15:25]), form)
    assert expected.shape == tuple(form["shape"])
    square = expected.reshape(28, 28)
    assert (square.max(), square.min()) == (1, 0)
    assert np.flatnonzero(square.max(1)).tolist() == list(range(4, 24))
    assert np.flatnonzero(square.max(0)).tolist() == list(range(9, 19))
    for other in (
        page(80, 80, np.s_[20:60, 30:50]),
        page(40, 40, np.s_[2:22, 3:13]),
        page(40, 40, np.s_[10:30, 15:25], paper=0, ink=255),
        page(90, 60, np.s_[10:30, 15:25], paper=200, ink=90),
    ):
        np.testing.assert_allclose(pictures.prepare(other, form), expected, atol=1e-6)


def test_a_blank_page_has_no_ink():
    noise = np.random.default_rng(0).integers(250, 254, (30, 30)).astype("uint8")
    assert not pictures.prepare(noise, FORM).any()


def test_content_larger_than_the_picture_is_held_within():
    assert pictures.prepare(page(30, 30, np.s_[:, 4:8]), FORM | {"shape": [8, 8], "content": [99, 99]}).shape == (8, 8)


@pytest.mark.parametrize(
    "form",
    [
        None,
        {},
        {"kind": "picture"},
        FORM | {"shape": [28, "28"]},
        FORM | {"shape": [10**9, 3]},
        FORM | {"path": "x"},
        FORM | {"content": [1]},
    ],
)
def test_refuses_what_is_no_form(form):
    with pytest.raises(ArgumentError, match="no form of pictures"):
        pictures.prepare(page(9, 9, np.s_[3:5]), form)


def test_reads_colours_transparency_and_refuses_the_rest(tmp_path):
    Image.new("RGBA", (4, 3), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert (pictures.read(tmp_path / "clear.png") == 255).all()
    Image.new("RGB", (4, 3), (255, 0, 0)).save(tmp_path / "red.jpg")
    assert pictures.read(tmp_path / "red.jpg").shape == (3, 4)
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(FileFormatError, match=r"text\.png is no picture"):
        pictures.read(tmp_path / "text.png")
    (tmp_path / "page.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    with pytest.raises(FileFormatError, match=r"page\.eps is no picture"):
        pictures.read(tmp_path / "page.eps")
    with pytest.raises(FileFormatError, match="there is no such picture"):
        pictures.read(tmp_path / "nothing.png")


def test_refuses_a_picture_that_would_fill_the_memory(tmp_path, monkeypatch):
    Image.new("L", (60, 60)).save(tmp_path / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(FileFormatError, match=r"large\.png is no picture that can be read"):
        pictures.read(tmp_path / "large.png")


@pytest.mark.parametrize(
    "array",
    [
        np.ones((28, 28)),
        np.ones(784),
        np.ones((1, 28, 28)),
        np.ones((28, 28, 1)),
        np.full((28, 28), 255, "uint8"),
        np.ones((28, 28, 3)),
    ],
)
def test_shows_what_stands_for_a_picture(array, monkeypatch):
    shown = []
    monkeypatch.setattr(Image.Image, "show", lambda self: shown.append(self))
    picture = pictures.show(array)
    assert shown == [picture]
    assert picture.size == (280, 280)
    assert picture.getextrema() in ((255, 255), ((255, 255),) * 3)


@pytest.mark.parametrize("array", [np.ones(10), np.ones((2, 28, 28)), np.ones((0, 3)), np.ones((2, 2, 2, 2))])
def test_refuses_to_show_anything_else(array):
    with pytest.raises(ShapeError, match="this is no picture"):
        pictures.show(array)


def test_area_means_keep_the_amount_of_ink(rng):
    picture = rng.random((37, 23)).astype("float32")
    for size in ((8, 8), (28, 20), (50, 60)):
        small = pictures.resized(picture, *size)
        assert small.shape == size
        assert small.mean() == pytest.approx(picture.mean(), rel=1e-5)


def test_blocks_draw_two_pixels_a_letter(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert blocks.picture(np.array([[1.0, 1, 0, 0], [1, 0, 1, 0], [1, 1, 1, 1]])) == ["█▀▄", "▀▀▀▀"]
    assert [blocks.bar(s, 2) for s in (0, 0.5, 1, 2, 1 / 16)] == ["", "█", "██", "██", "▏"]
